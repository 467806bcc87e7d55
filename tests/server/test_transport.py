"""Frames that no library would send."""

import asyncio
import logging
import socket

import pytest
from websockets.frames import Frame, Opcode

from oyez.server.run import ServerThread

from .conftest import Serve
from .wire import END, FOX, KEY, dial, fox_audio, rest, say, start, text


def answer_to(server: ServerThread, *frames: Frame) -> bytes:
    """Shake hands, send frames, and return what the server's socket says until it is closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n"
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += raw.recv(1)
        assert answer.startswith(b"HTTP/1.1 101")
        raw.sendall(b"".join(frame.serialize(mask=True) for frame in frames))
        said = b""
        while more := raw.recv(4_096):
            said += more
        return said


def close_code(said: bytes) -> int:
    """Return the code of the only frame that the server sent."""
    assert said[0] == 0x80 | Opcode.CLOSE
    assert len(said) == 2 + said[1]
    return int.from_bytes(said[2:4], "big")


async def test_a_client_may_close_in_the_middle_of_a_message(serve: Serve) -> None:
    frames = [
        Frame(Opcode.TEXT, start()[:10].encode(), fin=False),
        Frame(Opcode.CLOSE, (1000).to_bytes(2, "big")),
        Frame(Opcode.CONT, b"the rest"),
    ]
    assert close_code(await asyncio.to_thread(answer_to, serve(), *frames)) == 1000


@pytest.mark.parametrize(
    "fragments",
    [[b"\xff"], [b'{"model":"\xc3', b'\x28"}'], [b"\xed\xa0\x80"]],
    ids=["no text at all", "broken across fragments", "a lone surrogate"],
)
async def test_text_that_is_not_utf_8_closes_with_1007_and_is_not_logged(
    serve: Serve, fragments: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    *_, last = range(len(fragments))
    frames = [
        Frame(Opcode.CONT if number else Opcode.TEXT, data, fin=number == last)
        for number, data in enumerate(fragments)
    ]
    with caplog.at_level(logging.WARNING):
        said = await asyncio.to_thread(answer_to, serve(), *frames)
    assert close_code(said) == 1007
    assert caplog.records == []


# Before the WebSocket begins.

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


def response_to(server: ServerThread, *pieces: bytes) -> bytes:
    """Send bytes; return what comes until the server closes the socket."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        for piece in pieces:
            raw.sendall(piece)
        said = b""
        try:
            while more := raw.recv(4_096):
                said += more
        except ConnectionResetError:
            pass
        return said


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HANDSHAKE + b"X-Long: " + b"x" * 9_000 + b"\r\n\r\n", b"431"),
        (HANDSHAKE + b"X: 1\r\n" * 150 + b"\r\n", b"431"),
        (HANDSHAKE.replace(b"GET /", b"GET /" + b"x" * 9_000) + b"\r\n", b"414"),
        (HANDSHAKE + b"Content-Length: 5\r\n\r\nhello", b"400"),
        (HANDSHAKE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (HANDSHAKE + b"X-Odd: \x01\xff\r\n\r\n", b"400"),
        (HANDSHAKE.replace(b"Version: 13", b"Version: 7") + b"\r\n", b"400"),
    ],
    ids=["long header", "many headers", "long path", "body", "chunks", "odd header", "version"],
)
async def test_a_handshake_that_cannot_be_read_is_answered(
    serve: Serve, request_bytes: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve()
    with caplog.at_level(logging.WARNING):
        said = await asyncio.to_thread(response_to, server, request_bytes)
        server.stop()
    assert said.startswith(b"HTTP/1.1 " + status)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    "pieces",
    [[], [b"GET / HTTP/1.1\r\nHost:"], [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /"]],
    ids=["nothing", "half a request", "half of the second request"],
)
async def test_a_socket_that_brings_no_request_is_closed(serve: Serve, pieces: list[bytes]) -> None:
    server = serve(request_timeout_s=0.2)
    async with asyncio.timeout(15):
        said = await asyncio.to_thread(response_to, server, *pieces)
    assert said == b"" or said.startswith(b"HTTP/1.1 200")
    assert not server._server.server_state.connections


async def test_a_server_stops_although_handshakes_hang(serve: Serve) -> None:
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(HANDSHAKE + b"Content-Length: 5\r\n\r\nhello")
        await asyncio.to_thread(server.stop)
        assert not server._thread.is_alive()


async def test_a_stream_outlives_the_time_for_its_handshake(serve: Serve) -> None:
    server = serve(request_timeout_s=0.2)
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(2_000)])
        await asyncio.sleep(0.5)
        await say(ws, [fox_audio(4_000)[64_000:], END])
        assert text(await rest(ws)) == FOX
