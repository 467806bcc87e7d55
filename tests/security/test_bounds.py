"""Whatever is too large, too many or too slow ends itself, and only itself."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from server.rest.conftest import Start, client
from server.wire import END, FOX, KEY, converse, dial, fox_audio, rest, start, text

SPEECH = fox_audio(4_000)
HEAD = "GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\n"
UPGRADE = (
    "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def raw(port: int, *parts: bytes, patience_s: float = 10) -> bytes:
    """Everything that a server says to bytes, until it closes the socket."""
    answer = b""
    connected = socket.create_connection(("127.0.0.1", port), timeout=patience_s)
    with connected as sock, contextlib.suppress(ConnectionError):
        for part in parts:
            sock.sendall(part)
        while piece := sock.recv(65_536):
            answer += piece
    return answer


async def is_served(url: str) -> bool:
    async with asyncio.timeout(20):
        return text(await converse(url, [start(), SPEECH, END])) == FOX


@pytest.mark.parametrize("head", [HEAD, UPGRADE])
@pytest.mark.parametrize("key_is_right", [True, False])
async def test_headers_that_are_too_long_close_the_socket(
    start_server: Start, head: str, key_is_right: bool
) -> None:
    server = start_server()
    key = KEY if key_is_right else "x" * 70_000
    lines = f"authorization: Bearer {key}\r\nx-much: {'y' * 200_000}\r\n\r\n"
    answer = await asyncio.to_thread(raw, server.port, (head + lines).encode())
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert await is_served(server.websocket_url)


async def test_headers_that_are_too_many_close_the_socket(start_server: Start) -> None:
    server = start_server()
    lines = "".join(f"x-{number}: y\r\n" for number in range(20_000))
    answer = await asyncio.to_thread(raw, server.port, (HEAD + lines + "\r\n").encode())
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


async def test_a_start_message_or_key_that_is_too_long(start_server: Start) -> None:
    server = start_server()
    url = server.websocket_url
    (frame,) = await converse(url, [start(context="x" * 300_000)])
    assert frame["error_type"] == "invalid_request"
    (frame,) = await converse(url, [start(api_key="x" * 200_000)], key=None)
    assert frame["error_type"] == "unauthenticated"
    (frame,) = await converse(url, [start(context="x" * 100_000)])
    assert "at most 10000" in frame["error_message"]
    assert await is_served(url)


async def test_a_frame_that_is_too_large_needs_no_key_to_be_refused(start_server: Start) -> None:
    server = start_server(max_message_bytes=200_000)
    async with dial(server.websocket_url, key="wrong") as ws:
        with contextlib.suppress(ConnectionClosed):
            await ws.send(bytes(200_001))
        with pytest.raises(ConnectionClosed):
            await ws.recv()
    assert ws.close_code == 1009
    assert await is_served(server.websocket_url)


@contextlib.contextmanager
def held(port: int, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Sockets that are opened and say no more than this."""
    with contextlib.ExitStack() as stack:
        sockets = []
        for _ in range(count):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            sock.sendall(sent)
            sockets.append(sock)
        yield sockets


async def test_more_sockets_than_there_is_room_for_are_told_so(start_server: Start) -> None:
    server = start_server(max_connections=5, request_timeout_s=1.0)
    with held(server.port, 10, b"GET /"):
        answer = await asyncio.to_thread(raw, server.port, (HEAD + "\r\n").encode())
        assert answer.startswith(b"HTTP/1.1 503 ") or answer == b""
    await asyncio.sleep(0.2)
    assert await is_served(server.websocket_url)


@pytest.mark.parametrize("sent", [b"", b"G", HEAD.encode(), UPGRADE.encode()])
async def test_others_are_served_while_sockets_dawdle(start_server: Start, sent: bytes) -> None:
    server = start_server(request_timeout_s=1.0)
    began_s = time.monotonic()
    with held(server.port, 50, sent) as sockets:
        assert await is_served(server.websocket_url)
        for sock in sockets:
            with contextlib.suppress(ConnectionError):
                while await asyncio.to_thread(sock.recv, 1_024):
                    pass
    assert time.monotonic() - began_s < 19, "they were closed by the server"


def takes(sock: socket.socket, data: bytes) -> bool:
    """Whether a server still takes what is sent."""
    try:
        sock.sendall(data)
    except ConnectionError:
        return False
    return True


async def test_a_handshake_that_trickles_is_closed_in_time(start_server: Start) -> None:
    """The time is for the whole of it: a byte now and then wins nothing."""
    server = start_server(request_timeout_s=1.0)
    began_s = time.monotonic()
    with held(server.port, 1, UPGRADE.encode()) as (sock,):
        while await asyncio.to_thread(takes, sock, b"x"):
            await asyncio.sleep(0.05)
            assert time.monotonic() - began_s < 19
    assert await is_served(server.websocket_url)


async def test_a_request_whose_answer_is_not_read_holds_up_nobody(start_server: Start) -> None:
    server = start_server(request_timeout_s=1.0)
    request = b"GET /v1/docs HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" * 200
    with held(server.port, 5, request):
        assert await is_served(server.websocket_url)
        with client(server) as api:
            assert api.get("/v1/models").status_code == 200


async def test_hostile_neighbours_change_nothing(start_server: Start) -> None:
    """One stream goes on while others send what nobody should."""
    server = start_server()
    url = server.websocket_url
    async with dial(url) as ws:
        await ws.send(start())
        await ws.send(SPEECH[: len(SPEECH) // 2])
        hostile: list[list[str | bytes]] = [
            [start(), b"\0" * 99_999, "{"],
            [start(audio_format="webm"), b"\xff" * 9_999, END],
            ['{"type":"finalize"}'],
            [start(), '{"type":"finalize","trailing_silence_ms":-1}'],
            [start(model="../../etc/passwd")],
            ["[" * 100_000],
            [b"RIFF"],
        ]
        for frames in hostile * 3:
            *_, last = await converse(url, frames)
            assert last["error_code"] == 400
        await ws.send(SPEECH[len(SPEECH) // 2 :])
        await ws.send(END)
        messages = await rest(ws)
    assert text(messages) == FOX
    assert server.hub.stream_count == 0


def test_wrong_keys_one_after_the_other_are_all_refused(start_server: Start) -> None:
    """And the server's own key is served as before."""
    server = start_server()
    with client(server, "wrong") as api:
        statuses = {api.get("/v1/models").status_code for _ in range(20)}
    assert statuses == {401}
    with client(server) as api:
        assert api.get("/v1/models").status_code == 200


def test_an_answer_names_no_software(start_server: Start) -> None:
    answer = httpx.get(f"http://127.0.0.1:{start_server().port}/healthz")
    assert "server" not in answer.headers
