"""Real speech for the tests: the samples inside the model wheel, found without importing it."""

import re
import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from oyez.audio import Resampler
from oyez.engines.base import Samples

BECKETT = "ever tried ever failed no matter try again fail again fail better"
TWO_CITIES = (
    "it was the best of times it was the worst of times it was the age of wisdom "
    "it was the age of foolishness"
)
"""What is said in the first 8 s of two_cities.wav."""


def sample(name: str) -> Samples:
    """A wav file of the wheel at 16 kHz."""
    spec = find_spec("moonshine_voice")
    assert spec
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "assets" / name
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    samples: Samples = raw.astype(np.float32) / np.float32(32768)
    resampler = Resampler(rate, 16_000)
    return np.concatenate((resampler.push(samples), resampler.flush()))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def word_error_rate(reference: str, text: str) -> float:
    """Edits to make the text the reference, over the reference's words."""
    wanted, got = words(reference), words(text)
    row = list(range(len(got) + 1))
    for index, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(got, 1):
            diagonal, row[column] = (
                row[column],
                min(diagonal + (word != other), row[column] + 1, row[column - 1] + 1),
            )
    return row[-1] / len(wanted)
