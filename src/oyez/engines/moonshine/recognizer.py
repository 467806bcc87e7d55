"""A Moonshine model as a `Recognizer`: windows to hypotheses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oyez.engines.base import Capabilities, RecognizerStream, Samples, StreamOptions, Window
from oyez.engines.moonshine.decode import Decoded, decode, token_cap
from oyez.engines.moonshine.graph import Graph
from oyez.engines.moonshine.times import active_frames, spread
from oyez.engines.moonshine.vocabulary import Vocabulary
from oyez.errors import EngineClosedError, EngineError
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken

SAMPLE_RATE_HZ = 16_000

_SHAKES_MS = (160, 40, 320)
"""Silence put before a window that was not read soundly, for up to three further attempts."""
_SHAKEN_FROM_S = 2.0
"""Speech from which on few tokens are suspicious."""
_FEWEST_TOKENS_PER_SECOND = 1.6
"""Of active speech. The slowest utterance of the development recordings has 2.0, most 3 to 5."""


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
        draft = self._draft_ids(window.draft)
        decoded = _decode(graph, samples, draft) if draft else _decode_soundly(graph, samples)
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


def _decode(graph: Graph, samples: Samples, draft: tuple[int, ...] = ()) -> Decoded:
    return decode(graph, graph.encode(samples), token_cap(samples.size / SAMPLE_RATE_HZ), draft)


def _decode_soundly(graph: Graph, samples: Samples) -> Decoded:
    """Decode; when the text breaks off or runs in circles, decode again a little differently.

    The models are brittle: now and then an utterance that they read well becomes two words when its
    window begins a hundredth of a second earlier.
    """
    spoken_s = 0.01 * float(np.count_nonzero(active_frames(samples, SAMPLE_RATE_HZ)))
    best = _decode(graph, samples)
    for silence_ms in _SHAKES_MS:
        if _is_sound(best, spoken_s):
            break
        silence = np.zeros(silence_ms * SAMPLE_RATE_HZ // 1000, np.float32)
        again = _decode(graph, np.concatenate((silence, samples)))
        if _is_sound(again, spoken_s) or len(again.ids) > len(best.ids):
            best = again
    return best


def _is_sound(decoded: Decoded, spoken_s: float) -> bool:
    if decoded.ran_in_circles:
        return False
    return spoken_s < _SHAKEN_FROM_S or len(decoded.ids) >= _FEWEST_TOKENS_PER_SECOND * spoken_s
