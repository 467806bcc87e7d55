from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oyez.engines.base import Samples, Vad
from oyez.engines.silero import Gain

pytestmark = pytest.mark.real


def lowered(samples: Samples, by_db: float) -> Samples:
    """What a microphone of 16 bits gives when the speaker is quieter."""
    steps = np.rint(samples * (32_767 * 10 ** (-by_db / 20)))
    quieter: Samples = (steps / 32_767).astype(np.float32)
    return quieter


def test_speech_is_detected(silero: Vad, beckett: Samples) -> None:
    assert silero.sample_rate_hz == 16_000
    assert silero.frame_samples == 512
    probabilities = silero.open_stream().push(beckett)
    assert len(probabilities) == beckett.size // 512
    assert all(0 <= probability <= 1 for probability in probabilities)
    speech = np.mean([probability > 0.5 for probability in probabilities])
    assert 0.3 < speech < 0.8  # phrases with pauses


@pytest.mark.parametrize("kind", ["silence", "noise", "tone"])
def test_other_sounds_are_not(silero: Vad, kind: str) -> None:
    count = 3 * 16_000
    sounds = {
        "silence": np.zeros(count),
        "noise": np.random.default_rng(0).standard_normal(count) * 0.05,
        "tone": 0.3 * np.sin(np.arange(count) * (2 * np.pi * 440 / 16_000)),
    }
    probabilities = silero.open_stream().push(sounds[kind].astype(np.float32))
    assert np.mean([probability > 0.5 for probability in probabilities]) < 0.02


@pytest.mark.parametrize("lower_db", [10, 20, 30, 40])
def test_quiet_speech_is_speech_where_it_is_at_the_usual_level(
    silero: Vad, beckett: Samples, lower_db: int
) -> None:
    usual = np.array(silero.open_stream().push(beckett)) > 0.5
    quiet = np.array(silero.open_stream().push(lowered(beckett, lower_db))) > 0.5
    assert np.mean(usual & ~quiet) < 0.02
    assert np.mean(quiet & ~usual) < 0.02


@pytest.mark.parametrize("level_db", [-75, -60, -45, -30])
@pytest.mark.parametrize("kind", ["white", "pink", "hum", "keys"])
def test_noise_is_not_speech_at_any_level(silero: Vad, kind: str, level_db: int) -> None:
    count = 5 * 16_000
    random = np.random.default_rng(2)
    seconds = np.arange(count) / 16_000
    white = random.standard_normal(count)
    spectrum = np.fft.rfft(white)
    sound = {
        "white": white,
        "pink": np.fft.irfft(spectrum / np.sqrt(np.arange(1, spectrum.size + 1)), count),
        "hum": sum(np.sin(2 * np.pi * 50 * part * seconds) / part for part in (1, 2, 3, 5, 7)),
        "keys": white * np.exp(-np.mod(seconds, 0.21) / 0.006),
    }[kind]
    sound *= 10 ** (level_db / 20) / np.sqrt(np.mean(np.square(sound)))
    probabilities = silero.open_stream().push(sound.astype(np.float32))
    assert max(probabilities) < 0.5


def test_someone_quiet_is_heard_after_someone_loud(silero: Vad, beckett: Samples) -> None:
    pause = np.zeros(7 * 16_000, np.float32)
    frames = beckett.size // 512
    quiet = lowered(beckett, 30)
    alone = np.array(silero.open_stream().push(quiet)) > 0.5
    loud_first = np.concatenate((beckett[: frames * 512], pause[: pause.size // 512 * 512], quiet))
    after = np.array(silero.open_stream().push(loud_first))[-frames:] > 0.5
    assert np.mean(alone != after) < 0.02


@given(peaks=st.lists(st.floats(0, 1), max_size=200))
def test_the_gain_is_bounded_and_makes_nothing_louder_than_usual(peaks: list[float]) -> None:
    gain = Gain()
    for peak in peaks:
        factor = gain.follow(peak)
        assert 1 <= factor <= 32
        assert factor == 1 or peak * factor <= 0.125 + 1e-9


@given(quiet=st.floats(0.005, 0.03), clicks=st.lists(st.integers(3, 40), max_size=8))
def test_clicks_lower_the_gain_for_themselves_only(quiet: float, clicks: list[int]) -> None:
    gain, undisturbed = Gain(), Gain()
    for distance in clicks:
        for _ in range(distance):
            assert gain.follow(quiet) == undisturbed.follow(quiet)
        assert gain.follow(0.9) == 1
        assert gain.follow(0.5) == 1
        undisturbed.follow(quiet)
        undisturbed.follow(quiet)


def test_the_gain_is_back_7_s_after_the_end_of_loud_speech() -> None:
    gain = Gain()
    loud_s, most_s = 20, 7.1  # 2 s hold, 30 dB at 6 dB a second
    for _ in range(loud_s * 16_000 // 512):
        factor = gain.follow(0.125)
    assert factor == 1
    rest = [gain.follow(0.001) for _ in range(round(most_s * 16_000 / 512))]
    assert rest == sorted(rest)
    assert rest[60] == 1
    assert rest[-1] == 32


@pytest.mark.parametrize("lower_db", [0, 30])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(0, 24_000), max_size=12))
def test_cutting_changes_nothing(
    silero: Vad, beckett: Samples, lower_db: int, cuts: list[int]
) -> None:
    audio = lowered(beckett[8_000:32_000], lower_db)
    whole = silero.open_stream().push(audio)
    stream = silero.open_stream()
    edges = [0, *sorted(cuts), audio.size]
    parts = [stream.push(audio[a:b]) for a, b in pairwise(edges)]
    assert [probability for part in parts for probability in part] == whole


def test_streams_do_not_mix(silero: Vad, beckett: Samples) -> None:
    alone = silero.open_stream().push(beckett[:32_000])
    one, other = silero.open_stream(), silero.open_stream()
    heard = []
    for start in range(0, 32_000, 1_600):
        heard += one.push(beckett[start : start + 1_600])
        other.push(beckett[start + 32_000 : start + 33_600])
    assert heard == alone


def test_a_muted_microphone_is_silent_and_speech_after_it_is_heard(
    silero: Vad, beckett: Samples
) -> None:
    alone = silero.open_stream().push(beckett)
    stream = silero.open_stream()
    assert max(stream.push(np.zeros(4 * 16_000, np.float32))) < 0.1
    after = stream.push(beckett)
    agree = [(a > 0.5) == (b > 0.5) for a, b in zip(alone, after, strict=True)]
    assert np.mean(agree) > 0.97
