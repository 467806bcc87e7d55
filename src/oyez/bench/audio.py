"""Files to samples, samples to the bytes that go over the wire."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from oyez.audio.decoder import open_decoder
from oyez.errors import AudioError

Samples: TypeAlias = NDArray[np.float32]
"""Mono audio in [-1, 1], shape (samples,)."""

SPEECH_RATE_HZ = 16_000
"""What recognisers and the energy pass read."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono audio at the rate at which it was recorded."""

    samples: Samples
    rate_hz: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples.size / self.rate_hz

    def pcm(self) -> bytes:
        """Return it as `pcm_s16le`, the way it is streamed."""
        rounded = np.rint(np.clip(self.samples, -1.0, 1.0) * 32767.0)
        return bytes(rounded.astype("<i2").tobytes())

    def part(self, start_s: float, end_s: float) -> "Sound":
        """Return the audio between two times."""
        first, last = round(start_s * self.rate_hz), round(end_s * self.rate_hz)
        return Sound(self.samples[max(first, 0) : last], self.rate_hz)

    def at_speech_rate(self) -> "Sound":
        """Return it as the recogniser hears it: its bytes, decoded by the server's own decoder."""
        decoder = open_decoder(
            "pcm_s16le",
            sample_rate_hz=self.rate_hz,
            num_channels=1,
            target_rate_hz=SPEECH_RATE_HZ,
        )
        pieces = [decoder.push(self.pcm()), decoder.flush()]
        return Sound(np.concatenate(pieces).astype(np.float32), SPEECH_RATE_HZ)


def read_sound(path: Path) -> Sound:
    """Read a file that libsndfile knows; channels are averaged.

    Raises:
        AudioError: It cannot be read.
    """
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise _unreadable(path, error) from None
    return Sound(samples.mean(axis=1, dtype=np.float32), int(rate_hz))


def seconds_of(path: Path) -> float:
    """Return how long a file is, from its header.

    Raises:
        AudioError: It cannot be read.
    """
    try:
        return float(soundfile.info(path).duration)
    except soundfile.SoundFileError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> AudioError:
    return AudioError(
        f"{path} cannot be read as audio ({str(error).rpartition(': ')[2].rstrip('.')}). "
        f"Convert it: ffmpeg -i {path.name} -ac 1 {path.stem}.wav"
    )


def silence(seconds: float, rate_hz: int = SPEECH_RATE_HZ) -> Sound:
    """Return digital silence."""
    return Sound(np.zeros(round(seconds * rate_hz), np.float32), rate_hz)


def joined(sounds: list[Sound]) -> Sound:
    """Return sounds of one rate, one after another."""
    return Sound(np.concatenate([sound.samples for sound in sounds]), sounds[0].rate_hz)
