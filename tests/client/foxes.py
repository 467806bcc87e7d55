"""Audio in which the scripted engine hears a fox every four seconds."""

from typing import Any, Final

import numpy as np

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio

FOX: Final = "The quick brown fox jumps over the lazy dog."
PCM: Final[dict[str, Any]] = {
    "audio_format": "pcm_s16le",
    "sample_rate": 16_000,
    "num_channels": 1,
}
BYTES_PER_MS: Final = 32


def foxes(count: int) -> bytes:
    """Return raw 16-bit samples at 16 kHz, four seconds for each fox."""
    audio = script_audio(DEFAULT_SCRIPT, count * DEFAULT_PERIOD_MS, period_ms=DEFAULT_PERIOD_MS)
    return (audio * 32_767).round().astype(np.int16).tobytes()
