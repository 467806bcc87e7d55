"""A WebSocket client that can be as wrong as it likes: bytes out, frames in."""

import asyncio
import base64
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Final
from urllib.parse import urlsplit

from bench.fuzz.case import KEY

PATIENCE_S: Final = 10.0
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION: Final = 0


class RawSocket:
    """One TCP connection.

    Args:
        reader: Its bytes in.
        writer: Its bytes out.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.texts: list[str] = []
        """Text frames received."""
        self.pongs: list[bytes] = []
        self.close_code: int | None = None
        """Of the server's close frame; None when there was none, 1005 when it had no code."""
        self.was_reset = False
        """Whether the connection broke; whatever the server said last is lost then."""

    async def write(self, data: bytes, *, piece_bytes: int = 1 << 20) -> None:
        """Write bytes in pieces that leave one by one; what a closed socket refuses is lost."""
        try:
            for at in range(0, len(data), piece_bytes):
                self.writer.write(data[at : at + piece_bytes])
                await asyncio.wait_for(self.writer.drain(), PATIENCE_S)
                if piece_bytes < 100:
                    await asyncio.sleep(0)
        except ConnectionError:
            self.was_reset = True

    async def shake_hands(self, request: bytes | None = None, *, piece_bytes: int = 1 << 20) -> int:
        """Ask for a WebSocket; return the HTTP status, 0 if the server closed without one."""
        await self.write(request or opening(), piece_bytes=piece_bytes)
        try:
            head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0
        return int(head.split(b" ", 2)[1])

    async def read_all(self) -> None:
        """Read frames until the server closes the connection; answers its close frame."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.read_frame()
            except asyncio.IncompleteReadError:
                return
            except ConnectionError:
                self.was_reset = True

    async def read_frame(self) -> None:
        """Read one frame."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
        payload = await self.reader.readexactly(length)
        match first & 15:
            case 1:
                self.texts.append(payload.decode())
            case 8:
                self.close_code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                await self.write(frame(CLOSE, payload[:2]))
            case 9:
                await self.write(frame(PONG, payload))
            case 10:
                self.pongs.append(payload)

    def reset(self) -> None:
        """Break the connection: the server sees a TCP reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        if sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[RawSocket]:
    """Connect; leaving breaks the connection if it is still there."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw = RawSocket(reader, writer)
    try:
        yield raw
    finally:
        raw.reset()


def opening(
    path: str = "/transcribe-websocket", *, method: str = "GET", **changes: str | None
) -> bytes:
    """Return a handshake's request; a change to None takes a header out."""
    headers: dict[str, str | None] = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(bytes(range(16))).decode(),
        "Sec-WebSocket-Version": "13",
        "Authorization": f"Bearer {KEY}",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def frame(
    opcode: int,
    payload: bytes,
    *,
    is_last: bool = True,
    reserved: int = 0,
    is_masked: bool = True,
    claimed: int | None = None,
) -> bytes:
    """Return a client's frame, or what looks like one.

    Args:
        opcode: 0 to 15.
        payload: What it carries.
        is_last: Whether the message ends with it.
        reserved: The three reserved bits, 0 to 7.
        is_masked: Clients must.
        claimed: The length that the header says, where it is not the payload's.
    """
    length = len(payload) if claimed is None else claimed
    first = (0x80 if is_last else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if is_masked else 0
    if length < 126:
        head = struct.pack("!BB", first, mask_bit | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first, mask_bit | 126, length)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, length)
    if not is_masked:
        return head + payload
    mask = b"\x5a\x01\xff\x33"
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def fragments(opcode: int, payload: bytes, random: Random, between: bytes = b"") -> bytes:
    """Return a message in up to five fragments, with other bytes between them."""
    count = random.randint(2, 5)
    marks = sorted(random.randint(0, len(payload)) for _ in range(count - 1))
    pieces = [payload[a:b] for a, b in zip([0, *marks], [*marks, len(payload)], strict=True)]
    frames = [
        frame(opcode if at == 0 else CONTINUATION, piece, is_last=at == count - 1)
        for at, piece in enumerate(pieces)
    ]
    return between.join(frames)
