"""A Moonshine model as a `Recognizer`: windows to hypotheses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, compress

import numpy as np

from oyez.engines.base import Capabilities, RecognizerStream, Samples, StreamOptions, Window
from oyez.engines.moonshine.align import path
from oyez.engines.moonshine.decode import Decoded, decode, token_cap
from oyez.engines.moonshine.graph import SAMPLES_PER_VECTOR, Audio, Graph, IndexArray
from oyez.engines.moonshine.level import raised
from oyez.engines.moonshine.listener import Blocks
from oyez.engines.moonshine.times import Span, active_frames, trim
from oyez.engines.moonshine.vocabulary import Piece, Vocabulary
from oyez.errors import EngineClosedError, EngineError
from oyez.transcript.hypothesis import Excerpt, Hypothesis, HypothesisToken

SAMPLE_RATE_HZ = 16_000

_VECTOR_MS = SAMPLES_PER_VECTOR * 1000 // SAMPLE_RATE_HZ
_TRAILING_MS = 160
"""Silence put behind a window that ends in a pause: the models were trained on utterances that end.
Fewer words are wrong (9.96 % instead of 11.63 % on 87 short development clips)."""
_NOISE_LOGPROB = -1.0
"""Below this it is not speech, and no luckier reading of it is wanted."""
_LEADING_MS = (160, 40, 320)
"""Silence put before a window for the second reading, and for two more when neither is sound. None
is a whole number of vectors: 192 ms, after which nothing but one block would be heard anew, moves
the window as a whole, and mends half as many errors."""
_SHAKEN_FROM_S = 2.0
"""Speech from which on few tokens are suspicious."""
_SPOKEN_FROM_S = 0.3
"""Speech from which on a window that ends in the middle of it is made to say something: base hears
nothing in the first half second of one utterance of four."""
_FEWEST_TOKENS_PER_SECOND = 1.6
"""Of active speech. The slowest utterance of the development recordings has 2.0, most 3 to 5."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a longer window of the same audio can start from."""

    engine: str
    """The model whose ids these are: another's mean other text."""
    ids: tuple[int, ...]
    starts_ms: tuple[int, ...]
    """When each was said, from the start of the window."""


class MoonshineStream:
    """State of a session: what its last window was made of, for the next one to start from.

    It makes readings faster and changes none. Thread-safe: windows of one stream that are read at
    the same time start from the same blocks, and the last to end leaves its own.
    """

    def __init__(self) -> None:
        self._blocks: Blocks | None = {}

    @property
    def blocks(self) -> Blocks:
        """The blocks of the last window; 0.2 MB for a second of audio."""
        return self._blocks or {}

    def keep(self, blocks: Blocks) -> None:
        """Remember the blocks of a window."""
        if self._blocks is not None:
            self._blocks = blocks

    def close(self) -> None:
        """Forget them, and all that come."""
        self._blocks = None


class _Ear:
    """A model's graphs, hearing windows of one stream."""

    def __init__(self, graph: Graph, stream: RecognizerStream) -> None:
        self.graph = graph
        self._stream = stream if isinstance(stream, MoonshineStream) else MoonshineStream()

    def encode(self, samples: Samples) -> Audio:
        """Hear samples at 16 kHz."""
        audio, blocks = self.graph.encode_growing(samples, self._stream.blocks)
        self._stream.keep(blocks)
        return audio


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
        ear = _Ear(graph, window.stream)
        proposed = tuple(chain.from_iterable(self._draft_ids(part) for part in window.drafts))
        spoken_s = 0.01 * float(np.count_nonzero(active_frames(samples, SAMPLE_RATE_HZ)))
        decoded, leading_ms = (
            _decode_soundly(ear, samples, spoken_s, proposed, self._doubt_logprob)
            if window.is_last
            else (_decode(ear, samples, spoken_s, proposed, is_last=False), 0)
        )
        pieces = self._vocabulary.pieces(decoded.ids, decoded.logprobs)
        first, last = path(decoded.looks)
        starts_ms = first * _VECTOR_MS - leading_ms
        times = _times(pieces, starts_ms, (last + 1) * _VECTOR_MS - leading_ms, samples)
        tokens = tuple(
            HypothesisToken(piece.text, piece.logprob, start_ms, end_ms)
            for piece, (start_ms, end_ms) in zip(pieces, times, strict=True)
        )
        draft = Draft(self._name, decoded.ids, tuple(starts_ms.tolist()))
        return Hypothesis(tokens, audio_ms, language="en", draft=draft)

    def _draft_ids(self, excerpt: Excerpt) -> tuple[int, ...]:
        draft = excerpt.hypothesis.draft
        if not isinstance(draft, Draft) or draft.engine != self._name:
            return ()
        until_ms = math.inf if excerpt.until_ms is None else excerpt.until_ms
        # The last start is that of the end of the text.
        pairs = zip(draft.ids, draft.starts_ms, strict=False)
        return tuple(token for token, start_ms in pairs if excerpt.from_ms <= start_ms < until_ms)


def _decode(
    ear: _Ear,
    samples: Samples,
    spoken_s: float,
    draft: tuple[int, ...] = (),
    *,
    is_last: bool = True,
) -> Decoded:
    return decode(
        ear.graph,
        ear.encode(samples),
        token_cap(samples.size / SAMPLE_RATE_HZ),
        draft,
        is_never_empty=spoken_s >= (_SHAKEN_FROM_S if is_last else _SPOKEN_FROM_S),
    )


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


def _decode_soundly(
    ear: _Ear, samples: Samples, spoken_s: float, draft: tuple[int, ...], doubt_logprob: float
) -> tuple[Decoded, int]:
    """Decode a window that ends in a pause; when in doubt, more than once.

    The models are brittle: where a window begins, by hundredths of a second, can decide between two
    readings, and now and then an utterance becomes two words. The reading that the model itself
    finds more probable is the better one more often than not.

    Returns:
        The best reading, and the silence that was put before its window, in milliseconds.
    """
    behind = _silence(_TRAILING_MS)
    best, best_ms = _decode(ear, np.concatenate((samples, behind)), spoken_s, draft), 0
    for leading_ms in _LEADING_MS:
        is_sound = _is_sound(best, spoken_s)
        is_doubtful = _NOISE_LOGPROB <= best.mean_logprob < doubt_logprob
        if is_sound and not (is_doubtful and leading_ms == _LEADING_MS[0]):
            break
        # The first reading is a draft of the second, unless it is known to be wrong.
        earlier = best.ids if is_sound else ()
        shifted = np.concatenate((_silence(leading_ms), samples, behind))
        again = _decode(ear, shifted, spoken_s, earlier)
        if _merit(again, spoken_s) > _merit(best, spoken_s):
            best, best_ms = again, leading_ms
    return best, best_ms


def _merit(decoded: Decoded, spoken_s: float) -> tuple[bool, float]:
    """Return what to compare readings by: among unsound ones, the one that lost least."""
    is_sound = _is_sound(decoded, spoken_s)
    return is_sound, decoded.mean_logprob if is_sound else float(len(decoded.ids))


def _silence(duration_ms: int) -> Samples:
    return np.zeros(duration_ms * SAMPLE_RATE_HZ // 1000, np.float32)


def _is_sound(decoded: Decoded, spoken_s: float) -> bool:
    if decoded.ran_in_circles:
        return False
    return spoken_s < _SHAKEN_FROM_S or len(decoded.ids) >= _FEWEST_TOKENS_PER_SECOND * spoken_s
