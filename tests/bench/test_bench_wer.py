"""Accuracy from several beginnings of the same clips."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from oyez.bench.corpus import Clip, Corpus
from oyez.bench.plan import Plan, Size
from oyez.bench.stats import Errors
from oyez.bench.streaming import Arrival, Stream, Target
from oyez.bench.wer import LEADS_S, Reading, Take, Way, has_beginnings
from oyez.client.events import RealtimeEvent, Token

VECTOR_S = 0.024
CHUNK_S = 0.1


def stream_of(words: str) -> Stream:
    tokens = [Token(text=f" {word}", is_final=True) for word in words.split()]
    return Stream(1.0, arrivals=[Arrival(0.0, RealtimeEvent(tokens=tokens))])


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.full(8_000, 0.5, np.float32), 8_000, subtype="FLOAT")
    return Clip("clip", "read", path, 1.0, "Cats and dogs sleep.")


def test_a_take_is_the_clip_behind_silence_at_its_own_rate(clip: Clip) -> None:
    plain, later = Take(clip), Take(clip, 0.05)

    sound = later.read()

    assert sound.rate_hz == plain.read().rate_hz == 8_000
    assert np.array_equal(sound.samples[400:], plain.read().samples)
    assert not sound.samples[:400].any()
    assert later.seconds == pytest.approx(sound.seconds) == pytest.approx(1.05)


def test_beginnings_fall_into_other_places_of_vectors_and_chunks() -> None:
    for step_s in (VECTOR_S, CHUNK_S):
        places = sorted(lead_s % step_s for lead_s in LEADS_S)
        gaps = [after - before for before, after in pairwise(places)]
        assert min(gaps) > 0.1 * step_s


def test_errors_of_all_beginnings_are_taken_together(clip: Clip) -> None:
    said = ["cats and dogs sleep", "cats or dogs sleep", "cats and dogs sleep too much"]
    reading = Reading(clip, is_long=False)
    reading.streams = [stream_of(words) for words in said]
    reading.texts = {Way.ONCE: ["cats and dogs sleep"] * 3}

    assert reading.errors(Way.STREAMED) == Errors(12, substitutions=1, insertions=2)
    assert reading.errors(Way.ONCE) == Errors(12)
    assert reading.words == 4


def test_long_recordings_and_other_peoples_servers_are_read_once(clip: Clip) -> None:
    ours = Plan(Corpus([clip], "a clip"), ("m",), "m")
    theirs = Plan(Corpus([clip], "a clip"), ("m",), "m", remote=Target("ws://a", "key", "m"))
    quick = Plan(Corpus([clip], "a clip"), ("m",), "m", size=Size.QUICK)

    assert has_beginnings(ours, Reading(clip, is_long=False))
    assert not has_beginnings(ours, Reading(clip, is_long=True))
    assert not has_beginnings(theirs, Reading(clip, is_long=False))
    assert not has_beginnings(quick, Reading(clip, is_long=False))
