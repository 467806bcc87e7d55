"""Where speech is, by energy alone: a second opinion that owes nothing to the server's own ears.

A frame of 10 ms is loud when its level is within `RANGE_DB` of the clip's loud parts (the 95th
percentile) and at least `ABOVE_FLOOR_DB` over its quiet parts (the 5th percentile). Speech is two
or more loud frames of three neighbours; gaps shorter than 60 ms (closures of stops) belong to it.
Weak first and last sounds, such as a voiceless f, can be missed by 10 to 60 ms: the onset is then
late and the end early, so that latencies come out smaller and larger by as much.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.audio import Sound, joined

FRAME_S = 0.010
RANGE_DB = 32.0
ABOVE_FLOOR_DB = 8.0
SILENT_DB = -65.0
"""Nothing below this is speech, whatever the rest of the clip is like."""
SHORTEST_GAP_S = 0.06


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in a sound, in seconds."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


def levels_db(sound: Sound) -> NDArray[np.float64]:
    """Return the level of every whole frame, in dB of full scale."""
    size = round(sound.rate_hz * FRAME_S)
    count = sound.samples.size // size
    frames = sound.samples[: count * size].astype(np.float64).reshape(count, size)
    levels: NDArray[np.float64] = 10.0 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return levels


def speech_spans(sound: Sound) -> list[Span]:
    """Return the stretches of speech, in order."""
    levels = levels_db(sound)
    if levels.size == 0:
        return []
    loud_db = float(np.percentile(levels, 95))
    floor_db = float(np.percentile(levels, 5))
    threshold = max(min(loud_db - 6.0, floor_db + ABOVE_FLOOR_DB), loud_db - RANGE_DB, SILENT_DB)
    loud = (levels > threshold).astype(np.int64)
    steady = np.convolve(loud, np.ones(3, np.int64), mode="same") >= 2
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (steady & (loud > 0)).view(np.int8), [0]])))
    spans: list[Span] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        span = Span(float(first) * FRAME_S, float(last) * FRAME_S)
        if spans and span.start_s - spans[-1].end_s < SHORTEST_GAP_S:
            spans[-1] = Span(spans[-1].start_s, span.end_s)
        else:
            spans.append(span)
    return [span for span in spans if span.seconds >= 0.02]


def pauses(spans: list[Span]) -> list[Span]:
    """Return the gaps between stretches of speech."""
    return [Span(before.end_s, after.start_s) for before, after in itertools.pairwise(spans)]


def trim_pauses(sound: Sound, *, longest_s: float) -> Sound:
    """Shorten every pause to at most `longest_s`, and the silence at both ends to half of it.

    The middle of a pause is cut out, so that the ends of the speech around it keep their decay.
    """
    spans = speech_spans(sound)
    if not spans:
        return sound
    half_s = longest_s / 2
    kept = []
    start_s = max(spans[0].start_s - half_s, 0.0)
    for pause in pauses(spans):
        if pause.seconds > longest_s:
            kept.append(Span(start_s, pause.start_s + half_s))
            start_s = pause.end_s - half_s
    kept.append(Span(start_s, min(spans[-1].end_s + half_s, sound.seconds)))
    return joined([sound.part(span.start_s, span.end_s) for span in kept])


def pieces_at_pauses(sound: Sound, *, longest_s: float) -> list[Sound]:
    """Cut a sound in the middle of its pauses into pieces of at most `longest_s`, where it can."""
    places = [(pause.start_s + pause.end_s) / 2 for pause in pauses(speech_spans(sound))]
    places.append(sound.seconds)
    cuts = [0.0]
    last_s = 0.0
    for place_s in places:
        if place_s - cuts[-1] > longest_s and last_s > cuts[-1]:
            cuts.append(last_s)
        last_s = place_s
    cuts.append(sound.seconds)
    return [sound.part(start_s, end_s) for start_s, end_s in itertools.pairwise(cuts)]
