"""Samples to bytes of every raw format, without the code under test."""

import numpy as np

from oyez.audio import Samples


def write_raw(audio_format: str, samples: Samples) -> bytes:
    """Write mono samples; G.711 through the formulas of its companding curves."""
    if audio_format in ("mulaw", "alaw"):
        return _compand(audio_format, samples)
    kind, bits = audio_format[4], int("".join(c for c in audio_format if c.isdigit()))
    order = ">" if audio_format.endswith("be") else "<"
    if kind == "f":
        return samples.astype(f"{order}f{bits // 8}").tobytes()
    full = 2.0 ** (bits - 1)
    codes = np.clip(np.round(samples.astype(np.float64) * full), -full, full - 1).astype(np.int64)
    codes += int(full) if kind == "u" else 0
    octets = codes.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : bits // 8]
    return (octets[:, ::-1] if order == ">" else octets).tobytes()


def _compand(name: str, samples: Samples) -> bytes:
    """The nearest of the 256 levels, found by their values in ITU-T G.711."""
    codes = np.arange(256)
    inverted = ~codes & 0xFF if name == "mulaw" else codes ^ 0x55
    segment, step = inverted >> 4 & 7, inverted & 15
    if name == "mulaw":
        levels = ((step << 3) + 0x84 << segment) - 0x84
        signs = np.where(inverted & 0x80, -1, 1)
    else:
        levels = np.where(
            segment, (step << 4) + 0x108 << np.maximum(segment - 1, 0), (step << 4) + 8
        )
        signs = np.where(inverted & 0x80, 1, -1)
    values = levels * signs / 32768
    nearest = np.argsort(values)
    edges = (values[nearest][1:] + values[nearest][:-1]) / 2
    return codes[nearest][np.searchsorted(edges, samples)].astype(np.uint8).tobytes()
