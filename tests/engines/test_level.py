"""Quiet windows are read as if they were loud."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.speech import word_error_rate
from oyez.engines.base import Recognizer, Samples, StreamOptions, Window
from oyez.engines.moonshine.level import raised

RATE_HZ = 16_000


def noise(level_db: float, count: int = RATE_HZ) -> Samples:
    random = np.random.default_rng(1)
    return (random.standard_normal(count) * 10 ** (level_db / 20)).astype(np.float32)


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.square(samples, dtype=np.float64).mean()))


@pytest.mark.parametrize("usual_db", [-20.0, -14.0, -6.0])
def test_windows_that_are_loud_enough_are_not_touched(usual_db: float) -> None:
    window = noise(usual_db)
    assert raised(window, RATE_HZ) is window


@pytest.mark.parametrize("quiet_db", [-34.0, -42.0, -50.0])
def test_quiet_windows_come_within_6_db_of_the_usual_level(quiet_db: float) -> None:
    assert -27.0 < level_db(raised(noise(quiet_db), RATE_HZ)) <= -20.0


def test_nothing_is_raised_by_more_than_30_db() -> None:
    window = noise(-80.0)
    assert np.array_equal(raised(window, RATE_HZ), window * np.float32(32))


@pytest.mark.parametrize("count", [0, 1, 159, 16_000])
def test_silence_stays_silent(count: int) -> None:
    assert not raised(np.zeros(count, np.float32), RATE_HZ).any()


@settings(deadline=None, max_examples=30)
@given(quieter=st.integers(0, 2), seed=st.integers(0, 99), count=st.integers(160, 4_000))
def test_the_same_sound_at_half_the_level_becomes_the_same_window(
    quieter: int, seed: int, count: int
) -> None:
    window = np.random.default_rng(seed).normal(0, 0.01, count).astype(np.float32)
    quiet = window * np.float32(0.5**quieter)
    assert np.array_equal(raised(quiet, RATE_HZ), raised(window, RATE_HZ))


def test_a_click_in_a_quiet_window_does_not_keep_it_quiet() -> None:
    window = noise(-50.0)
    expected = raised(window, RATE_HZ)
    clicked = window.copy()
    clicked[8_000:8_160] = 0.9
    result = raised(clicked, RATE_HZ)
    assert result.max() == 1.0
    assert np.array_equal(
        np.delete(result, range(8_000, 8_160)), np.delete(expected, range(8_000, 8_160))
    )


@pytest.mark.real
@pytest.mark.parametrize("name", ["tiny", "base"])
def test_speech_30_db_quieter_has_the_same_words(
    name: str, two_cities: Samples, request: pytest.FixtureRequest
) -> None:
    model: Recognizer = request.getfixturevalue(name)
    stream = model.open_stream(StreamOptions())
    usual = two_cities[: 8 * RATE_HZ]
    quiet = (np.rint(usual * (32_767 * 10**-1.5)) / 32_767).astype(np.float32)
    texts = [
        "".join(token.text for token in model.recognize([Window(stream, part, 0)])[0].tokens)
        for part in (usual, quiet)
    ]
    assert word_error_rate(texts[0], texts[1]) <= 0.05
