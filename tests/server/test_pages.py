"""Health, readiness, and what the errors mean."""

import asyncio
import threading

import httpx
import pytest

from oyez.engines.scripted import ScriptedRecognizer
from oyez.errors import EngineNotFoundError, ModelNotInstalledError
from oyez.protocol.error_types import ERROR_TYPES
from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .conftest import Serve
from .wire import KEY, check_error, dial, refusal, rest, start


def http(server: ServerThread, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{server.port}{path}")


def test_a_ready_server(scripted_server: ServerThread) -> None:
    assert http(scripted_server, "/healthz").json() == {"status": "ok"}
    ready = http(scripted_server, "/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "model": "scripted", "streams": 0}


async def test_streams_are_counted(serve: Serve) -> None:
    server = serve()
    async with dial(server.websocket_url) as ws:
        assert http(server, "/readyz").json()["streams"] == 0, "not started yet"
        await ws.send(start())
        await (await ws.ping())
        assert http(server, "/readyz").json()["streams"] == 1
        await ws.send("")
        await rest(ws)
    assert http(server, "/readyz").json()["streams"] == 0


async def test_loading_takes_a_while(
    recognizer: ScriptedRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def load(name: str) -> ScriptedRecognizer:
        assert gate.wait(10)
        return recognizer

    monkeypatch.setattr("oyez.server.app.load_recognizer", load)
    server = ServerThread(Settings(api_key=KEY, port=0, model="scripted"))
    entering = asyncio.create_task(asyncio.to_thread(server.__enter__))
    try:
        assert (await asyncio.to_thread(http, server, "/healthz")).status_code == 200
        page = await asyncio.to_thread(http, server, "/readyz")
        assert (page.status_code, page.json()) == (503, {"status": "loading"})
        async with dial(server.websocket_url) as ws:
            await ws.send(start())
            frame = await refusal(ws)
        assert (frame["error_code"], frame["error_type"]) == (503, "service_unavailable")
        assert "loading its model" in frame["error_message"]
        assert not entering.done(), "whoever starts the server waits until it is ready"
    finally:
        gate.set()
        await entering
    page = await asyncio.to_thread(http, server, "/readyz")
    assert (page.status_code, page.json()["status"]) == (200, "ready")
    await asyncio.to_thread(server.stop)
    assert recognizer.closed


def test_a_model_that_does_not_exist_stops_the_server() -> None:
    server = ServerThread(Settings(api_key=KEY, port=0, model="nonesuch"))
    with pytest.raises(EngineNotFoundError, match="nonesuch"), server:
        pytest.fail("it started")


def test_a_model_that_cannot_be_loaded_stops_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ModelNotInstalledError(name, "Install it.")

    monkeypatch.setattr("oyez.server.app.load_recognizer", fail)
    server = ServerThread(Settings(api_key=KEY, port=0, model="scripted"))
    with pytest.raises(ModelNotInstalledError, match="Install it"), server:
        pytest.fail("it started")


def test_every_error_is_explained(scripted_server: ServerThread) -> None:
    page = http(scripted_server, "/errors")
    assert page.headers["content-type"].startswith("text/html")
    for row in ERROR_TYPES.values():
        assert f'id="{row.anchor}"' in page.text
        assert f"{row.code} {row.name}" in page.text


def test_nothing_else_is_served(scripted_server: ServerThread) -> None:
    for path in ("/transcribe-websocket", "/v1", "/v1/", "/v2/models", "/healthz/", "/.env"):
        page = http(scripted_server, path)
        assert page.status_code == 404
        assert page.json()["error_type"] == "not_found"


async def test_error_frames_link_to_the_page_under_the_name_the_client_used(
    scripted_server: ServerThread,
) -> None:
    async with dial(f"ws://localhost:{scripted_server.port}/") as ws:
        await ws.send("x")
        (frame,) = await rest(ws)
    assert frame["more_info"].startswith(f"http://localhost:{scripted_server.port}/errors#")
    frame["more_info"] = frame["more_info"].replace("localhost", "127.0.0.1")
    check_error(frame)
