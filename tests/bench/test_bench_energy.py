"""Onset detection, pauses and their trimming, on synthetic audio."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from oyez.bench.audio import Sound, joined, silence
from oyez.bench.energy import Span, pauses, pieces_at_pauses, speech_spans, trim_pauses

RATE_HZ = 16_000


def noise(seconds: float, level_db: float) -> Sound:
    count = round(seconds * RATE_HZ)
    samples = np.random.default_rng(count).normal(0.0, 10 ** (level_db / 20), count)
    return Sound(samples.astype(np.float32), RATE_HZ)


def speech(*lengths_s: float, gap_s: float = 0.5) -> Sound:
    """Bursts at -20 dB in a room of -60 dB: a second of room, then burst, gap, burst, ..."""
    parts = [noise(1.0, -60.0)]
    for length_s in lengths_s:
        parts += [noise(length_s, -20.0), noise(gap_s, -60.0)]
    return joined(parts)


def close(spans: list[Span]) -> list[tuple[Any, Any]]:
    near = partial(pytest.approx, abs=0.021)
    return [(near(span.start_s), near(span.end_s)) for span in spans]


def test_finds_bursts_in_a_quiet_room() -> None:
    assert close(speech_spans(speech(1.0, 0.3))) == [(1.0, 2.0), (2.5, 2.8)]


def test_finds_bursts_in_digital_silence() -> None:
    sound = joined([silence(0.4), noise(0.8, -30.0), silence(2.0)])

    assert close(speech_spans(sound)) == [(0.4, 1.2)]


def test_finds_loud_speech_in_a_loud_room() -> None:
    sound = joined([noise(1.0, -35.0), noise(1.0, -15.0), noise(1.0, -35.0)])

    assert close(speech_spans(sound)) == [(1.0, 2.0)]


def test_short_gaps_belong_to_speech() -> None:
    assert close(speech_spans(speech(0.5, 0.5, gap_s=0.04))) == [(1.0, 2.04)]


def test_a_click_is_not_speech() -> None:
    sound = silence(2.0)
    sound.samples[RATE_HZ] = 0.9

    assert speech_spans(sound) == []


@pytest.mark.parametrize("sound", [silence(1.0), silence(0.0), silence(0.001)])
def test_silence_has_no_speech(sound: Sound) -> None:
    assert speech_spans(sound) == []
    assert trim_pauses(sound, longest_s=0.3).samples.size == sound.samples.size


def test_trimming_shortens_long_pauses_only() -> None:
    trimmed = trim_pauses(speech(1.0, 1.0, 1.0, gap_s=0.8), longest_s=0.3)

    left = pauses(speech_spans(trimmed))
    assert [pause.seconds for pause in left] == pytest.approx([0.3, 0.3], abs=0.03)
    assert trimmed.seconds == pytest.approx(3.0 + 2 * 0.3 + 2 * 0.15, abs=0.1)
    untouched = speech(1.0, 1.0, gap_s=0.2)
    assert trim_pauses(untouched, longest_s=0.3).seconds == pytest.approx(2.5, abs=0.05)


def test_pieces_are_cut_in_pauses_and_join_to_the_whole() -> None:
    sound = speech(2.0, 2.0, 2.0, 2.0)

    pieces = pieces_at_pauses(sound, longest_s=6.0)

    assert [piece.seconds for piece in pieces] == pytest.approx([5.75, 5.25], abs=0.05)
    assert np.array_equal(joined(pieces).samples, sound.samples)


def test_speech_without_pauses_stays_whole() -> None:
    assert len(pieces_at_pauses(speech(9.0), longest_s=3.0)) <= 2
