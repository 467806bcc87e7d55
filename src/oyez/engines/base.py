"""What an engine is: the Protocols that the rest of oyez computes through.

A recognizer is one loaded model, shared by all sessions. What it must remember about one session
lives in a stream. Work comes as windows: a stretch of one stream's audio to be read as a whole. The
runtime collects windows of many streams and hands over up to `Capabilities.max_batch` at a time.

A model that reads utterances whole decodes each window afresh. A model that truly streams keeps
its state in the stream: windows of one utterance start at the same sample and grow, so it need only
read what is new.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oyez.transcript.hypothesis import Excerpt, Hypothesis
from oyez.transcript.stabilizer import Agreement

Samples: TypeAlias = NDArray[np.float32]
"""Mono audio in [-1, 1], shape (samples,)."""


CAREFUL = Agreement((math.inf, -0.35, -0.8, -math.inf))
"""Two readings for a word that the model is sure of, three or four for one that it doubts."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do and how it likes to be used. Declared, never probed."""

    languages: tuple[str, ...]
    """Two-letter codes of the languages it writes; the first is its default."""
    max_window_ms: int = 20_000
    """Longest window that is still read well."""
    min_window_ms: int = 100
    """Shorter windows are read as silence."""
    update_interval_ms: int = 500
    """How often re-reading a growing utterance pays at this model's speed on one core."""
    commit_interval_ms: int = 1_000
    """Least spacing of the readings from which early final tokens are decided; half of the words
    are final within about three times this."""
    agreement: Agreement = CAREFUL
    """How many of those readings in a row must agree on a word that is final early."""
    min_mean_logprob: float = float("-inf")
    """Readings whose tokens are less probable than this on average are noise, not words. The less
    surely somebody speaks, the closer to 0 the bound that they are held to."""
    max_batch: int = 1
    """Windows it reads together with profit."""
    supports_context: bool = False
    supports_speaker_diarization: bool = False
    supports_translation: bool = False
    supports_language_identification: bool = False
    """Whether it tells languages apart; if not, `languages[0]` is reported."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """What a session tells the engine about itself."""

    language_hints: tuple[str, ...] = ()
    language_hints_strict: bool = False
    context_terms: tuple[str, ...] = ()
    context_text: str = ""


class RecognizerStream(Protocol):
    """The state of one session in one recognizer."""

    def close(self) -> None:
        """Free the state. Idempotent."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A stretch of one stream's audio, to be read as a whole."""

    stream: RecognizerStream
    samples: Samples
    """Mono audio at the recognizer's rate."""
    start_sample: int
    """Index of `samples[0]` in the stream. Windows of one utterance share it."""
    drafts: tuple[Excerpt, ...] = field(default=(), repr=False)
    """Earlier readings of parts of the same audio, one part after the other. There may be gaps."""
    is_last: bool = False
    """Whether the audio ends in a pause and its words will be final: worth more effort."""
    is_hurried: bool = False
    """Whether somebody waits who would rather not wait for that effort."""
    hurried: Hypothesis | None = field(default=None, repr=False)
    """What was read of the same window, from the same drafts, in a hurry; None where nothing was.
    It saves work and changes no answer."""


class Recognizer(Protocol):
    """One loaded model. Thread-safe: several workers may call `recognize` at once."""

    @property
    def name(self) -> str:
        """Name in the registry, such as ``moonshine-tiny``."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio it reads."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def open_stream(self, options: StreamOptions) -> RecognizerStream:
        """Return the state for a new session."""

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        """Read the windows; one hypothesis for each, in order. Blocks while it computes.

        The same window with the same drafts gives the same hypothesis every time.

        Raises:
            EngineError: The model failed; no window was read.
        """

    def close(self) -> None:
        """Free the model. Idempotent."""


class VadStream(Protocol):
    """Voice activity in one stream of audio. Not thread-safe: one session, one caller at a time."""

    def push(self, samples: Samples) -> list[float]:
        """Take any number of samples; return the speech probability of every frame completed.

        Samples that do not fill a frame wait for the next call, so the probabilities do not
        depend on how the audio was cut.
        """


class Vad(Protocol):
    """One loaded voice-activity model, shared by all sessions."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio it hears."""

    @property
    def frame_samples(self) -> int:
        """Samples in one frame."""

    def open_stream(self) -> VadStream:
        """Return the state for a new session."""
