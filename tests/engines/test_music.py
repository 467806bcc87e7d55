"""Voices that are none: melodies with the overtones of vowels, through a whole session."""

import numpy as np
import pytest

from engines import speech
from oyez.engines.base import Recognizer, Samples, Vad, VadStream
from session.driver import chunked, converse

pytestmark = pytest.mark.real

RATE_HZ = 16_000
SECONDS = 8
CHUNK_BYTES = 3_200
VOWELS_HZ = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
    (530, 1840, 2480),
)
"""First three formants of men's vowels: Peterson and Barney, "Control methods used in a study of
the vowels", J. Acoust. Soc. Am. 24 (1952)."""
BANDWIDTH_HZ = 90.0
NOTES_HZ = np.array([110.0, 131.0, 147.0, 165.0, 196.0, 220.0, 262.0, 294.0])
TUNES = [(1, 1.0), (3, 1.0), (1, 1.5), (3, 1.5)]
"""Seed and pitch."""


class SureVad:
    """The voice activity, sure of the speech that it hears."""

    def __init__(self, vad: Vad) -> None:
        self._vad = vad
        self.sample_rate_hz = vad.sample_rate_hz
        self.frame_samples = vad.frame_samples

    def open_stream(self) -> VadStream:
        inner = self._vad.open_stream()

        class Stream:
            def push(self, samples: Samples) -> list[float]:
                return [1.0 if speech > 0.5 else speech for speech in inner.push(samples)]

        return Stream()


def sung(seed: int, pitch: float) -> Samples:
    """Return notes with vibrato, each on a vowel, some after a rest."""
    random = np.random.default_rng(seed)
    at_s = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    melody = np.zeros_like(at_s)
    start_s = 0.3
    while start_s < SECONDS - 0.5:
        length_s = random.choice([0.15, 0.25, 0.4, 0.6])
        note_hz = pitch * random.choice(NOTES_HZ)
        formants_hz = np.array(VOWELS_HZ[random.integers(len(VOWELS_HZ))])
        heard = (at_s >= start_s) & (at_s < start_s + length_s)
        since_s = at_s[heard] - start_s
        pitch_hz = note_hz * (1.0 + 0.02 * np.sin(2 * np.pi * 5.5 * since_s))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
        overtones = np.arange(1, 4_000 // int(note_hz) + 1)
        apart = (overtones[:, np.newaxis] * note_hz - formants_hz) / BANDWIDTH_HZ
        loudness = 0.02 + (1.0 / (1.0 + apart**2)).sum(axis=1)
        attack = np.minimum(since_s / 0.03, 1.0)
        release = np.minimum((length_s - since_s) / 0.05, 1.0)
        melody[heard] += attack * release * (loudness @ np.sin(overtones[:, np.newaxis] * phase))
        start_s += length_s + random.choice([0.0, 0.0, 0.05, 0.4])
    samples: Samples = (0.2 * melody / np.abs(melody).max()).astype(np.float32)
    return samples


def said(model: Recognizer, vad: Vad, samples: Samples) -> str:
    audio = (np.clip(samples, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
    return converse(model, vad, chunked(audio, [CHUNK_BYTES]), skips_partials=True).text


@pytest.mark.parametrize(("seed", "pitch"), TUNES)
def test_a_melody_that_sounds_like_a_voice_says_nothing(
    tiny: Recognizer, silero: Vad, seed: int, pitch: float
) -> None:
    assert said(tiny, silero, sung(seed, pitch)) == ""


def test_base_hears_no_words_in_it_either(base: Recognizer, silero: Vad) -> None:
    assert [said(base, silero, sung(*tune)) for tune in TUNES] == [""] * len(TUNES)


def test_its_words_are_doubted_because_the_voice_is_not_sure(tiny: Recognizer, silero: Vad) -> None:
    """The model does say something, and the voice activity does hear a voice."""
    heard = [said(tiny, SureVad(silero), sung(*tune)) for tune in TUNES]
    assert sum(map(bool, heard)) >= len(TUNES) // 2


def test_speech_over_a_melody_keeps_its_words(
    tiny: Recognizer, silero: Vad, beckett: Samples
) -> None:
    melody = np.resize(sung(1, 1.0), beckett.size)
    loudness = np.sqrt(np.mean(beckett**2) / np.mean(melody**2))
    mixed = beckett + np.float32(10 ** (-15 / 20) * loudness) * melody
    assert speech.word_error_rate(speech.BECKETT, said(tiny, silero, mixed)) <= 0.1
