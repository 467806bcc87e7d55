"""A Moonshine model as a `Recognizer`: windows to hypotheses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, compress

import numpy as np

from oyez.engines.base import Capabilities, RecognizerStream, Samples, StreamOptions, Window
from oyez.engines.moonshine.encoder import Settled
from oyez.engines.moonshine.graph import Graph, IndexArray
from oyez.engines.moonshine.level import raised
from oyez.engines.moonshine.reading import (
    SAMPLE_RATE_HZ,
    Ear,
    MoonshineStream,
    Reading,
    Sound,
    read_growing,
    read_hurried,
    read_last,
)
from oyez.engines.moonshine.times import Span, active_frames, trim
from oyez.engines.moonshine.vocabulary import Piece, Vocabulary
from oyez.errors import EngineClosedError, EngineError
from oyez.transcript.hypothesis import Excerpt, Hypothesis, HypothesisToken


@dataclass(frozen=True, slots=True)
class Draft:
    """What a longer window of the same audio can start from."""

    engine: str
    """The model whose ids these are: another's mean other text."""
    ids: tuple[int, ...]
    starts_ms: tuple[int, ...]
    """When each was said, from the start of the window."""
    settled: Settled | None
    """What of its audio need not be encoded again, unless it ended in a pause."""
    first: Reading | None = None
    """A reading in a hurry, which is the first one of the same window."""


class MoonshineRecognizer:
    """One loaded Moonshine model. Thread-safe.

    Args:
        name: Name in the registry.
        graph: The model's graphs.
        vocabulary: Its ids.
        capabilities: What it declares.
        doubt_logprob: Mean log-probability below which a window that ends in a pause is read a
            second time.
    """

    def __init__(
        self,
        name: str,
        *,
        graph: Graph,
        vocabulary: Vocabulary,
        capabilities: Capabilities,
        doubt_logprob: float,
    ) -> None:
        self._name = name
        self._graph: Graph | None = graph
        self._vocabulary = vocabulary
        self._capabilities = capabilities
        self._doubt_logprob = doubt_logprob

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    @property
    def sample_rate_hz(self) -> int:
        """16,000."""
        return SAMPLE_RATE_HZ

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._capabilities

    def open_stream(self, options: StreamOptions) -> RecognizerStream:  # noqa: ARG002
        """Return the state for a new session. The options change nothing: English, no context."""
        return MoonshineStream()

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        """Read the windows one after another.

        Raises:
            EngineError: The model failed; no window was read.
            EngineClosedError: `close` was called before.
        """
        graph = self._graph  # kept for the whole call if `close` comes in between
        if graph is None:
            raise EngineClosedError(f"{self._name} is closed.")
        try:
            return [self._read(graph, window) for window in windows]
        except Exception as error:  # onnxruntime's have no common base
            raise EngineError(f"{self._name} could not read a window: {error}") from error

    def close(self) -> None:
        """Free the model as soon as no call uses it. Idempotent."""
        self._graph = None

    def _read(self, graph: Graph, window: Window) -> Hypothesis:
        samples = raised(np.ascontiguousarray(window.samples, np.float32), SAMPLE_RATE_HZ)
        audio_ms = samples.size * 1000 // SAMPLE_RATE_HZ
        # The encoder needs 56 ms at the least.
        if audio_ms < self._capabilities.min_window_ms:
            return Hypothesis((), audio_ms, language="en")
        sound = Sound(samples, active_frames(samples, SAMPLE_RATE_HZ))
        ear = Ear(graph, window.stream)
        proposed = tuple(chain.from_iterable(self._draft_ids(part) for part in window.drafts))
        settled = self._settled(window)
        is_first = False
        if window.is_last and window.is_hurried:
            doubt = self._doubt_logprob
            reading, is_first = read_hurried(ear, sound, proposed, doubt, settled)
        elif window.is_last:
            first = self._first(window)
            reading = read_last(ear, sound, proposed, self._doubt_logprob, settled, first=first)
        else:
            reading = read_growing(ear, sound, proposed, settled)
        ids = reading.decoded.ids
        pieces = self._vocabulary.pieces(ids, reading.decoded.logprobs)
        times = _times(pieces, reading.starts_ms, reading.ends_ms, samples)
        tokens = tuple(
            HypothesisToken(piece.text, piece.logprob, start_ms, end_ms)
            for piece, (start_ms, end_ms) in zip(pieces, times, strict=True)
        )
        starts_ms = tuple(reading.starts_ms.tolist())
        first = reading if is_first else None
        draft = Draft(self._name, ids, starts_ms, reading.settled, first)
        return Hypothesis(tokens, audio_ms, language="en", draft=draft, is_hurried=is_first)

    def _draft(self, hypothesis: Hypothesis) -> Draft | None:
        draft = hypothesis.draft
        return draft if isinstance(draft, Draft) and draft.engine == self._name else None

    def _settled(self, window: Window) -> Settled | None:
        draft = self._draft(window.drafts[0].hypothesis) if window.drafts else None
        return draft.settled if draft else None

    def _first(self, window: Window) -> Reading | None:
        draft = self._draft(window.hurried) if window.hurried else None
        return draft.first if draft else None

    def _draft_ids(self, excerpt: Excerpt) -> tuple[int, ...]:
        draft = self._draft(excerpt.hypothesis)
        if draft is None:
            return ()
        until_ms = math.inf if excerpt.until_ms is None else excerpt.until_ms
        # The last start is that of the end of the text.
        pairs = zip(draft.ids, draft.starts_ms, strict=False)
        return tuple(token for token, start_ms in pairs if excerpt.from_ms <= start_ms < until_ms)


def _times(
    pieces: Sequence[Piece], starts_ms: IndexArray, ends_ms: IndexArray, samples: Samples
) -> list[Span]:
    """Tell when each piece was said, from the times of the ids.

    Punctuation is not said: it takes no time, where the piece before it ends.
    """
    is_said = [any(character.isalnum() for character in piece.text) for piece in pieces]
    spans = iter(
        trim(
            [
                (int(starts_ms[piece.first]), int(ends_ms[piece.last]))
                for piece in compress(pieces, is_said)
            ],
            samples,
            SAMPLE_RATE_HZ,
        )
    )
    times: list[Span] = []
    end_ms = 0
    for said in is_said:
        times.append(next(spans) if said else (end_ms, end_ms))
        end_ms = times[-1][1]
    return times
