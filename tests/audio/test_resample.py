from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.audio import Resampler, Samples

RATES = [1_000, 7_999, 8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]


def resample(
    samples: Samples, source: int, target: int, lengths: list[int] | None = None
) -> Samples:
    resampler = Resampler(source, target)
    parts = np.split(samples, np.cumsum(lengths or []))
    return np.concatenate([*(resampler.push(part) for part in parts), resampler.flush()])


def tone(hz: float, rate: int, seconds: float = 0.5, amplitude: float = 0.5) -> Samples:
    time = np.arange(round(rate * seconds)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def noise(count: int) -> Samples:
    return np.random.default_rng(7).uniform(-1, 1, count).astype(np.float32)


@pytest.mark.parametrize("target", [8_000, 16_000, 24_000])
@pytest.mark.parametrize("source", RATES)
@settings(max_examples=25)
@given(count=st.integers(0, 3_000), lengths=st.lists(st.integers(0, 700), max_size=40))
def test_the_result_does_not_depend_on_the_cut(
    source: int, target: int, count: int, lengths: list[int]
) -> None:
    samples = noise(count)
    whole = resample(samples, source, target)
    assert resample(samples, source, target, lengths).tobytes() == whole.tobytes()
    assert len(whole) == ceil(count * target / source)


@pytest.mark.parametrize("source", RATES)
def test_one_sample_at_a_time(source: int) -> None:
    samples = noise(2_000)
    whole = resample(samples, source, 16_000)
    assert resample(samples, source, 16_000, [1] * 2_000).tobytes() == whole.tobytes()


def test_equal_rates_pass_unchanged() -> None:
    samples = noise(1_000)
    resampler = Resampler(16_000, 16_000)
    assert resampler.lookahead_ms == 0
    np.testing.assert_array_equal(resampler.push(samples), samples)
    assert not len(resampler.flush())


@pytest.mark.parametrize(
    ("source", "hz"),
    [
        (source, hz)
        for source in (8_000, 7_999, 11_025, 22_050, 24_000, 44_100, 44_099, 48_000)
        for hz in (100, 440, 1_000, 3_400, 6_900)
        if hz < 0.43 * source
    ],
)
def test_tones_keep_their_place_and_amplitude(source: int, hz: int) -> None:
    result = resample(tone(hz, source), source, 16_000)
    middle = slice(1_000, len(result) - 1_000)
    expected = tone(hz, 16_000, (len(result) + 1) / 16_000)[: len(result)]
    error = np.sqrt(np.mean((result[middle] - expected[middle]) ** 2))
    assert error < 0.5 / np.sqrt(2) * 10 ** (-65 / 20)


@pytest.mark.parametrize("source", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("hz", [8_100, 9_000, 10_500])
def test_tones_above_the_target_band_vanish(source: int, hz: int) -> None:
    result = resample(tone(hz, source), source, 16_000)
    assert np.abs(result[1_000:-1_000]).max() < 0.5 * 10 ** (-75 / 20)


@pytest.mark.parametrize("source", RATES)
def test_level_of_a_constant_is_kept(source: int) -> None:
    samples = np.full(2_000, 0.25, dtype=np.float32)
    result = resample(samples, source, 16_000)
    np.testing.assert_allclose(result[len(result) // 4 : -len(result) // 4], 0.25, atol=1e-5)


@pytest.mark.parametrize("source", [rate for rate in RATES if rate != 16_000])
def test_no_more_is_held_back_than_stated(source: int) -> None:
    resampler = Resampler(source, 16_000)
    assert resampler.lookahead_ms <= 41_000 / min(source, 16_000)
    given_ms, got = 0.0, 0
    for part in np.array_split(noise(4_000), 250):
        got += len(resampler.push(part))
        given_ms += 1000 * len(part) / source
        assert given_ms - 1000 * got / 16_000 <= resampler.lookahead_ms + 1e-6


def test_samples_stay_within_full_scale() -> None:
    square = np.sign(tone(300, 48_000)).astype(np.float32)
    result = resample(square, 48_000, 16_000)
    assert np.abs(result).max() == 1.0


def test_long_input_in_one_piece() -> None:
    samples = noise(200_000)
    whole = resample(samples, 44_100, 16_000)
    assert len(whole) == ceil(200_000 * 160 / 441)
    assert resample(samples, 44_100, 16_000, [9_999] * 20).tobytes() == whole.tobytes()


def test_results_are_not_overwritten() -> None:
    resampler = Resampler(48_000, 16_000)
    first = resampler.push(noise(4_800))
    kept = first.copy()
    resampler.push(noise(4_800))
    np.testing.assert_array_equal(first, kept)
