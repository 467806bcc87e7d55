"""Resampling in pieces, holding back as little as possible.

A polyphase windowed-sinc filter (A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing,
sections 4.6 and 7.5: Kaiser's window). It rejects aliases by 80 dB, passes the lowest 87 % of the
narrower band unchanged (7 kHz at 16 kHz), and holds back 40 samples at the lower of the two rates:
2.5 ms between 16 kHz and anything above, 5 ms from 8 kHz. Block-convolving resamplers hold back
40 to 120 ms, which would cut the last sound off whenever a user finalizes in mid-stream.
"""

from functools import lru_cache
from math import ceil, gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oyez.audio.samples import NO_SAMPLES, Samples

_ZERO_CROSSINGS = 40
_STOPBAND_DB = 80.0
_TABLE_SIZE = 1 << 18
"""Coefficients in one table at most: 1 MiB."""
_BLOCK_SIZE = 1 << 16
"""Products computed at a time, so that they stay in the processor's cache."""


class _Filter(NamedTuple):
    up: int
    down: int
    """Rates as a reduced fraction: output k lies at input sample k * down / up."""
    half: int
    """Input samples needed on each side of an output sample."""
    taps: NDArray[np.float32]
    """Shape (phases, 2 * half): one row for each position between two input samples."""


@lru_cache(maxsize=16)
def _design(source_rate_hz: int, target_rate_hz: int) -> _Filter:
    common = gcd(source_rate_hz, target_rate_hz)
    up, down = target_rate_hz // common, source_rate_hz // common
    narrowing = min(1.0, up / down)
    half = ceil(_ZERO_CROSSINGS / narrowing)
    # Odd ratios of rates have more positions than are worth a row. Neighbours then share one that
    # is right for their middle, at an error of -70 dB.
    phases = min(up, _TABLE_SIZE // (2 * half))
    positions = np.arange(phases) / phases + (0 if phases == up else 0.5 / phases)
    beta = 0.1102 * (_STOPBAND_DB - 8.7)
    transition = (_STOPBAND_DB - 7.95) / (14.36 * 2 * _ZERO_CROSSINGS)
    cutoff = (1 - transition) * narrowing
    distance = np.arange(1 - half, half + 1) - positions[:, None]
    window = np.i0(beta * np.sqrt(np.maximum(0, 1 - (distance / half) ** 2)))
    taps = np.sinc(cutoff * distance) * window
    taps /= taps.sum(axis=1, keepdims=True)
    return _Filter(up, down, half, taps.astype(np.float32))


class Resampler:
    """Changes the sample rate of one mono stream; the result does not depend on how it was cut.

    n samples become ceil(n * target / source), the first at the time of the first.

    Args:
        source_rate_hz: Rate of the samples pushed.
        target_rate_hz: Rate of the samples returned. If it is the same, samples pass unchanged.
    """

    def __init__(self, source_rate_hz: int, target_rate_hz: int) -> None:
        self._filter = (
            None if source_rate_hz == target_rate_hz else _design(source_rate_hz, target_rate_hz)
        )
        self._lookahead_ms = 0.0
        self._input = NO_SAMPLES
        """Input from the first sample that the next output needs."""
        self._position = 0
        """Where in `_input` the window of the next output begins, in 1/up of a sample."""
        if self._filter is not None:
            self._lookahead_ms = 1000 * self._filter.half / source_rate_hz
            self._input = np.zeros(self._filter.half - 1, dtype=np.float32)

    @property
    def lookahead_ms(self) -> float:
        """Audio held back: what follows a sample and is needed to compute it."""
        return self._lookahead_ms

    def push(self, samples: Samples) -> Samples:
        """Take any number of samples and return what is ready, maybe nothing."""
        if self._filter is None:
            return samples
        self._input = np.concatenate((self._input, samples))
        return self._run(len(self._input) - 2 * self._filter.half)

    def flush(self) -> Samples:
        """Return everything held back. The stream is over."""
        if self._filter is None:
            return NO_SAMPLES
        silence = np.zeros(self._filter.half, dtype=np.float32)
        self._input = np.concatenate((self._input, silence))
        return self._run(len(self._input) - 2 * self._filter.half)

    def _run(self, last: int) -> Samples:
        """Compute every output whose window begins at or before input sample `last`."""
        assert self._filter is not None
        up, down, _, taps = self._filter
        phases, width = taps.shape
        count = ((last + 1) * up - self._position + down - 1) // down
        if last < 0 or count <= 0:
            return NO_SAMPLES
        output = np.empty(count, dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._input, width)
        block = max(1, _BLOCK_SIZE // width)
        for start in range(0, count, block):
            positions = self._position + down * np.arange(start, min(start + block, count))
            first, phase = np.divmod(positions, up)
            rows = phase * phases // up
            np.einsum("nt,nt->n", windows[first], taps[rows], out=output[start : start + block])
        first_kept, self._position = divmod(self._position + down * count, up)
        self._input = self._input[first_kept:].copy()
        # Between two samples at full scale the wave may swing beyond it.
        return np.clip(output, np.float32(-1), np.float32(1), out=output)
