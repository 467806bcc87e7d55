"""G.711: what the 256 codes of mu-law and A-law stand for.

Formulas: ITU-T G.711 (11/1988), tables 1a to 2b, in the 16-bit scaling of the ITU-T Software Tool
Library (G.191): mu-law reaches +-32124, A-law +-32256, of 32768.
"""

import numpy as np
from numpy.typing import NDArray

_MULAW_BIAS = 0x84


def _mulaw_to_linear(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _MULAW_BIAS) << ((code & 0x70) >> 4)
    return _MULAW_BIAS - magnitude if code & 0x80 else magnitude - _MULAW_BIAS


def _alaw_to_linear(code: int) -> int:
    code ^= 0x55
    segment = (code & 0x70) >> 4
    magnitude = ((code & 0x0F) << 4) + 8
    if segment:
        magnitude = (magnitude + 0x100) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


def _table(linear: list[int]) -> NDArray[np.float32]:
    table = (np.array(linear, dtype=np.float32) / 32768).astype(np.float32)
    table.flags.writeable = False
    return table


MULAW: NDArray[np.float32] = _table([_mulaw_to_linear(code) for code in range(256)])
"""Sample for each mu-law code, shape (256,)."""

ALAW: NDArray[np.float32] = _table([_alaw_to_linear(code) for code in range(256)])
"""Sample for each A-law code, shape (256,)."""
