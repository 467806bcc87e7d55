"""Many streams at once: what they say, how they are judged, how many are found."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from oyez.bench.audio import silence
from oyez.bench.corpus import Clip
from oyez.bench.serving import on_cores, usable_cores
from oyez.bench.sessions import Load, Recording, build, judge, search
from oyez.bench.stats import Errors
from oyez.bench.streaming import Arrival, Stream
from oyez.client.events import RealtimeEvent, Token

SEGMENTS = (
    '[{"start": 0.0, "end": 1.0, "text": "one"}, {"start": 1.3, "end": 2.0, "text": "two"}, '
    '{"start": 2.2, "end": 4.0, "text": "three"}]'
)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    soundfile.write(tmp_path / "x.wav", np.full(64_000, 0.1, np.float32), 16_000)
    (tmp_path / "x.segments.json").write_text(SEGMENTS)
    return Clip("x", "long", tmp_path / "x.wav", 4.0, "one two three")


def test_continuous_speech_keeps_its_gaps(clip: Clip) -> None:
    recording = build(clip, "continuous", length_s=9.0)

    assert recording.sound.seconds == pytest.approx(4.0)
    assert recording.text == "one two three"


def test_sparse_speech_is_two_fifths_of_the_time(clip: Clip) -> None:
    recording = build(clip, "40 % speech", length_s=6.0)

    loud = np.abs(recording.sound.samples) > 0.01
    assert loud.mean() == pytest.approx(0.4, abs=0.001)
    assert recording.sound.seconds == pytest.approx(1.7 * 2.5)
    assert recording.text == "one two"


def test_a_recording_has_at_least_one_utterance(clip: Clip) -> None:
    assert build(clip, "continuous", length_s=0.1).text == "one"


@pytest.mark.parametrize("first", [0, 1, 6, 20, 96, 300])
@pytest.mark.parametrize("limit", [0, 1, 3, 4, 7, 13, 50, 95, 96, 200])
def test_the_search_finds_the_limit_wherever_it_begins(limit: int, first: int) -> None:
    tried: list[int] = []

    def keeps_up(count: int) -> bool:
        tried.append(count)
        return count <= limit

    found = search(keeps_up, first=first)

    assert found <= limit
    assert found >= min(limit, 96) / 1.14 - 1
    assert len(tried) == len(set(tried)) <= 14
    assert all(1 <= count <= 96 for count in tried)


def test_a_search_that_begins_near_the_limit_tries_few() -> None:
    tried: list[int] = []

    def keeps_up(count: int) -> bool:
        tried.append(count)
        return count <= 9

    assert search(keeps_up, first=8) == 9
    assert len(tried) <= 4


def stream(text: str, at_s: float, *, problem: str | None = None) -> Stream:
    token = Token(text=text, start_ms=0, end_ms=400, is_final=True)
    event = RealtimeEvent(tokens=[token], total_audio_proc_ms=300)
    return Stream(2.0, [Arrival(at_s, event)], late_s=[0.001], problem=problem)


RECORDINGS = [
    Recording("x", ((silence(2.0), "big cat"),)),
    Recording("y", ((silence(2.0), "dog"),)),
]


def test_a_recording_may_begin_with_any_of_its_pieces() -> None:
    said = Recording("x", ((silence(2.0), "one"), (silence(3.0), ""), (silence(1.0), "two")))

    assert said.sound.seconds == pytest.approx(6.0)
    assert said.text == "one two"
    assert said.begun_at(0.0) is said
    assert said.begun_at(0.1) is said
    assert [text for _, text in said.begun_at(0.3).pieces] == ["", "two", "one"]
    assert said.begun_at(0.99).text == "two one"
    assert said.begun_at(0.99).name != said.begun_at(0.3).name
    assert said.begun_at(0.99).sound.seconds == pytest.approx(6.0)


def test_streams_together_are_compared_with_each_alone() -> None:
    streams = [stream("big", 0.6), stream("dog", 1.0)]

    load = judge(RECORDINGS, streams, {"x": "big cat", "y": "dog"}, {})

    assert load.shown is not None
    assert load.lag is not None
    assert load.shown.p50 == pytest.approx(0.4)
    assert load.lag.worst == pytest.approx(0.7)
    assert load.errors == Errors(3, deletions=1)
    assert load.alone == Errors(3)
    assert load.changed == 1
    assert load.is_kept_up(0.8)
    assert not load.is_kept_up(0.6)
    assert not load.is_harness_late


def test_half_of_the_words_may_take_no_longer_than_half_the_budget() -> None:
    soon, late = stream(" big", 0.5), stream(" cat", 1.0)
    recordings = [RECORDINGS[0]] * 20
    load = judge(recordings, [soon] * 9 + [late] * 11, {"x": "big"}, {})
    assert load.shown is not None
    assert load.lag is not None
    assert load.lag.p95 <= 1.0
    assert load.shown.p50 > 0.5
    assert not load.is_kept_up(1.0)
    assert judge(recordings, [soon] * 11 + [late] * 9, {"x": "big"}, {}).is_kept_up(1.0)


def test_a_stream_that_fails_is_not_kept_up_with() -> None:
    streams = [stream("big cat", 0.6), stream("dog", 0.6, problem="gone")]

    load = judge(RECORDINGS, streams, {"x": "big cat", "y": "dog"}, {})

    assert load.problems == ["y 1: gone"]
    assert not load.is_kept_up(9.0)


def test_streams_without_words_show_nothing() -> None:
    assert not Load(1, None, None, None, None, Errors(0), Errors(0), 0).is_kept_up(9.0)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot hold threads")
def test_a_thread_is_held_to_a_core_for_a_while() -> None:
    before = os.sched_getaffinity(0)

    with on_cores({usable_cores()[0]}) as is_held:
        assert is_held
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_no_cores_hold_nothing() -> None:
    with on_cores(set()) as is_held:
        assert not is_held
