import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines.base import Samples
from oyez.engines.moonshine.times import active_frames, spread

RATE = 16_000


def audio(*stretches: tuple[int, float]) -> Samples:
    """Noise of the given (milliseconds, amplitude) stretches."""
    random = np.random.default_rng(1)
    parts = [random.standard_normal(ms * RATE // 1000) * level for ms, level in stretches]
    joined: Samples = np.concatenate(parts).astype(np.float32)
    return joined


def test_times_are_trimmed_to_speech() -> None:
    samples = audio((500, 0.0005), (1000, 0.1), (500, 0.0005))
    times = spread([" abcde", " fghij"], samples, RATE)
    assert times == [(500, 1000), (1000, 1500)]


def test_a_longer_word_takes_longer() -> None:
    (_, first), (second, _) = spread([" a", " abcdefg"], audio((800, 0.1)), RATE)
    assert first <= second < 150


def test_no_word_spans_a_pause() -> None:
    samples = audio((400, 0.1), (1000, 0.0005), (600, 0.1))
    times = spread([" aaa", " bbb", " ccc"], samples, RATE)
    assert times[0] == (0, 340)
    assert times[1][0] >= 1390  # most of its share lies behind the pause
    assert times[2][1] == 2000


def test_short_gaps_and_clicks_change_nothing() -> None:
    stop = audio((300, 0.1), (60, 0.0), (300, 0.1), (300, 0.0005), (20, 0.1), (300, 0.0005))
    assert spread([" a"], stop, RATE) == [(0, 660)]


@pytest.mark.parametrize("level", [0.0, 1e-7, 0.1])
def test_even_audio_is_used_whole(level: float) -> None:
    assert spread([" ab", " cd"], audio((1000, level)), RATE) == [(0, 500), (500, 1000)]


def test_nothing_to_place() -> None:
    assert spread([], audio((100, 0.1)), RATE) == []
    assert active_frames(np.zeros(0, np.float32), RATE).size == 0
    assert active_frames(np.zeros(100, np.float32), RATE).size == 0


@given(
    texts=st.lists(st.sampled_from([" a", "lo", ",", " hello", "-", " don't"]), max_size=40),
    stretches=st.lists(
        st.tuples(st.integers(0, 700), st.sampled_from([0.0, 0.0005, 0.01, 0.1])), max_size=6
    ),
)
def test_times_never_decrease_and_stay_inside(
    texts: list[str], stretches: list[tuple[int, float]]
) -> None:
    samples = audio((7, 0.05), *stretches)
    times = spread(texts, samples, RATE)
    assert len(times) == len(texts)
    edges = [edge for pair in times for edge in pair]
    assert edges == sorted(edges)
    assert all(0 <= edge <= samples.size * 1000 // RATE for edge in edges)
