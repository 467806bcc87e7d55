"""Frames that no library would send."""

import asyncio
import logging
import socket

import pytest
from websockets.frames import Frame, Opcode

from oyez.server.run import ServerThread

from .conftest import Serve
from .wire import KEY, start


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
