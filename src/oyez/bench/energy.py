"""Where speech is, by energy alone: a second opinion that owes nothing to the server's own ears.

The level of every 10 ms is taken over 30 ms between 200 and 4000 Hz, where hum and rumble are not.
A frame is loud when it is within `RANGE_DB` of the clip's loud parts (95th percentile) and at least
`ABOVE_FLOOR_DB` over its quiet parts (5th percentile). Speech is where three of five frames are
loud; gaps under 60 ms (closures of stops) belong to it. Edges are good to about 50 ms where moving
the threshold by 6 dB either way hardly moves them, which `clear_edges` asks for: a breath or a
fading sound is no edge that a latency can be measured from.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from oyez.bench.audio import Sound, joined

FRAME_S = 0.010
WINDOW_S = 0.030
BAND_HZ = (200.0, 4000.0)
RANGE_DB = 32.0
ABOVE_FLOOR_DB = 10.0
NOISY_RANGE_DB = 15.0
"""In noise the floor does not push the threshold closer than this to the loud parts."""
SILENT_DB = -90.0
"""Nothing below this is speech, whatever the rest of the clip is like."""
SHORTEST_GAP_S = 0.06
SHORTEST_SPEECH_S = 0.05
SWAY_DB = 6.0
CLEAR_S = 0.08


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
    """Return the level of every whole frame within the band, in dB of full scale."""
    hop, size = (round(sound.rate_hz * seconds) for seconds in (FRAME_S, WINDOW_S))
    count = sound.samples.size // hop
    if count == 0:
        return np.zeros(0)
    margin = (size - hop) // 2
    padded = np.pad(sound.samples.astype(np.float64), (margin, size))
    window = np.hanning(size)
    frames = sliding_window_view(padded, size)[::hop][:count] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    frequencies = np.fft.rfftfreq(size, 1.0 / sound.rate_hz)
    band = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    mean = 2.0 * power[:, band].sum(axis=1) / (size * float(np.sum(window**2)))
    levels: NDArray[np.float64] = 10.0 * np.log10(mean + 1e-12)
    return levels


def speech_spans(sound: Sound, *, range_db: float = RANGE_DB) -> list[Span]:
    """Return the stretches of speech, in order."""
    levels = levels_db(sound)
    if levels.size == 0:
        return []
    loud_db = float(np.percentile(levels, 95))
    floor_db = float(np.percentile(levels, 5))
    above_noise_db = min(floor_db + ABOVE_FLOOR_DB, loud_db - NOISY_RANGE_DB)
    threshold = max(above_noise_db, loud_db - range_db, SILENT_DB)
    loud = (levels > threshold).astype(np.int64)
    steady = np.convolve(loud, np.ones(5, np.int64), mode="same") >= 3
    edges = np.flatnonzero(np.diff(np.concatenate([[0], steady.view(np.int8), [0]])))
    spans: list[Span] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        span = Span(float(first) * FRAME_S, float(last) * FRAME_S)
        if spans and span.start_s - spans[-1].end_s < SHORTEST_GAP_S:
            spans[-1] = Span(spans[-1].start_s, span.end_s)
        else:
            spans.append(span)
    return [span for span in spans if span.seconds >= SHORTEST_SPEECH_S]


def clear_edges(sound: Sound) -> Span | None:
    """Return from where to where speech goes, or None when either edge is a matter of taste."""
    found = [speech_spans(sound, range_db=RANGE_DB + sway) for sway in (-SWAY_DB, 0.0, SWAY_DB)]
    if not all(found):
        return None
    starts = [spans[0].start_s for spans in found]
    ends = [spans[-1].end_s for spans in found]
    if max(starts) - min(starts) > CLEAR_S or max(ends) - min(ends) > CLEAR_S:
        return None
    return Span(starts[1], ends[1])


def pauses(spans: list[Span]) -> list[Span]:
    """Return the gaps between stretches of speech."""
    return [Span(before.end_s, after.start_s) for before, after in pairwise(spans)]


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
    return [sound.part(start_s, end_s) for start_s, end_s in pairwise(cuts)]
