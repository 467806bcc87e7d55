"""A Moonshine model as a `Recognizer`: windows to hypotheses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oyez.engines.base import Capabilities, RecognizerStream, Samples, StreamOptions, Window
from oyez.engines.moonshine.decode import decode, token_cap
from oyez.engines.moonshine.graph import Graph
from oyez.engines.moonshine.times import spread
from oyez.engines.moonshine.vocabulary import Vocabulary
from oyez.errors import EngineClosedError, EngineError
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What a longer window of the same audio can start from."""

    engine: str
    """The model whose ids these are: another's mean other text."""
    ids: tuple[int, ...]


class MoonshineStream:
    """State of a session: none, since every window is read as a whole."""

    def close(self) -> None:
        """Do nothing."""


class MoonshineRecognizer:
    """One loaded Moonshine model. Thread-safe.

    Args:
        name: Name in the registry.
        graph: The model's graphs.
        vocabulary: Its ids.
        capabilities: What it declares.
    """

    def __init__(
        self, name: str, *, graph: Graph, vocabulary: Vocabulary, capabilities: Capabilities
    ) -> None:
        self._name = name
        self._graph: Graph | None = graph
        self._vocabulary = vocabulary
        self._capabilities = capabilities

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
        samples: Samples = np.ascontiguousarray(window.samples, np.float32)
        audio_ms = samples.size * 1000 // SAMPLE_RATE_HZ
        # The encoder needs 56 ms at the least.
        if audio_ms < self._capabilities.min_window_ms:
            return Hypothesis((), audio_ms, language="en")
        decoded = decode(
            graph,
            graph.encode(samples),
            token_cap(samples.size / SAMPLE_RATE_HZ),
            self._draft_ids(window.draft),
        )
        pieces = self._vocabulary.pieces(decoded.ids, decoded.logprobs)
        times = spread([piece.text for piece in pieces], samples, SAMPLE_RATE_HZ)
        tokens = tuple(
            HypothesisToken(piece.text, piece.logprob, start_ms, end_ms)
            for piece, (start_ms, end_ms) in zip(pieces, times, strict=True)
        )
        return Hypothesis(tokens, audio_ms, language="en", draft=Draft(self._name, decoded.ids))

    def _draft_ids(self, earlier: Hypothesis | None) -> tuple[int, ...]:
        draft = earlier.draft if earlier else None
        return draft.ids if isinstance(draft, Draft) and draft.engine == self._name else ()
