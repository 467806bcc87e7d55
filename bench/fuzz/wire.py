"""Broken WebSockets over real sockets: what a transport must bear, around real conversations."""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Self

from bench.autobahn.serving import STREAM_PATH, EchoingServer
from bench.fuzz.case import BrokenPromiseError
from bench.fuzz.peer import Closed
from bench.fuzz.raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawSocket,
    connected,
    fragments,
    frame,
    opening,
)
from bench.fuzz.transcript import Transcript

START: Final = json.dumps(
    {"model": "stt-rt-v5", "audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
).encode()
AUDIO: Final = bytes(640)
TALK: Final = frame(TEXT, START) + frame(BINARY, AUDIO) + frame(TEXT, b"")

Act = Callable[[RawSocket, Random], Awaitable[str]]
"""Does something with a socket that shook hands; returns how it must end."""


@dataclass(frozen=True, slots=True)
class WireCase:
    """One connection."""

    act: str
    """What is done, a name in `ACTS`."""
    seed: int

    async def run(self, server: EchoingServer) -> str:
        """See `Case.run`."""
        random = Random(self.seed)
        async with connected(server.url(STREAM_PATH)) as raw:
            if self.act in HANDSHAKES:
                return await _refused(raw, HANDSHAKES[self.act](random))
            is_slow = self.act == "one byte at a time"
            status = await raw.shake_hands(piece_bytes=1 if is_slow else random.choice((7, 4_096)))
            if status != 101:
                raise BrokenPromiseError("unanswered", f"status {status}")
            wanted = await ACTS[self.act](raw, random)
            if wanted == "gone":
                return "gone"
            await raw.read_all()
            return _ending(raw, wanted)

    def smaller(self) -> Iterator[Self]:
        """See `Case.smaller`: these are small."""
        return iter(())


def _ending(raw: RawSocket, wanted: str) -> str:
    if wanted == "finished":
        transcript = Transcript()
        for text in raw.texts:
            transcript.take(text)
        transcript.close(Closed(raw.close_code or 1006))
        if transcript.ending != "finished":
            raise BrokenPromiseError("wrong", f"{transcript.error}, not finished")
    elif wanted == "any" or (raw.was_reset and raw.close_code is None):
        return "any"  # a server need not wait for the rest of a broken frame
    elif str(raw.close_code) not in wanted.split("|"):
        raise BrokenPromiseError("wrong", f"closed with {raw.close_code}, not {wanted}")
    return wanted


async def _refused(raw: RawSocket, request: bytes) -> str:
    status = await raw.shake_hands(request, piece_bytes=4_096)
    if status and not 400 <= status < 500:
        raise BrokenPromiseError("wrong", f"a handshake that is none got status {status}")
    return f"HTTP {status}"


def make(random: Random) -> WireCase:
    """Return a random case."""
    return WireCase(random.choice((*ACTS, *HANDSHAKES)), random.getrandbits(32))


# What is done once hands were shaken.


async def _whole_talk(raw: RawSocket, random: Random) -> str:
    await raw.write(TALK, piece_bytes=random.choice((1, 3, 50, 4_096)))
    return "finished"


async def _fragmented(raw: RawSocket, random: Random) -> str:
    pings = [random.randbytes(random.choice((0, 4, 125))) for _ in range(3)]
    between = frame(PING, pings[0]) if random.random() < 0.7 else b""
    data = fragments(TEXT, START, random, between) + fragments(BINARY, AUDIO, random, between)
    data += frame(PING, pings[1]) + fragments(TEXT, b"", random) + frame(PONG, b"unasked")
    await raw.write(data, piece_bytes=random.choice((1, 11, 4_096)))
    return "finished"


async def _pings(raw: RawSocket, random: Random) -> str:
    said = [struct.pack("!I", number) for number in range(random.choice((10, 1_000)))]
    await raw.write(b"".join(frame(PING, payload) for payload in said))
    while len(raw.pongs) < len(said):
        async with asyncio.timeout(10):
            await raw.read_frame()
    if raw.pongs != said:
        raise BrokenPromiseError("wrong", "pongs that answer no ping")
    await raw.write(TALK)
    return "finished"


async def _nothing(raw: RawSocket, random: Random) -> str:
    del raw
    await asyncio.sleep(random.choice((0, 0.01)))
    return "gone"


async def _half_a_frame_then_reset(raw: RawSocket, random: Random) -> str:
    data = TALK[: -random.randint(1, len(TALK) - 1)]
    await raw.write(data)
    await asyncio.sleep(random.choice((0, 0, 0.01)))
    raw.reset()
    return "gone"


async def _half_a_frame_then_close(raw: RawSocket, random: Random) -> str:
    await raw.write(TALK[: -random.randint(1, len(TALK) - 1)])
    if raw.writer.can_write_eof():
        raw.writer.write_eof()
    return "any"


async def _talk_then_vanish(raw: RawSocket, random: Random) -> str:
    await raw.write(TALK)
    await asyncio.sleep(random.choice((0, 0.001, 0.01)))
    raw.reset()
    return "gone"


def _sent(data: Callable[[Random], bytes], wanted: str) -> Act:
    """Return an act that sends bytes, perhaps after a start, and is closed on."""

    async def act(raw: RawSocket, random: Random) -> str:
        before = frame(TEXT, START) if random.random() < 0.5 else b""
        await raw.write(before + data(random), piece_bytes=random.choice((1, 4_096)))
        return wanted

    return act


def _odd_control(random: Random) -> bytes:
    if random.random() < 0.5:
        return frame(random.choice((PING, PONG, CLOSE)), b"", is_last=False)
    return frame(PING, bytes(126))


def _close(codes: tuple[int, ...]) -> Callable[[Random], bytes]:
    def data(random: Random) -> bytes:
        return frame(CLOSE, struct.pack("!H", random.choice(codes)) + b"bye")

    return data


def _begun(random: Random) -> bytes:
    """Return a message that is begun, and another inside it."""
    return frame(TEXT, b"{", is_last=False) + frame(random.choice((TEXT, BINARY)), b"x")


def _not_utf8(random: Random) -> bytes:
    bad = random.choice((b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe2\x82"))
    text = START[: random.randrange(20)] + bad
    return fragments(TEXT, text, random) if random.random() < 0.5 else frame(TEXT, text)


def _too_large(random: Random) -> bytes:
    size = random.choice(((16 << 20) + 1, 1 << 40, (1 << 63) - 1))
    return frame(random.choice((TEXT, BINARY)), bytes(100), claimed=size)


def _close_in_the_middle(random: Random) -> bytes:
    del random
    return frame(TEXT, b"{", is_last=False) + frame(CLOSE, struct.pack("!H", 1000))


ACTS: Final[Mapping[str, Act]] = {
    "one byte at a time": _whole_talk,
    "a whole talk": _whole_talk,
    "fragments and pings": _fragmented,
    "many pings": _pings,
    "nothing": _nothing,
    "half a frame, then reset": _half_a_frame_then_reset,
    "half a frame, then closed": _half_a_frame_then_close,
    "talk, then reset": _talk_then_vanish,
    "no mask": _sent(lambda _: frame(TEXT, b"{}", is_masked=False), "1002"),
    "reserved bits": _sent(lambda r: frame(TEXT, b"{}", reserved=r.randint(1, 7)), "1002"),
    "unknown opcode": _sent(lambda r: frame(r.choice((3, 7, 11, 15)), b"x"), "1002"),
    "odd control frame": _sent(_odd_control, "1002"),
    "continuation of nothing": _sent(lambda _: frame(CONTINUATION, b"x"), "1002"),
    "message inside a message": _sent(_begun, "1002"),
    "not UTF-8": _sent(_not_utf8, "1007"),
    "too large": _sent(_too_large, "1009"),
    "closed well": _sent(_close((1000, 1001, 1011, 3000, 4999)), "1000|1001|1011|3000|4999"),
    "closed with a code that is none": _sent(_close((0, 999, 1004, 1005, 1006, 5000)), "1002"),
    "closed with half a code": _sent(lambda _: frame(CLOSE, b"\x03"), "1002"),
    "closed with a reason that is not UTF-8": _sent(
        lambda _: frame(CLOSE, b"\x03\xe8\xff"), "1007"
    ),
    "closed in the middle of a message": _sent(_close_in_the_middle, "1000"),
}


# Handshakes that must be refused.

HANDSHAKES: Final[Mapping[str, Callable[[Random], bytes]]] = {
    "a long header": lambda r: opening(X_Long="x" * r.choice((9_000, 60_000, 200_000))),
    "a long path": lambda _: opening(STREAM_PATH + "?" + "x" * 9_000),
    "a long key": lambda _: opening(Authorization="Bearer " + "x" * 9_000),
    "many headers": lambda _: opening(**{f"X_{number}": "1" for number in range(200)}),
    "a body": lambda _: opening(Content_Length="5") + b"hello",
    "a body in pieces": lambda _: opening(Transfer_Encoding="chunked") + b"2\r\nhi\r\n0\r\n\r\n",
    "an odd header": lambda _: opening(X_Odd="\x01\xff"),
    "no WebSocket key": lambda _: opening(Sec_WebSocket_Key=None),
    "a bad WebSocket key": lambda _: opening(Sec_WebSocket_Key="short"),
    "another version": lambda r: opening(Sec_WebSocket_Version=r.choice(("12", "99", "x"))),
    "an unknown path": lambda r: opening(r.choice(("/nowhere", "/transcribe-websocket/", "//"))),
    "no upgrade": lambda _: opening(Upgrade=None, Connection="close"),
    "posted": lambda _: opening(method="POST", Content_Length="0"),
    "garbage": lambda r: r.randbytes(200) + b"\r\n\r\n",
}
