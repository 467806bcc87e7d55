"""Where a long segment may be cut: in its quietest places, between words if there is a choice."""

from collections.abc import Sequence
from typing import Final

from oyez.session.inlet import Frame

SMOOTHING_FRAMES: Final = 5
"""160 ms at 32 ms a frame: longer than the closure of a stop consonant, which is as quiet as a
pause but lies inside a word."""
SPEECH_WEIGHT_DB: Final = 20.0
"""A certain frame of speech counts like this many decibels: quiet speech is worse than noise."""


PAUSE_FRAMES: Final = 4
"""Frames without speech that make a pause: 128 ms, rarer inside words than between them."""
PAUSE_SPEECH: Final = 0.35
"""Probability of speech below which a frame may belong to a pause."""


def has_pause(frames: Sequence[Frame], index: int) -> bool:
    """Whether a frame lies in a pause rather than in a quiet place of speech."""
    first = last = index
    while first > 0 and frames[first - 1].speech < PAUSE_SPEECH:
        first -= 1
    while last + 1 < len(frames) and frames[last + 1].speech < PAUSE_SPEECH:
        last += 1
    return frames[index].speech < PAUSE_SPEECH and last - first + 1 >= PAUSE_FRAMES


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


def cut_places(
    frames: Sequence[Frame],
    *,
    first: int,
    last: int,
    count: int,
    apart: int,
    frame_samples: int,
    is_optional: bool,
) -> list[int]:
    """Return the best places to cut at, the best first, in samples from the first frame on.

    Args:
        frames: What was heard in the segment.
        first: First sample that may be cut at.
        last: Last sample that may be cut at.
        count: Most places to return.
        apart: Fewest frames between two of them.
        frame_samples: Samples in a frame.
        is_optional: Return places in pauses only.
    """
    indexes = quietest_frames(
        frames,
        first=first // frame_samples,
        last=last // frame_samples - 1,
        count=count,
        apart=apart,
    )
    if is_optional:
        indexes = [index for index in indexes if has_pause(frames, index)]
    return [index * frame_samples + frame_samples // 2 for index in indexes]
