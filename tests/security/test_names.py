"""Names that try to be paths, queries or commands are names of nothing."""

import asyncio

import pytest

from oyez.store.base import Store
from server.rest.conftest import Start, client
from server.rest.test_api import window
from server.wire import converse, start

from .test_bounds import raw

PATHS = [
    "/page/../../settings.py",
    "/page/..%2f..%2fsettings.py",
    "/page/%2e%2e/%2e%2e/settings.py",
    "/page/..%5c..%5csettings.py",
    "/page/....//settings.py",
    "/js/../routes.py",
    "/js/..%2froutes.py",
    "/js/%00",
    "/js/oyez.js%00.txt",
    "/page//etc/passwd",
    "//etc/passwd",
    "/etc/passwd",
    "/v1/../settings.py",
    "/v1/models/../../healthz/x",
    "/v1/models%00",
    "/v1/models;x=1",
    "/%",
    "/%zz",
    "/\xe9",
    "/v1/auth/temporary-api-key/../../x",
    "http://evil.example/v1/nothing",
    "*",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(start_server: Start, path: str) -> None:
    server = start_server()
    request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nconnection: close\r\n\r\n"
    answer = raw(server.port, request.encode("latin-1"))
    status = int(answer.split()[1])
    assert 400 <= status < 500, answer
    for leaked in (b"root:", b"import ", b"class Settings", b"Traceback"):
        assert leaked not in answer


NAMES = [
    "' OR 1=1 --",
    "x'; DROP TABLE api_keys; --",
    "%",
    "_",
    "\0",
    "../../oyez.db",
    "\u202e",
    "*",
]


async def test_no_key_or_name_is_a_query(start_server: Start, store: Store) -> None:
    server = start_server()
    now_ms = server.hub.now_ms()
    made = store.create_key("real", now_ms=now_ms)
    for name in NAMES:
        (frame,) = await converse(server.websocket_url, [start(api_key=name)], key=None)
        assert frame["error_type"] == "unauthenticated", name
        (frame,) = await converse(server.websocket_url, [start(model=name)])
        assert frame["error_type"] == "model_not_available", name
        with client(server) as api:
            answer = await asyncio.to_thread(api.get, "/v1/usage-logs", params=window(cursor=name))
            assert answer.json()["error_type"] == "invalid_cursor", name
            made_with = await asyncio.to_thread(
                api.post,
                "/v1/auth/temporary-api-key",
                json={
                    "usage_type": "transcribe_websocket",
                    "expires_in_seconds": 60,
                    "client_reference_id": name,
                },
            )
            assert made_with.status_code in (201, 400), name
    assert [key.name for key in store.list_keys()] == ["real"]
    assert store.find_key(made.secret, now_ms=now_ms) == made.key


@pytest.mark.parametrize("reference", ["\0", "a\0b", "\ud800", "'; --", "\n\r\x1b[2J", "é" * 256])
async def test_a_reference_may_be_anything_and_stays_a_reference(
    start_server: Start, store: Store, reference: str
) -> None:
    from server.rest.conftest import eventually
    from server.wire import END, FOX, fox_audio, text

    server = start_server()
    opening = start(client_reference_id=reference)
    messages = await converse(server.websocket_url, [opening, fox_audio(4_000), END])
    if messages[-1].get("error_code"):
        assert messages[-1]["error_type"] == "invalid_request"
        return
    assert text(messages) == FOX
    with client(server) as api:
        (entry,) = await asyncio.to_thread(
            eventually,
            lambda: api.get("/v1/usage-logs", params=window()).json()["usage_logs"],
            len,
        )
    assert len(entry["client_reference_id"]) == len(reference)
    assert "\0" not in entry["client_reference_id"]
