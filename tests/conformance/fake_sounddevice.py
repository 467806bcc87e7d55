"""Stands in for `sounddevice`: a microphone in front of which a recording is played once.

`FAKE_MICROPHONE` is the path of a WAV file, 16 bits at 16 kHz. It plays in real time, because a
microphone does; after it there is silence.
"""

import os
import time
import wave
from typing import Self


class RawInputStream:
    """The blocking face of the real one."""

    def __init__(self, *, samplerate: int, channels: int, dtype: str) -> None:
        assert (samplerate, channels, dtype) == (16_000, 1, "int16")
        self._file = wave.open(os.environ["FAKE_MICROPHONE"])  # noqa: SIM115 - until `__exit__`
        assert self._file.getframerate() == samplerate

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()

    def read(self, frames: int) -> tuple[memoryview, bool]:
        """Return as many samples, and whether any were lost."""
        time.sleep(frames / self._file.getframerate())
        samples = self._file.readframes(frames)
        return memoryview(samples.ljust(2 * frames, b"\0")), False
