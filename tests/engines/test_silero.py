from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oyez.engines.base import Samples, Vad

pytestmark = pytest.mark.real


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


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(0, 24_000), max_size=12))
def test_cutting_changes_nothing(silero: Vad, beckett: Samples, cuts: list[int]) -> None:
    audio = beckett[8_000:32_000]
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
