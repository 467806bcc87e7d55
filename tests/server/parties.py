"""Who takes part in trouble: a slow engine, a client that never reads, and patience."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from websockets.frames import Frame, Opcode

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, ScriptedRecognizer
from oyez.server.run import ServerThread

from .wire import KEY

PATIENCE_S = 15.0
"""Less than the 20 s after which a server would give up by itself."""
RAW: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}


async def eventually(condition: Callable[[], bool]) -> bool:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)
    return True


def slow_engine(seconds_per_call: float) -> ScriptedRecognizer:
    return ScriptedRecognizer(
        DEFAULT_SCRIPT, period_ms=DEFAULT_PERIOD_MS, seconds_per_call=seconds_per_call
    )


class Silent:
    """A client that shakes hands, says what it is told to, and reads nothing after that."""

    def __init__(self, server: ServerThread) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.connect(("127.0.0.1", server.port))
        self._socket.settimeout(PATIENCE_S)
        self._socket.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n"
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(64)
        assert answer.startswith(b"HTTP/1.1 101")

    def say(self, *frames: str | bytes) -> None:
        data = bytearray()
        for frame in frames:
            opcode = Opcode.TEXT if isinstance(frame, str) else Opcode.BINARY
            payload = frame.encode() if isinstance(frame, str) else frame
            data += Frame(opcode, payload).serialize(mask=True)
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()
