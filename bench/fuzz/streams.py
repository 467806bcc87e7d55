"""Bytes of every format: right ones, random ones, broken ones, under right and wrong names."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final, Self

from starlette.applications import Starlette

from bench.fuzz.case import KEY, BrokenPromiseError, without_parts
from bench.fuzz.peer import Closed, Peer
from bench.fuzz.recordings import DURATION_MS, RECIPES, recording
from bench.fuzz.transcript import Transcript
from bench.fuzz.values import CONTAINER_NAMES, OLD_RAW_NAMES, RAW_NAMES

HEADERS: Final = {"Authorization": f"Bearer {KEY}"}
TOLERANCE_MS: Final = 150
"""Encoders add a frame or two of their own."""
RAW_TOLERANCE_MS: Final = 15
MAX_RAW_MS: Final = 3_000
SPLICED_BYTES: Final = 20_000
"""Enough of another recording: as AMR, which takes anything, it is half a minute."""
RATES_HZ: Final = (1_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 384_000)


@dataclass(frozen=True, slots=True)
class StreamCase:
    """A stream's bytes and its name."""

    what: str
    """Where the bytes came from."""
    fields: tuple[tuple[str, Any], ...]
    """`audio_format`, and for raw audio the rest."""
    data: bytes = field(repr=False)
    chunk_bytes: int = 4_096
    duration_ms: int | None = None
    """How much audio it must be; None when it may be refused as well."""
    tolerance_ms: int = RAW_TOLERANCE_MS

    def __repr__(self) -> str:
        shown = self.data if len(self.data) <= 200 else self.data[:200] + b"..."
        return (
            f"StreamCase({self.what!r}, {dict(self.fields)}, {len(self.data)} bytes in chunks of "
            f"{self.chunk_bytes}: {shown!r})"
        )

    async def run(self, app: Starlette) -> str:
        """See `Case.run`."""
        transcript = Transcript()
        async with Peer(app, headers=HEADERS) as peer:
            peer.send_text(json.dumps({"model": "stt-rt-v5"} | dict(self.fields)))
            for at in range(0, len(self.data), self.chunk_bytes):
                peer.send_bytes(self.data[at : at + self.chunk_bytes])
            peer.send_text("")
            while not isinstance(frame := await peer.receive(), Closed):
                transcript.take(frame)
            transcript.close(frame)
        self._check(transcript)
        return transcript.ending

    def smaller(self) -> Iterator[Self]:
        """See `Case.smaller`."""
        if self.duration_ms is None:
            for data in _halves(self.data):
                yield replace(self, data=data)

    def _check(self, transcript: Transcript) -> None:
        if transcript.ending not in ("finished", "invalid_request"):
            raise BrokenPromiseError("wrong", f"{transcript.error}")
        if self.duration_ms is None:
            return
        if self.duration_ms == 0:
            if transcript.error is None or "No audio" not in transcript.error["error_message"]:
                raise BrokenPromiseError("wrong", f"no audio, but {transcript.ending}")
            return
        if transcript.ending != "finished":
            raise BrokenPromiseError("wrong", f"right audio was refused: {transcript.error}")
        if abs(transcript.final_ms - self.duration_ms) > self.tolerance_ms:
            facts = f"{transcript.final_ms} ms of {self.duration_ms} ms"
            raise BrokenPromiseError("wrong", f"audio was lost or added: {facts}")


def make(random: Random) -> StreamCase:
    """Return a random case."""
    match random.choices(("raw", "right", "mutated", "named wrong"), (25, 10, 50, 15))[0]:
        case "raw":
            case = _raw(random)
        case "right":
            case = _container(random)
        case "mutated":
            case = _mutated(_container(random), random)
        case _:
            case = _named_wrong(random)
    size = max(len(case.data) // random.choice((1, 2, 5, 20, 60)), 1)
    size = 1 if len(case.data) < 300 and random.random() < 0.3 else size
    return replace(case, chunk_bytes=size)


def _raw(random: Random) -> StreamCase:
    name = random.choice((*RAW_NAMES, *OLD_RAW_NAMES))
    bits = int("".join(filter(str.isdigit, name)) or 8)
    rate_hz, channels = random.choice(RATES_HZ), random.choice((1, 1, 1, 2, 5, 64))
    frame_bytes = bits // 8 * channels
    most = min(rate_hz * frame_bytes * MAX_RAW_MS // 1000, 150_000)
    length = random.choice((1, frame_bytes - 1, frame_bytes, most, random.randint(1, most)))
    length = max(length, 1)
    data = random.choice((random.randbytes(length), bytes(length), b"\xff" * length))
    frames = length // frame_bytes
    fields = (("audio_format", name), ("sample_rate", rate_hz), ("num_channels", channels))
    duration_ms = max(frames * 1000 // rate_hz, 1) if frames else 0
    return StreamCase("raw", fields, data, duration_ms=duration_ms)


def _container(random: Random) -> StreamCase:
    recipe = random.choice(RECIPES)
    label = recipe.label if random.random() < 0.5 else None
    return StreamCase(
        f"{recipe.muxer} {recipe.codec}",
        (("audio_format", label or "auto"),),
        recording(recipe),
        duration_ms=DURATION_MS,
        tolerance_ms=TOLERANCE_MS,
    )


def _mutated(case: StreamCase, random: Random) -> StreamCase:
    data = bytearray(case.data)
    done = []
    for _ in range(random.choice((1, 1, 2, 4, 12))):
        # Headers say how much memory to take and where to go on: most is broken there.
        reach = len(data) if random.random() < 0.4 else min(len(data), 200)
        at = random.randrange(reach + 1)
        name, mutate = random.choice(_MUTATIONS)
        data = mutate(data, at, random)
        done.append(name)
    return replace(case, what=f"{case.what}: {', '.join(done)}", data=bytes(data), duration_ms=None)


def _named_wrong(random: Random) -> StreamCase:
    case = _container(random)
    raw = (("sample_rate", 16_000), ("num_channels", 1))
    name = random.choice((*CONTAINER_NAMES, "auto", "pcm_s16le", "alaw"))
    fields = (("audio_format", name), *(raw if name in RAW_NAMES else ()))
    data = case.data
    if random.random() < 0.4:
        junk = random.randbytes(random.randint(1, 5_000))
        data = random.choice((junk, junk + data, data + junk, data + recording(RECIPES[0])))
    return replace(case, fields=fields, data=data, duration_ms=None)


def _flip(data: bytearray, at: int, random: Random) -> bytearray:
    if data:
        data[at % len(data)] ^= 1 << random.randrange(8)
    return data


def _set(data: bytearray, at: int, random: Random) -> bytearray:
    value = random.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0"))
    width = random.choice((1, 2, 4))
    data[at : at + width] = value[:width]
    return data


def _truncate(data: bytearray, at: int, random: Random) -> bytearray:
    return data[: max(at, 1)] or bytearray(random.randbytes(1))


def _insert(data: bytearray, at: int, random: Random) -> bytearray:
    return data[:at] + random.randbytes(random.choice((1, 3, 100, 2_000))) + data[at:]


def _delete(data: bytearray, at: int, random: Random) -> bytearray:
    return data[:at] + data[at + random.choice((1, 2, 4, 100, 2_000)) :] or bytearray(1)


def _repeat(data: bytearray, at: int, random: Random) -> bytearray:
    piece = data[at : at + random.choice((4, 64, 1_000))]
    return data[:at] + piece * random.choice((2, 5)) + data[at:]


def _splice(data: bytearray, at: int, random: Random) -> bytearray:
    other = recording(random.choice(RECIPES))
    begin = random.randrange(len(other))
    return data[:at] + other[begin : begin + SPLICED_BYTES]


_MUTATIONS: Final = (
    ("flip", _flip),
    ("flip", _flip),
    ("set", _set),
    ("set", _set),
    ("truncate", _truncate),
    ("insert", _insert),
    ("delete", _delete),
    ("repeat", _repeat),
    ("splice", _splice),
)


def _halves(data: bytes) -> Iterator[bytes]:
    """Yield the bytes without their ends first: what breaks a reader is often near the start."""
    for part in (2, 4, 8, 16):
        yield data[: len(data) - len(data) // part]
    for rest in without_parts(data):
        if rest:
            yield bytes(rest)
