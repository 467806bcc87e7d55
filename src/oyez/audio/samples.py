"""Samples: what every decoder gives, and how channels and odd values become them."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
"""Mono audio in [-1, 1], shape (samples,)."""

NO_SAMPLES: Samples = np.zeros(0, dtype=np.float32)
NO_SAMPLES.flags.writeable = False


def tame(values: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return the values as float32 in [-1, 1], in the same shape.

    NaN becomes 0; infinities and everything beyond full scale are clipped to it.
    """
    # A signalling NaN raises the processor's "invalid" flag on its first use; that is not news.
    with np.errstate(invalid="ignore"):
        tamed: NDArray[np.float32] = np.clip(values, -1.0, 1.0).astype(np.float32)
        tamed[np.isnan(tamed)] = 0.0
    return tamed


def mix_to_mono(values: NDArray[np.float32], channels: int) -> Samples:
    """Return the mean over channels of interleaved samples.

    Args:
        values: Shape (frames * channels,), one sample of every channel after another.
        channels: Number of channels, at least 1.
    """
    if channels == 1:
        return values
    frames = values.reshape(-1, channels)
    # One channel after another: a reduction over the axis may add in an order that depends on
    # the number of frames, and then the result would depend on how the audio was cut.
    total = frames[:, 0].astype(np.float64)
    for channel in range(1, channels):
        total += frames[:, channel]
    return (total / channels).astype(np.float32)
