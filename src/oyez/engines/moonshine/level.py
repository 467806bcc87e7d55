"""Quiet windows made as loud as the models are used to.

The models' first layers are not indifferent to level: 30 dB below the usual level tiny reads 11.8 %
of 1,322 words wrong instead of 10.2 %, and raised by 30 dB again 10.1 %.
"""

import math
from typing import Final

import numpy as np

from oyez.engines.base import Samples

_FRAME_MS: Final = 10
_LOUD_SHARE: Final = 0.95
"""Share of the frames below which lie the loud parts of speech; a click is above it."""
_USUAL_DB: Final = -20.0
"""Level of the loud parts that windows are raised to, in dB of full scale: speech at -26 dB."""
_STEP_DB: Final = 20 * math.log10(2)
_MOST_STEPS: Final = 5
"""30 dB."""


def raised(samples: Samples, sample_rate_hz: int) -> Samples:
    """Return a window as loud as usual: quiet ones are raised, others stay as they are.

    The factor is a power of two: the level of a growing window hardly ever takes a step, so that
    its readings can be compared, and the product has no rounding error. What a click would have
    beyond full scale is cut off.

    Args:
        samples: The window, shape (samples,).
        sample_rate_hz: Its rate.
    """
    size = sample_rate_hz * _FRAME_MS // 1000
    count = samples.size // size
    if not count:
        return samples
    power = np.square(samples[: count * size].reshape(count, size)).mean(axis=1)
    loud = float(np.quantile(power, _LOUD_SHARE))
    if loud <= 0.0:
        return samples
    steps = min(math.floor((_USUAL_DB - 10 * math.log10(loud)) / _STEP_DB), _MOST_STEPS)
    if steps <= 0:
        return samples
    louder: Samples = np.clip(samples * np.float32(2**steps), -1.0, 1.0)
    return louder
