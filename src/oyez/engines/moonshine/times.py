"""When each piece of a text was said, guessed from where the window holds sound.

Characters are spread evenly over the loud stretches: right on average, and wrong by 100 ms and more
where somebody slows down. The models give nothing better without their attention weights.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from oyez.engines.base import Samples

_FRAME_MS = 10
_QUIET_SHARE = 0.1
_LOUD_SHARE = 0.95
"""Shares of the frames below which lie the noise and the peaks of speech."""
_ACTIVE_RISE = 0.3
"""How far from the noise to the peaks, in decibels, a frame must rise to count as speech."""
_LEAST_RANGE_DB = 12.0
"""With less between noise and peaks, the window is all speech or all noise."""
_SILENCE_DB = -80.0
_SHORT_GAP_FRAMES = 8
"""Gaps up to 80 ms are stops inside words."""
_PAUSE_FRAMES = 20
"""Nobody stops for 200 ms inside a word."""
_SHORT_BURST_FRAMES = 3
"""Sound up to 30 ms is a click."""
_PAUSE_WEIGHT = 0.25
"""What a character that is not spoken, such as a comma, counts against a letter."""


def spread(texts: Sequence[str], samples: Samples, sample_rate_hz: int) -> list[tuple[int, int]]:
    """Guess start and end of each text, in milliseconds from the first sample.

    Args:
        texts: In order of speech.
        samples: The window they were heard in, shape (samples,).
        sample_rate_hz: Its rate.

    Returns:
        A (start, end) pair for each text: never decreasing, start at most end, inside the window,
        from the first loud frame to the last.
    """
    if not texts:
        return []
    length_ms = samples.size * 1000 // sample_rate_hz
    frames = np.flatnonzero(active_frames(samples, sample_rate_hz))
    if not frames.size:
        frames = np.arange(max(1, length_ms // _FRAME_MS))
    weights = np.array([sum(1.0 if c.isalnum() else _PAUSE_WEIGHT for c in t) for t in texts])
    edges = np.concatenate(([0.0], np.cumsum(weights)))
    edges *= frames.size / max(edges[-1], _PAUSE_WEIGHT)
    # An edge between two stretches of speech ends the first of them for the text before it and
    # begins the second for the text after it.
    first = np.minimum(np.floor(edges[:-1] + 1e-6).astype(np.int64), frames.size - 1)
    last = np.clip(np.ceil(edges[1:] - 1e-6).astype(np.int64) - 1, first, frames.size - 1)
    for index in np.flatnonzero(frames[last] - frames[first] - (last - first) >= _PAUSE_FRAMES):
        first[index], last[index] = _longest_stretch(frames, first[index], last[index])
    starts = frames[first] * _FRAME_MS
    ends = np.minimum((frames[last] + 1) * _FRAME_MS, length_ms)
    # Neighbours that share a frame meet at its start.
    ends[:-1] = np.maximum(np.minimum(ends[:-1], starts[1:]), starts[:-1])
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def active_frames(samples: Samples, sample_rate_hz: int) -> NDArray[np.bool_]:
    """Tell which 10 ms frames hold speech: shape (whole frames,)."""
    size = sample_rate_hz * _FRAME_MS // 1000
    count = samples.size // size
    if not count:
        return np.zeros(0, np.bool_)
    power = np.square(samples[: count * size].reshape(count, size), dtype=np.float32).mean(axis=1)
    level = np.maximum(10.0 * np.log10(power + 1e-12), _SILENCE_DB)
    quiet, loud = np.quantile(level, (_QUIET_SHARE, _LOUD_SHARE))
    if loud <= _SILENCE_DB:
        return np.zeros(count, np.bool_)
    if loud - quiet < _LEAST_RANGE_DB:
        return np.ones(count, np.bool_)
    active: NDArray[np.bool_] = level > quiet + _ACTIVE_RISE * (loud - quiet)
    return _flip_short(_flip_short(active, _SHORT_GAP_FRAMES, False), _SHORT_BURST_FRAMES, True)


def _longest_stretch(frames: NDArray[np.int64], first: int, last: int) -> tuple[int, int]:
    """Narrow [first, last] to its longest part without a pause."""
    jumps = np.flatnonzero(np.diff(frames[first : last + 1]) > _PAUSE_FRAMES) + 1 + first
    edges = [first, *jumps.tolist(), last + 1]
    start, end = max(pairwise(edges), key=lambda stretch: stretch[1] - stretch[0])
    return start, end - 1


def _flip_short(active: NDArray[np.bool_], longest: int, value: bool) -> NDArray[np.bool_]:
    """Turn over runs of `value` of at most `longest` frames that have others on both sides."""
    edges = np.flatnonzero(np.diff(active)) + 1
    bounds = np.concatenate(([0], edges, [active.size]))
    flipped = active.copy()
    for start, end in pairwise(bounds[1:-1]):
        if active[start] == value and end - start <= longest:
            flipped[start:end] = not value
    return flipped
