"""Where a long segment may be cut: in its quietest places, between words if there is a choice."""

from collections.abc import Sequence
from typing import Final

from oyez.session.inlet import Frame

SMOOTHING_FRAMES: Final = 5
"""160 ms at 32 ms a frame: longer than the closure of a stop consonant, which is as quiet as a
pause but lies inside a word."""
SPEECH_WEIGHT_DB: Final = 20.0
"""A certain frame of speech counts like this many decibels: quiet speech is worse than noise."""


def quietest_frames(
    frames: Sequence[Frame], *, first: int, last: int, count: int, apart: int
) -> list[int]:
    """Return the best frames to cut at, the best first.

    Args:
        frames: What was heard in the segment.
        first: First index that may be returned.
        last: Last index that may be returned.
        count: Most indexes to return.
        apart: Fewest frames between two of them.

    Returns:
        Indexes of frames; a cut belongs in the middle of such a frame.
    """
    loudness = [frame.level_db + SPEECH_WEIGHT_DB * frame.speech for frame in frames]
    reach = SMOOTHING_FRAMES // 2
    scores: list[tuple[float, int]] = []
    for index in range(max(first, reach), min(last, len(frames) - 1 - reach) + 1):
        around = loudness[index - reach : index + reach + 1]
        scores.append((sum(around) / len(around), index))
    chosen: list[int] = []
    for _, index in sorted(scores):
        if all(abs(index - other) >= apart for other in chosen):
            chosen.append(index)
            if len(chosen) == count:
                break
    return chosen
