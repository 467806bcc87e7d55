"""Scripts and the audio that goes with them."""

import numpy as np

from oyez.engines.base import Samples
from oyez.engines.scripted import ScriptedWord


def sentence(text: str, *, start_ms: int = 500, step_ms: int = 300) -> tuple[ScriptedWord, ...]:
    """Say one word every `step_ms`, with less than a frame of silence between two."""
    return tuple(
        ScriptedWord(word, start_ms + index * step_ms, start_ms + (index + 1) * step_ms - 20)
        for index, word in enumerate(text.split())
    )


def numbers(count: int) -> str:
    """Return as many different words."""
    return " ".join(f"word{index}" for index in range(count))


def pcm(samples: Samples) -> bytes:
    """Return samples as pcm_s16le."""
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def silence(duration_ms: int) -> bytes:
    """Return digital silence as pcm_s16le at 16 kHz."""
    return bytes(duration_ms * 32)
