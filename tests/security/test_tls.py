"""TLS: what is served with a certificate, and what is refused without one that can be used."""

import asyncio
import socket
import ssl
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidMessage

from oyez.errors import OyezValidationError
from oyez.server.run import ServerThread, make_server
from oyez.server.settings import Settings
from server.rest.conftest import Start
from server.wire import END, FOX, KEY, dial, fox_audio, rest, say, start, text

HERE = Path(__file__).parent
CERTIFICATE = HERE / "loopback.pem"
"""Of no use but here: its key lies beside it."""
PRIVATE_KEY = HERE / "loopback.key"


@pytest.fixture
def secure(start_server: Start) -> ServerThread:
    return start_server(tls_cert=CERTIFICATE, tls_key=PRIVATE_KEY)


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


async def test_streams_and_requests_travel_encrypted(secure: ServerThread) -> None:
    assert secure.websocket_url.startswith("wss://127.0.0.1:")
    async with dial(secure.websocket_url, ssl=trusting()) as ws:
        await say(ws, [start(), fox_audio(4_000), END])
        assert text(await rest(ws)) == FOX
    with httpx.Client(verify=trusting(), trust_env=False) as api:
        answer = api.get(
            f"https://127.0.0.1:{secure.port}/v1/models",
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert answer.status_code == 200
        refused = api.get(f"https://127.0.0.1:{secure.port}/v1/models").json()
    assert refused["more_info"].startswith("https://")


async def test_nothing_is_said_without_tls(secure: ServerThread) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{secure.port}/healthz", trust_env=False)
    with pytest.raises((InvalidMessage, OSError, EOFError)):
        async with dial(secure.websocket_url.replace("wss", "ws")):
            pytest.fail("it was opened")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_versions_in_use_are_spoken(secure: ServerThread, version: ssl.TLSVersion) -> None:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    plain = socket.create_connection(("127.0.0.1", secure.port), timeout=10)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
        assert wrapped.version() == version.name.replace("_", ".")


def test_older_versions_are_not(secure: ServerThread) -> None:
    server = secure._server.config
    assert server.ssl is not None
    assert server.ssl.minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_a_tls_handshake_that_hangs_holds_up_nobody(secure: ServerThread) -> None:
    sockets = [socket.create_connection(("127.0.0.1", secure.port)) for _ in range(20)]
    try:
        for sock in sockets:
            sock.sendall(b"\x16\x03\x01")
        async with asyncio.timeout(20), dial(secure.websocket_url, ssl=trusting()) as ws:
            await say(ws, [start(), fox_audio(4_000), END])
            assert text(await rest(ws)) == FOX
    finally:
        for sock in sockets:
            sock.close()


@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        (HERE / "nonesuch.pem", None, "No such file"),
        (CERTIFICATE, None, "cannot be used"),
        (CERTIFICATE, HERE / "nonesuch.key", "No such file"),
        (PRIVATE_KEY, CERTIFICATE, "cannot be used"),
        (HERE / "conftest.py", None, "cannot be used"),
        (None, PRIVATE_KEY, "needs its certificate"),
    ],
)
def test_a_certificate_that_cannot_be_used_stops_the_server(
    cert: Path | None, key: Path | None, says: str
) -> None:
    settings = Settings(api_key=KEY, port=0, model="scripted", tls_cert=cert, tls_key=key)
    with pytest.raises(OyezValidationError, match=says):
        make_server(settings)
