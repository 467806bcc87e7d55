"""Quiet speech through a whole session keeps its words; noise has none."""

import numpy as np
import pytest

from engines import speech
from oyez.engines.base import Recognizer, Samples, Vad
from session.driver import chunked, converse

pytestmark = pytest.mark.real

CHUNK_BYTES = 3_200
MODELS = ["tiny", "base"]


def pcm(samples: Samples, by_db: float = 0.0) -> bytes:
    scaled = np.clip(samples * 10 ** (by_db / 20), -1.0, 1.0) * 32_767
    encoded: bytes = np.rint(scaled).astype("<i2").tobytes()
    return encoded


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Recognizer:
    recognizer: Recognizer = request.getfixturevalue(request.param)
    return recognizer


def said(model: Recognizer, vad: Vad, audio: bytes) -> str:
    return converse(model, vad, chunked(audio, [CHUNK_BYTES]), skips_partials=True).text


@pytest.mark.parametrize("lower_db", [30.0, 40.0])
@pytest.mark.parametrize(
    ("name", "reference"), [("beckett", speech.BECKETT), ("two_cities", speech.TWO_CITIES)]
)
def test_quiet_speech_keeps_its_words(
    model: Recognizer,
    silero: Vad,
    name: str,
    reference: str,
    lower_db: float,
    request: pytest.FixtureRequest,
) -> None:
    samples: Samples = request.getfixturevalue(name)
    samples = samples if name == "beckett" else samples[: 8 * 16_000]
    assert speech.word_error_rate(reference, said(model, silero, pcm(samples, -lower_db))) <= 0.04


@pytest.mark.parametrize("level_db", [-70.0, -50.0, -30.0])
def test_noise_has_no_words(model: Recognizer, silero: Vad, level_db: float) -> None:
    random = np.random.default_rng(3)
    count = 10 * 16_000
    white = random.standard_normal(count)
    spectrum = np.fft.rfft(random.standard_normal(count))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(1, spectrum.size + 1)), count)
    noise = np.concatenate((white, pink / pink.std())).astype(np.float32)
    assert said(model, silero, pcm(noise, level_db)) == ""
