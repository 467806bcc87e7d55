"""Second looks: where a reading lost words, the window is read again."""

from typing import Any

import numpy as np
import pytest

from oyez.engines.base import Samples
from oyez.engines.moonshine.assets import TINY, locate
from oyez.engines.moonshine.decode import Decoded, decode
from oyez.engines.moonshine.graph import Graph
from oyez.engines.moonshine.lean import lean_model
from oyez.engines.moonshine.processor import best_numbers
from oyez.engines.moonshine.reading import (
    SAMPLE_RATE_HZ,
    Ear,
    MoonshineStream,
    Sound,
    read_growing,
    read_hurried,
    read_last,
)
from oyez.engines.moonshine.times import active_frames

DOUBT_LOGPROB = -10.0
"""Nothing is doubted."""


def sound(samples: Samples) -> Sound:
    return Sound(samples, active_frames(samples, SAMPLE_RATE_HZ))


def with_tone(samples: Samples, *, at_s: float, seconds: float) -> Samples:
    """Return speech with a sound in it that is loud enough for speech and holds no words."""
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tone = (0.1 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    at = round(at_s * SAMPLE_RATE_HZ)
    return np.concatenate((samples[:at], tone, samples[at:]))


@pytest.fixture(scope="module")
def graph() -> Graph:
    """Return tiny's graphs with the heads that tell times."""
    return Graph(lean_model(TINY.engine, locate(TINY), best_numbers()), TINY.heads)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Decoded]:
    """Return what is decoded from now on, one after another."""
    made: list[Decoded] = []

    def noted(*args: Any, **options: Any) -> Decoded:
        made.append(decode(*args, **options))
        return made[-1]

    monkeypatch.setattr("oyez.engines.moonshine.reading.decode", noted)
    return made


def test_speech_that_is_in_the_words_is_read_once(
    graph: Graph, beckett: Samples, decoded: list[Decoded]
) -> None:
    part = sound(beckett[: 6 * SAMPLE_RATE_HZ])

    for read in (
        read_growing(Ear(graph, MoonshineStream()), part, ()),
        read_last(Ear(graph, MoonshineStream()), part, (), DOUBT_LOGPROB),
    ):
        assert read.is_sound(part)
        assert read.longest_s < 1.0
    assert len(decoded) == 2


def test_speech_that_is_in_no_word_is_read_again(
    graph: Graph, beckett: Samples, decoded: list[Decoded]
) -> None:
    part = sound(with_tone(beckett[: 6 * SAMPLE_RATE_HZ], at_s=3.2, seconds=2.0))

    grown = read_growing(Ear(graph, MoonshineStream()), part, ())
    assert not grown.is_sound(part)
    assert grown.longest_s > 1.9
    assert len(decoded) == 2  # and no more: nobody knows whether words are missing

    last = read_last(Ear(graph, MoonshineStream()), part, (), DOUBT_LOGPROB)
    assert not last.is_sound(part)
    assert last.decoded.ids == max(decoded[2:], key=lambda one: len(one.ids)).ids


def test_a_reading_in_a_hurry_is_the_first_of_a_patient_one(
    graph: Graph, beckett: Samples, decoded: list[Decoded]
) -> None:
    part = sound(beckett[: 6 * SAMPLE_RATE_HZ])
    ear = Ear(graph, MoonshineStream())
    always = 0.0

    hurried, is_first = read_hurried(ear, part, (), always)
    assert is_first
    assert len(decoded) == 1
    patient = read_last(ear, part, (), always, first=hurried)
    assert len(decoded) == 2
    afresh = read_last(Ear(graph, MoonshineStream()), part, (), always)
    assert len(decoded) == 4
    assert patient.decoded == afresh.decoded
    assert not read_hurried(ear, part, (), DOUBT_LOGPROB)[1], "nothing is doubted"


def test_what_is_doubted_much_is_read_again_in_any_hurry(
    graph: Graph, beckett: Samples, decoded: list[Decoded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oyez.engines.moonshine.reading._STRONG_DOUBT_LOGPROB", 0.0)
    part = sound(beckett[: 6 * SAMPLE_RATE_HZ])
    hurried, is_first = read_hurried(Ear(graph, MoonshineStream()), part, (), 0.0)
    assert not is_first
    assert len(decoded) == 2
    patient = read_last(Ear(graph, MoonshineStream()), part, (), 0.0)
    assert hurried.decoded == patient.decoded


def test_nothing_is_missed_where_speech_and_noise_are_one(graph: Graph, beckett: Samples) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 6 * SAMPLE_RATE_HZ).astype(np.float32)
    part = sound(beckett[: 6 * SAMPLE_RATE_HZ] + noise)

    assert part.active.all()
    assert read_growing(Ear(graph, MoonshineStream()), part, ()).longest_s == 0.0
