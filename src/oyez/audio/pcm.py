"""Raw audio: how the samples of each headerless format are laid out in bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from oyez.audio.g711 import ALAW, MULAW
from oyez.audio.samples import tame
from oyez.protocol.audio_formats import canonical_format


@dataclass(frozen=True, slots=True)
class RawLayout:
    """How one sample lies in bytes."""

    sample_bytes: int
    decode: Callable[[bytes], NDArray[np.float32]]
    """Whole samples -> float32 in [-1, 1], shape (len(data) // sample_bytes,)."""


def _integer(width: int, *, signed: bool, big_endian: bool = False) -> RawLayout:
    order = ">" if big_endian else "<"
    # 24-bit samples are widened to 32 by an empty low byte, so that numpy can read them.
    cell = 4 if width == 3 else width
    unsigned, to_signed = np.dtype(f"{order}u{cell}"), np.dtype(f"{order}i{cell}")
    sign_bit = 1 << (8 * cell - 1)
    scale = np.float32(1.0 / sign_bit)

    def decode(data: bytes) -> NDArray[np.float32]:
        if width == 3:
            octets = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
            cells = np.zeros((len(octets), 4), dtype=np.uint8)
            cells[:, slice(0, 3) if big_endian else slice(1, 4)] = octets
            codes = cells.reshape(-1).view(unsigned)
        else:
            codes = np.frombuffer(data, dtype=unsigned)
        if not signed:
            # Flipping the top bit is the same as subtracting half the range.
            codes = (codes ^ unsigned.type(sign_bit)).astype(unsigned, copy=False)
        # The scale is a power of two: only values of more than 24 bits are rounded, and once.
        return codes.view(to_signed).astype(np.float32) * scale

    return RawLayout(width, decode)


def _float(width: int, *, big_endian: bool) -> RawLayout:
    dtype = np.dtype(f"{'>' if big_endian else '<'}f{width}")

    def decode(data: bytes) -> NDArray[np.float32]:
        return tame(np.frombuffer(data, dtype=dtype))

    return RawLayout(width, decode)


def _companded(table: NDArray[np.float32]) -> RawLayout:
    def decode(data: bytes) -> NDArray[np.float32]:
        return table[np.frombuffer(data, dtype=np.uint8)]

    return RawLayout(1, decode)


RAW_LAYOUTS: Mapping[str, RawLayout] = MappingProxyType(
    {"mulaw": _companded(MULAW), "alaw": _companded(ALAW)}
    | {
        f"pcm_{kind}8{order}": _integer(1, signed=kind == "s")
        for kind in "su"
        for order in ("", "le", "be")
    }
    | {
        f"pcm_{kind}{8 * width}{order}": _integer(
            width, signed=kind == "s", big_endian=order == "be"
        )
        for kind in "su"
        for width in (2, 3, 4)
        for order in ("le", "be")
    }
    | {
        f"pcm_f{8 * width}{order}": _float(width, big_endian=order == "be")
        for width in (4, 8)
        for order in ("le", "be")
    }
)
"""Layout of each raw format, by its name in `audio_format`.

Integers and G.711 codes map onto [-1, 1); floats outside [-1, 1] are clipped, NaN is read as 0.
"""


def find_layout(audio_format: str) -> RawLayout | None:
    """Return the layout of a raw format, under any name it has, or None for everything else."""
    return RAW_LAYOUTS.get(canonical_format(audio_format) or "")
