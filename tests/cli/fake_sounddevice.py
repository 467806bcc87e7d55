"""Stands in for `sounddevice`: one microphone that plays the scripted engine's sentence.

Configured by variables of the environment, because commands run it in their own process.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio

SPEED = 8.0


class PortAudioError(Exception):
    """What PortAudio complains about."""


class default:  # noqa: N801 - the real module's name
    device = (1, 2)


DEVICES: list[dict[str, Any]] = [
    {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0},
    {"name": "Desk Mic", "max_input_channels": 1, "default_samplerate": 8_000.0},
]


def query_devices(device: int | str | None = None, kind: str | None = None) -> Any:
    if kind is None:
        return DEVICES if "FAKE_NO_MIC" not in os.environ else DEVICES[:1]
    if "FAKE_NO_MIC" in os.environ:
        raise PortAudioError("Error querying device -1")
    if isinstance(device, str) and device not in "Desk Mic":
        raise ValueError(f"No input device matching {device!r}")
    return DEVICES[1]


def check_input_settings(*_arguments: Any, samplerate: int) -> None:
    if "FAKE_8_KHZ" in os.environ and samplerate != 8_000:
        raise PortAudioError("Invalid sample rate")


class RawInputStream:
    def __init__(
        self, *, samplerate: int, blocksize: int, callback: Callable[..., None], **_other: Any
    ) -> None:
        self._rate, self._block, self._callback = samplerate, blocksize, callback
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._record, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _record(self) -> None:
        audio = script_audio(DEFAULT_SCRIPT, 4_000, period_ms=DEFAULT_PERIOD_MS)
        samples = (audio[:: 16_000 // self._rate] * 32_767).astype("<i2")
        for start in range(0, samples.size, self._block):
            if self._stop.wait(self._block / self._rate / SPEED):
                return
            self._callback(samples[start : start + self._block].tobytes(), self._block, None, None)
        quiet = np.zeros(self._block, "<i2").tobytes()
        while not self._stop.is_set():
            time.sleep(0.02)
            self._callback(quiet, self._block, None, None)
