"""When each piece of a text was said: where the model looked, trimmed to where there is sound.

Between words the model's attention belongs to one of them, and so a piece may reach into a pause.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

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

Span: TypeAlias = tuple[int, int]
"""Start and end in milliseconds from the first sample."""


def trim(spans: Sequence[Span], samples: Samples, sample_rate_hz: int) -> list[Span]:
    """Narrow each span to the speech in it; one without any stays as it is.

    Args:
        spans: In order, starts and ends never decreasing; neighbours may share some time, and they
            may reach out of the window.
        samples: The window, shape (samples,).
        sample_rate_hz: Its rate.

    Returns:
        Spans inside the window that follow one another: no start or end before any earlier one.
    """
    length_ms = samples.size * 1000 // sample_rate_hz
    active = active_frames(samples, sample_rate_hz)
    trimmed: list[Span] = []
    for given in spans:
        start_ms, end_ms = (min(max(0, edge_ms), length_ms) for edge_ms in given)
        frames = np.flatnonzero(active[start_ms // _FRAME_MS : -(-end_ms // _FRAME_MS)])
        if frames.size:
            first, last = _longest_stretch(frames + start_ms // _FRAME_MS)
            start_ms = max(start_ms, first * _FRAME_MS)
            end_ms = max(start_ms, min(end_ms, (last + 1) * _FRAME_MS))
        if trimmed:
            # Neighbours that share time meet where the second begins.
            before_ms, before_end_ms = trimmed[-1]
            start_ms = max(start_ms, before_ms)
            trimmed[-1] = (before_ms, min(before_end_ms, start_ms))
        trimmed.append((start_ms, max(start_ms, end_ms)))
    return trimmed


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


def _longest_stretch(frames: NDArray[np.int64]) -> tuple[int, int]:
    """Return the first and last of the longest run of frames without a pause."""
    jumps = np.flatnonzero(np.diff(frames) > _PAUSE_FRAMES) + 1
    edges = [0, *jumps.tolist(), frames.size]
    start, end = max(pairwise(edges), key=lambda stretch: stretch[1] - stretch[0])
    return int(frames[start]), int(frames[end - 1])


def _flip_short(active: NDArray[np.bool_], longest: int, value: bool) -> NDArray[np.bool_]:
    """Turn over runs of `value` of at most `longest` frames that have others on both sides."""
    edges = np.flatnonzero(np.diff(active)) + 1
    bounds = np.concatenate(([0], edges, [active.size]))
    flipped = active.copy()
    for start, end in pairwise(bounds[1:-1]):
        if active[start] == value and end - start <= longest:
            flipped[start:end] = not value
    return flipped
