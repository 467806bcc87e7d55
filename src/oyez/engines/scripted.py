"""Engines without models that hear what they are told: for tests, examples and protocol work.

    ScriptedWord         a word and when it is said
    ScriptedRecognizer   hears the words of a script, whatever the audio is
    ScriptedVad          hears speech wherever the audio is loud
    script_audio         audio to match: a tone while a word is said, silence in between
    DEFAULT_SCRIPT       the sentence that `load` repeats forever
    load, load_vad       what the registry calls

Everything is deterministic, runs at 16 kHz and needs numpy only.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from oyez.engines.base import (
    Capabilities,
    Recognizer,
    RecognizerStream,
    Samples,
    StreamOptions,
    Vad,
    VadStream,
    Window,
)
from oyez.errors import EngineClosedError
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken

__all__ = [
    "DEFAULT_SCRIPT",
    "ScriptedRecognizer",
    "ScriptedVad",
    "ScriptedWord",
    "load",
    "load_vad",
    "script_audio",
]

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 512
GUESS_CONFIDENCE = 0.4
"""Confidence of a word that the window's end cuts off."""


@dataclass(frozen=True, slots=True)
class ScriptedWord:
    """A word, and when in the stream it is said."""

    text: str
    """Without spaces around it; punctuation belongs to it."""
    start_ms: int
    end_ms: int
    confidence: float = 0.95
    """Probability that the hypothesis reports, above 0 and at most 1."""


def _sentence(words: str, *, step_ms: int, length_ms: int) -> tuple[ScriptedWord, ...]:
    return tuple(
        ScriptedWord(word, index * step_ms, index * step_ms + length_ms)
        for index, word in enumerate(words.split())
    )


DEFAULT_SCRIPT = _sentence(
    "The quick brown fox jumps over the lazy dog.", step_ms=300, length_ms=240
)
"""Nine words, one every 300 ms; the last ends at 2,640 ms."""
DEFAULT_PERIOD_MS = 4_000
"""The default script begins again every 4 s, after a pause of 1,360 ms."""


class ScriptedStream:
    """State of a session: whether it is open."""

    def __init__(self, closed: Callable[[], None]) -> None:
        self._closed: Callable[[], None] | None = closed

    def close(self) -> None:
        """Count the stream as closed. Idempotent."""
        closed, self._closed = self._closed, None
        if closed:
            closed()


class ScriptedRecognizer:
    """Hears, in every stream, the words of one script at the script's times.

    A window is answered with the words that end inside it, whatever its samples are. Thread-safe.

    Args:
        script: The words, in order of speech.
        period_ms: Begin the script again this often; None says it once. At least its length.
        guess_cut_words: Answer a word that the window's end cuts off with its first half and a
            hyphen, as a model would that guesses; a longer window revises it. Else it is left out.
        seconds_per_call: Time that each call of `recognize` takes.
        sleep: What spends that time.
        name: Name to report.
        capabilities: What to declare.

    Attributes:
        calls: Calls of `recognize`.
        windows: Windows read.
        drafted: Windows that brought a draft.
        open_streams: Streams opened and not closed.
        closed: Whether `close` was called.
    """

    def __init__(
        self,
        script: Sequence[ScriptedWord],
        *,
        period_ms: int | None = None,
        guess_cut_words: bool = False,
        seconds_per_call: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        name: str = "scripted",
        capabilities: Capabilities | None = None,
    ) -> None:
        self._script = tuple(script)
        self._period_ms = period_ms
        self._guess_cut_words = guess_cut_words
        self._seconds_per_call = seconds_per_call
        self._sleep = sleep
        self._name = name
        self._capabilities = capabilities or Capabilities(languages=("en",))
        self._lock = threading.Lock()
        self.calls = 0
        self.windows = 0
        self.drafted = 0
        self.open_streams = 0
        self.closed = False

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def sample_rate_hz(self) -> int:
        """16,000."""
        return SAMPLE_RATE_HZ

    @property
    def capabilities(self) -> Capabilities:
        """What it was told to declare."""
        return self._capabilities

    def open_stream(self, options: StreamOptions) -> RecognizerStream:  # noqa: ARG002
        """Return the state for a new session; the options change nothing."""
        with self._lock:
            self.open_streams += 1
        return ScriptedStream(self._stream_closed)

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        """Answer the windows from the script.

        Raises:
            EngineClosedError: `close` was called before.
        """
        if self.closed:
            raise EngineClosedError(f"{self._name} is closed.")
        with self._lock:
            self.calls += 1
            self.windows += len(windows)
            self.drafted += sum(bool(window.drafts) for window in windows)
        if self._seconds_per_call:
            self._sleep(self._seconds_per_call)
        return [self._read(window) for window in windows]

    def close(self) -> None:
        """Refuse further work. Idempotent."""
        self.closed = True

    def _stream_closed(self) -> None:
        with self._lock:
            self.open_streams -= 1

    def _read(self, window: Window) -> Hypothesis:
        begin = window.start_sample * 1000 // SAMPLE_RATE_HZ
        audio_ms = window.samples.size * 1000 // SAMPLE_RATE_HZ
        end = begin + audio_ms
        tokens = []
        for word in _words_until(end, self._script, self._period_ms, since_ms=begin):
            text, confidence = word.text, word.confidence
            if word.end_ms > end:
                if not self._guess_cut_words:
                    continue
                text, confidence = text[: (len(text) + 1) // 2] + "-", GUESS_CONFIDENCE
            tokens.append(
                HypothesisToken(
                    text=f" {text}",
                    logprob=math.log(confidence),
                    start_ms=max(0, word.start_ms - begin),
                    end_ms=min(word.end_ms, end) - begin,
                )
            )
        return Hypothesis(
            tuple(tokens), audio_ms, language=self._capabilities.languages[0], draft=len(tokens)
        )


class ScriptedVad:
    """Hears speech in every frame whose mean absolute amplitude is above a threshold.

    Args:
        threshold: Amplitude between 0 and 1; 0.01 is -40 dB below full scale.
    """

    def __init__(self, threshold: float = 0.01) -> None:
        self._threshold = threshold

    @property
    def sample_rate_hz(self) -> int:
        """16,000."""
        return SAMPLE_RATE_HZ

    @property
    def frame_samples(self) -> int:
        """512, which are 32 ms."""
        return FRAME_SAMPLES

    def open_stream(self) -> VadStream:
        """Return the state for a new session."""
        return ScriptedVadStream(self._threshold)


class ScriptedVadStream:
    """Loudness of one stream of audio."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._waiting: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> list[float]:
        """Return 0.99 for every loud frame completed and 0.01 for every quiet one."""
        audio: Samples = np.concatenate((self._waiting, samples), dtype=np.float32)
        whole = audio.size - audio.size % FRAME_SAMPLES
        level = np.abs(audio[:whole]).reshape(-1, FRAME_SAMPLES).mean(axis=1)
        self._waiting = audio[whole:].copy()
        return [0.99 if loud else 0.01 for loud in (level > self._threshold).tolist()]


def script_audio(
    script: Sequence[ScriptedWord],
    duration_ms: int,
    *,
    period_ms: int | None = None,
    amplitude: float = 0.3,
) -> Samples:
    """Audio to go with a script: a 220 Hz tone while a word is said, zeros otherwise.

    Returns:
        Samples at 16 kHz, shape (duration_ms * 16,).
    """
    samples_per_ms = SAMPLE_RATE_HZ // 1000
    phase = np.arange(duration_ms * samples_per_ms) * (2 * np.pi * 220 / SAMPLE_RATE_HZ)
    said = np.zeros(phase.size, np.bool_)
    for word in _words_until(duration_ms, script, period_ms):
        said[word.start_ms * samples_per_ms : word.end_ms * samples_per_ms] = True
    audio: Samples = np.where(said, amplitude * np.sin(phase), 0.0).astype(np.float32)
    return audio


def load() -> Recognizer:
    """Return a recognizer that hears `DEFAULT_SCRIPT` again every 4 s."""
    return ScriptedRecognizer(DEFAULT_SCRIPT, period_ms=DEFAULT_PERIOD_MS)


def load_vad() -> Vad:
    """Return a `ScriptedVad` that takes anything above -40 dB for speech."""
    return ScriptedVad()


def _words_until(
    end_ms: int, script: Sequence[ScriptedWord], period_ms: int | None, *, since_ms: int = 0
) -> Iterator[ScriptedWord]:
    """Words that end after `since_ms` and begin before `end_ms`, with times in the stream."""
    first = since_ms // period_ms if period_ms else 0
    last = max(0, end_ms - 1) // period_ms if period_ms else 0
    for turn in range(first, last + 1):
        offset = turn * (period_ms or 0)
        for word in script:
            if word.end_ms + offset > since_ms and word.start_ms + offset < end_ms:
                yield ScriptedWord(
                    word.text, word.start_ms + offset, word.end_ms + offset, word.confidence
                )
