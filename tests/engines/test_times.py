import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines.base import Samples
from oyez.engines.moonshine.times import active_frames, trim

RATE = 16_000


def audio(*stretches: tuple[int, float]) -> Samples:
    """Noise of the given (milliseconds, amplitude) stretches."""
    random = np.random.default_rng(1)
    parts = [random.standard_normal(ms * RATE // 1000) * level for ms, level in stretches]
    joined: Samples = np.concatenate(parts).astype(np.float32)
    return joined


SENTENCE = audio((500, 0.0005), (1000, 0.1), (500, 0.0005))


def test_times_are_trimmed_to_speech() -> None:
    assert trim([(0, 1000), (1000, 2000)], SENTENCE, RATE) == [(500, 1000), (1000, 1500)]


def test_a_word_inside_speech_stays() -> None:
    assert trim([(610, 777)], SENTENCE, RATE) == [(610, 777)]


def test_what_holds_no_speech_stays() -> None:
    assert trim([(100, 300), (1600, 1900)], SENTENCE, RATE) == [(100, 300), (1600, 1900)]


def test_times_outside_the_window_come_inside() -> None:
    assert trim([(-160, -20), (-20, 700), (1900, 2300)], SENTENCE, RATE) == [
        (0, 0),
        (500, 700),
        (1900, 2000),
    ]


def test_no_word_spans_a_pause() -> None:
    samples = audio((400, 0.1), (1000, 0.0005), (600, 0.1))
    assert trim([(100, 1500)], samples, RATE) == [(100, 400)]
    assert trim([(300, 2000)], samples, RATE) == [(1400, 2000)]


def test_neighbours_that_share_time_meet_where_the_second_begins() -> None:
    assert trim([(600, 720), (696, 900)], SENTENCE, RATE) == [(600, 696), (696, 900)]


def test_short_gaps_and_clicks_change_nothing() -> None:
    stop = audio((300, 0.1), (60, 0.0), (300, 0.1), (300, 0.0005), (20, 0.1), (300, 0.0005))
    assert trim([(0, 1280)], stop, RATE) == [(0, 660)]


@pytest.mark.parametrize("level", [0.0, 1e-7, 0.1])
def test_even_audio_is_used_whole(level: float) -> None:
    assert trim([(0, 480), (480, 1000)], audio((1000, level)), RATE) == [(0, 480), (480, 1000)]


def test_nothing_to_place() -> None:
    assert trim([], audio((100, 0.1)), RATE) == []
    assert active_frames(np.zeros(0, np.float32), RATE).size == 0
    assert active_frames(np.zeros(100, np.float32), RATE).size == 0


@given(
    edges=st.lists(st.integers(-20, 150), max_size=60),
    overlap_ms=st.sampled_from([0, 24]),
    stretches=st.lists(
        st.tuples(st.integers(0, 700), st.sampled_from([0.0, 0.0005, 0.01, 0.1])), max_size=6
    ),
)
def test_times_never_decrease_and_stay_inside(
    edges: list[int], overlap_ms: int, stretches: list[tuple[int, float]]
) -> None:
    samples = audio((7, 0.05), *stretches)
    places = sorted(24 * edge for edge in edges)
    spans = [
        (start - overlap_ms, end) for start, end in zip(places[::2], places[1::2], strict=False)
    ]
    times = trim(spans, samples, RATE)
    assert len(times) == len(spans)
    found = [edge for pair in times for edge in pair]
    assert found == sorted(found)
    assert all(0 <= edge <= samples.size * 1000 // RATE for edge in found)
