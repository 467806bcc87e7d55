"""Reading one window well: with a second look where a reading is doubtful or lost words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oyez.engines.base import RecognizerStream, Samples
from oyez.engines.moonshine.align import path
from oyez.engines.moonshine.decode import Decoded, decode, token_cap
from oyez.engines.moonshine.encoder import SAMPLES_PER_VECTOR, Encoded, Settled
from oyez.engines.moonshine.graph import Graph, IndexArray
from oyez.engines.moonshine.listener import Blocks

SAMPLE_RATE_HZ = 16_000

_VECTOR_MS = SAMPLES_PER_VECTOR * 1000 // SAMPLE_RATE_HZ
_TRAILING_MS = 160
"""Silence put behind a window that ends in a pause: the models were trained on utterances that end.
Fewer words are wrong (9.96 % instead of 11.63 % on 87 short development clips)."""
_NOISE_LOGPROB = -1.0
"""Below this it is not speech, and no luckier reading of it is wanted."""
_STRONG_DOUBT_LOGPROB = -0.4
"""Mean log-probability below which a reading in a hurry is worth a second look. Of 133 development
recordings that are finalized 200 ms after their end, base then reads 6 % twice, where it would read
20 % twice when not in a hurry, and gets 7.06 % of the words wrong instead of 6.98; never twice,
7.28. Tiny reads 8 % twice instead of 42 %: 8.81 % wrong instead of 8.74."""
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
_LONGEST_TOKEN_S = 1.2
"""Active speech that one token can hold. Of 328 windows of development recordings, cut anywhere,
the longest token of a sound reading has 0.96; where the model jumped over words, 1.8."""


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


class Ear:
    """A model's graphs, hearing windows of one stream."""

    def __init__(self, graph: Graph, stream: RecognizerStream) -> None:
        self.graph = graph
        self._stream = stream if isinstance(stream, MoonshineStream) else MoonshineStream()

    def encode(self, samples: Samples, earlier: Settled | None = None) -> Encoded:
        """Hear samples at 16 kHz, perhaps from what is settled of fewer."""
        encoded, blocks = self.graph.encode_growing(samples, self._stream.blocks, earlier)
        self._stream.keep(blocks)
        return encoded


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """The samples of a window, and which of its frames of 10 ms hold speech."""

    samples: Samples
    active: NDArray[np.bool_]

    @property
    def spoken_s(self) -> float:
        """Speech in it."""
        return 0.01 * float(np.count_nonzero(self.active))


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What was decoded, and when in the window each id and the end of the text were said."""

    decoded: Decoded
    starts_ms: IndexArray
    ends_ms: IndexArray
    longest_s: float
    """Most speech in the stretch of one id: where there is much, the model jumped over words."""
    settled: Settled | None = None
    """What a longer window starts from."""

    def is_sound(self, sound: Sound) -> bool:
        """Whether it says about as much as was spoken."""
        if self.decoded.ran_in_circles or self.longest_s > _LONGEST_TOKEN_S:
            return False
        is_long = sound.spoken_s >= _SHAKEN_FROM_S
        return not is_long or len(self.decoded.ids) >= _FEWEST_TOKENS_PER_SECOND * sound.spoken_s

    def is_doubtful(self, doubt_logprob: float) -> bool:
        """Whether it is worth a second look when it is sound."""
        return _NOISE_LOGPROB <= self.decoded.mean_logprob < doubt_logprob

    def merit(self, sound: Sound) -> tuple[bool, float]:
        """Return what to compare readings by: among unsound ones, the one that lost least."""
        is_sound = self.is_sound(sound)
        decoded = self.decoded
        return is_sound, decoded.mean_logprob if is_sound else float(len(decoded.ids))


def _read(
    ear: Ear,
    sound: Sound,
    draft: tuple[int, ...] = (),
    *,
    leading_ms: int = 0,
    is_last: bool = True,
    earlier: Settled | None = None,
) -> Reading:
    """Read a window once, with silence before it, and behind it when it ends in a pause."""
    samples = sound.samples
    if leading_ms or is_last:
        behind_ms = _TRAILING_MS if is_last else 0
        samples = np.concatenate((_silence(leading_ms), samples, _silence(behind_ms)))
    encoded = ear.encode(samples, earlier)
    decoded = decode(
        ear.graph,
        encoded.audio,
        token_cap(samples.size / SAMPLE_RATE_HZ),
        draft,
        is_never_empty=sound.spoken_s >= (_SHAKEN_FROM_S if is_last else _SPOKEN_FROM_S),
    )
    first, last = path(decoded.looks)
    starts_ms, ends_ms = first * _VECTOR_MS - leading_ms, (last + 1) * _VECTOR_MS - leading_ms
    longest_s = _longest_s(starts_ms, ends_ms, sound.active)
    settled = None if leading_ms or is_last else encoded.settled()
    return Reading(decoded, starts_ms, ends_ms, longest_s, settled)


def _longest_s(starts_ms: IndexArray, ends_ms: IndexArray, active: NDArray[np.bool_]) -> float:
    """Return the most speech in one stretch, in seconds; 0 where speech and noise are one."""
    if active.all():
        return 0.0
    spoken = np.concatenate(([0], np.cumsum(active)))
    first, last = (np.clip(edges_ms // 10, 0, active.size) for edges_ms in (starts_ms, ends_ms))
    return 0.01 * float((spoken[last] - spoken[first]).max())


def read_last(
    ear: Ear,
    sound: Sound,
    draft: tuple[int, ...],
    doubt_logprob: float,
    earlier: Settled | None = None,
    *,
    first: Reading | None = None,
) -> Reading:
    """Read a window that ends in a pause; when in doubt, more than once.

    The models are brittle: where a window begins, by hundredths of a second, can decide between two
    readings, and now and then an utterance becomes two words. The reading that the model itself
    finds more probable is the better one more often than not.

    Args:
        ear: What hears it.
        sound: The window.
        draft: Ids of what was read before of it.
        doubt_logprob: Mean log-probability below which it is read a second time.
        earlier: What is settled of a shorter window, for the first reading.
        first: The first reading, where it is known.
    """
    best = first or _read(ear, sound, draft, earlier=earlier)
    for leading_ms in _LEADING_MS:
        is_sound = best.is_sound(sound)
        is_doubtful = best.is_doubtful(doubt_logprob)
        if is_sound and not (is_doubtful and leading_ms == _LEADING_MS[0]):
            break
        # The first reading is a draft of the second, unless it is known to be wrong.
        known = best.decoded.ids if is_sound else ()
        again = _read(ear, sound, known, leading_ms=leading_ms)
        if again.merit(sound) > best.merit(sound):
            best = again
    return best


def read_hurried(
    ear: Ear,
    sound: Sound,
    draft: tuple[int, ...],
    doubt_logprob: float,
    earlier: Settled | None = None,
) -> tuple[Reading, bool]:
    """Read a window that ends in a pause for somebody who waits: mostly once.

    Returns:
        The reading, and whether it is the first one that `read_last` would look at again.
    """
    first = _read(ear, sound, draft, earlier=earlier)
    if first.is_sound(sound) and not first.is_doubtful(_STRONG_DOUBT_LOGPROB):
        return first, first.is_doubtful(doubt_logprob)
    return read_last(ear, sound, draft, doubt_logprob, earlier, first=first), False


def read_growing(
    ear: Ear, sound: Sound, draft: tuple[int, ...], earlier: Settled | None = None
) -> Reading:
    """Read a window that ends anywhere; once more, from a little earlier, where words are missing.

    What jumped over words goes on doing so in longer windows, and would make later words final.

    Args:
        ear: What hears it.
        sound: The window.
        draft: Ids of what a shorter window said.
        earlier: What is settled of that.
    """
    reading = _read(ear, sound, draft, is_last=False, earlier=earlier)
    if reading.longest_s <= _LONGEST_TOKEN_S:
        return reading
    again = _read(ear, sound, leading_ms=_LEADING_MS[0], is_last=False)
    return again if again.longest_s < reading.longest_s else reading


def _silence(duration_ms: int) -> Samples:
    return np.zeros(duration_ms * SAMPLE_RATE_HZ // 1000, np.float32)
