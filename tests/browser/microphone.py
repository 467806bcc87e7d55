"""The sound that Chromium's pretended microphone plays: real speech with pauses that tests use.

At 1.0 s three sentences, `FIRST`; at 7.5 s three more, `SECOND`; at 15.0 s `FIRST` once more.
"""

import wave
from pathlib import Path

import numpy as np

from engines import speech
from oyez.audio import Resampler
from oyez.engines.base import Samples

RATE_HZ = 48_000
FIRST = "ever tried ever failed no matter"
SECOND = "try again fail again fail better"
SPLIT_MS = 4_500
"""Where the sample is cut, in a pause."""

PAUSE_MS = 5_900
"""In the pause after `FIRST`; two seconds of silence follow."""
CALM_MS = 7_400
"""In the same pause; a recorder that lets go of its audio once a second has let go of `FIRST`."""
UNMUTE_MS = 9_000
"""After the first sentence of `SECOND`."""
MID_SENTENCE_MS = 9_900
"""In the middle of the second one."""
END_MS = 13_000
"""In the pause after `SECOND`; nothing is said before 15.0 s."""
RESUME_MS = 13_400
ENCORE_END_MS = 20_000


def write_wav(path: Path, samples: Samples, rate_hz: int) -> None:
    """Write samples as 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((samples.clip(-1, 1) * 32_767).round().astype("<i2").tobytes())


def write_microphone(path: Path) -> None:
    """Write the sound as a WAV file."""
    sample = speech.sample("beckett.wav")
    split = SPLIT_MS * 16
    first, second = sample[:split], sample[split:]
    silence = [np.zeros(seconds * 16_000, np.float32) for seconds in (1, 2, 2, 2)]
    sound = np.concatenate(
        (silence[0], first, silence[1], second, silence[2], first, silence[3]), dtype=np.float32
    )
    resampler = Resampler(16_000, RATE_HZ)
    samples = np.concatenate((resampler.push(sound), resampler.flush()))
    write_wav(path, samples, RATE_HZ)
