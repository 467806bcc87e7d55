"""Helpers: cutting bytes, joining samples, and writing audio without the code under test."""

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from hypothesis import strategies as st

from oyez.audio import AudioDecoder, Samples, open_decoder

RAW_FORMATS = (
    *(f"pcm_{kind}8{order}" for kind in "su" for order in ("", "le", "be")),
    *(
        f"pcm_{kind}{bits}{order}"
        for kind in "su"
        for bits in (16, 24, 32)
        for order in ("le", "be")
    ),
    *(f"pcm_f{bits}{order}" for bits in (32, 64) for order in ("le", "be")),
    "mulaw",
    "alaw",
)

cuts = st.lists(st.integers(0, 40), max_size=30)
"""Lengths of the first pieces; what remains is one piece."""


def pieces(data: bytes, lengths: Iterable[int]) -> list[bytes]:
    result, at = [], 0
    for length in lengths:
        result.append(data[at : at + length])
        at += length
    return [*result, data[at:]]


def every(data: bytes, length: int) -> list[bytes]:
    return [data[at : at + length] for at in range(0, len(data), length)]


def decode(decoder: AudioDecoder, parts: Iterable[bytes]) -> Samples:
    return np.concatenate([*(decoder.push(part) for part in parts), decoder.flush()])


def raw(
    audio_format: str, rate: int = 16_000, channels: int = 1, target: int = 16_000
) -> AudioDecoder:
    return open_decoder(
        audio_format, sample_rate_hz=rate, num_channels=channels, target_rate_hz=target
    )


def container(audio_format: str, target: int = 16_000) -> AudioDecoder:
    return open_decoder(audio_format, sample_rate_hz=None, num_channels=None, target_rate_hz=target)


def chunk(name: bytes, body: bytes, *, size: int | None = None, order: str = "<") -> bytes:
    header = name + struct.pack(f"{order}I", len(body) if size is None else size)
    return header + body + b"\0" * (len(body) % 2)


def fmt(
    tag: int = 1,
    channels: int = 1,
    rate: int = 16_000,
    bits: int = 16,
    *,
    order: str = "<",
    frame_bytes: int | None = None,
    extra: bytes = b"",
) -> bytes:
    frame = channels * ((bits + 7) // 8) if frame_bytes is None else frame_bytes
    body = struct.pack(
        f"{order}HHIIHH", tag, channels, rate, rate * frame & 0xFFFFFFFF, frame & 0xFFFF, bits
    )
    return chunk(b"fmt ", body + extra, order=order)


def wav(*chunks: bytes, magic: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack(">I" if magic == b"RIFX" else "<I", len(body)) + body


def s16(values: Sequence[int], order: str = "<") -> bytes:
    return struct.pack(f"{order}{len(values)}h", *values)
