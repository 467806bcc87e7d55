"""From a client's bytes to samples with their voice activity. The part of a session that computes.

It shares nothing with the rest of the session, so a worker thread may run it.
"""

from dataclasses import dataclass

import numpy as np

from oyez.audio.decoder import AudioDecoder
from oyez.engines.base import Samples, VadStream

SILENT_LEVEL_DB = -120.0
"""Level given to digital silence, which has none."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What was heard in one frame of the voice-activity model."""

    speech: float
    """Probability of speech."""
    level_db: float
    """Root mean square, in dB below full scale."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Audio that is ready for the session."""

    samples: Samples
    frames: tuple[Frame, ...]
    """Frames that these samples completed."""


class Inlet:
    """Decodes, resamples and listens for speech. One caller at a time.

    Args:
        decoder: The stream's audio format.
        vad: The stream's voice activity.
        frame_samples: Samples in one frame of `vad`.
    """

    def __init__(self, decoder: AudioDecoder, vad: VadStream, *, frame_samples: int) -> None:
        self._decoder = decoder
        self._vad = vad
        self._frame_samples = frame_samples
        self._rest: Samples = np.empty(0, np.float32)

    @property
    def saw_audio(self) -> bool:
        """Whether any sample has been decoded."""
        return self._decoder.saw_audio

    def push(self, data: bytes) -> Heard:
        """Take bytes of the stream.

        Raises:
            AudioError: They are not the promised audio.
        """
        return self._hear(self._decoder.push(data))

    def flush(self) -> Heard:
        """Return what the decoder held back; nothing follows.

        Raises:
            AudioError: The stream ended inside something that cannot be cut there.
        """
        return self._hear(self._decoder.flush())

    def _hear(self, samples: Samples) -> Heard:
        probabilities = self._vad.push(samples)
        joined = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(probabilities) * self._frame_samples
        self._rest = joined[whole:].copy()
        power = np.square(joined[:whole].reshape(-1, self._frame_samples)).mean(axis=1)
        floor = 10 ** (SILENT_LEVEL_DB / 10)
        levels = 10 * np.log10(np.maximum(power, floor))
        frames = tuple(map(Frame, probabilities, levels.tolist()))
        return Heard(samples, frames)
