"""Audio to ids: greedy decoding, sped up by a draft and stopped when it runs in circles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from oyez.engines.moonshine.graph import Audio, Cache, FloatArray, Foretold
from oyez.engines.moonshine.vocabulary import BOS, EOS

TOKENS_PER_SECOND = 6.5
"""More than anyone says. The publisher's own bound for languages in Latin letters."""

_LONGEST_SKIP = 3
"""Ids of a draft that may have been dropped in one place."""
_MOST_MISSES = 3
"""Proposals in a row that may fail before the rest of a draft is given up."""
_LONGEST_CYCLE = 24
"""Ids in the longest phrase whose repetition is looked for."""
_FEWEST_ROUNDS = 3
"""A phrase said twice is said twice."""
_MOST_DETOURS = 2
"""Circles that are left; a text with more of them is given up."""
_FEWEST_REPEATED = 8
"""Ids that repetition must have added: "no, no, no" and "0 0 0 0" are speech."""


class Reader(Protocol):
    """The part of `graph.Graph` that decoding needs."""

    def start(self, audio: Audio, ids: list[int]) -> tuple[Foretold, Cache]:
        """Read the first ids of a text in one pass."""

    def read(self, cache: Cache, ids: list[int]) -> Foretold:
        """Read more ids in one pass."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The ids of one text, without opening and ending ids."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    """Natural logarithm of each id's probability given those before it."""
    passes: int
    """Calls of the decoder that it took."""
    ran_in_circles: bool = False
    """Whether it was stopped because it repeated itself; what followed was not read."""
    looks: FloatArray = field(
        default_factory=lambda: np.zeros((0, 1, 0), np.float32), compare=False, repr=False
    )
    """Where in the audio each id was read, and then what followed them: shape (heads, ids + 1,
    vectors); no heads where the reader keeps none."""

    @property
    def mean_logprob(self) -> float:
        """Mean log-probability of an id; minus infinity for no ids, which say nothing."""
        return sum(self.logprobs) / len(self.logprobs) if self.logprobs else -math.inf


def token_cap(seconds: float) -> int:
    """Most ids that audio of this length can hold."""
    return math.ceil(seconds * TOKENS_PER_SECOND)


def decode(
    reader: Reader,
    audio: Audio,
    max_ids: int,
    draft: Sequence[int] = (),
    *,
    is_never_empty: bool = False,
) -> Decoded:
    """Choose the most probable id again and again until the text ends.

    A draft is proposed to the model, which reads many ids in one pass: its ids are kept as long as
    each is the most probable one after those before it. After a disagreement, such as a comma that
    became a full stop, the rest is proposed again. The result is what it would be without a draft,
    but for rounding: the 8-bit graphs round a pass over many ids otherwise than passes over one.

    Args:
        reader: The model.
        audio: What its encoder returned.
        max_ids: Where to stop in any case.
        draft: Ids of an earlier reading of the same utterance.
        is_never_empty: Do not let the text end before its first id: base takes one of twenty
            utterances for empty at first, and reads them well when it must. What is no speech has
            little probability then.
    """
    ids: list[int] = []
    logprobs: list[float] = []
    seconds: list[tuple[int, float]] = []
    detours = 0
    proposal = list(draft[:max_ids])
    foretold, cache = reader.start(audio, [BOS, *proposal])
    passes, misses = 1, 0
    while True:
        # Row i foretells what follows proposal[:i]. The last row is news in any case.
        for (best, second), proposed in zip(_pairs(foretold), [*proposal, None], strict=True):
            token, logprob = best
            other = second
            if token == EOS and is_never_empty and not ids:
                (token, logprob), other = second, best
            if token == EOS or len(ids) >= max_ids:
                looks = cache.looks(len(ids) + 1)
                return Decoded(tuple(ids), tuple(logprobs), passes, looks=looks)
            ids.append(token)
            logprobs.append(logprob)
            seconds.append(other)
            repeated = repeated_tail(ids)
            if repeated:
                # Leave the circle where it closed, by the second best way.
                sound = len(ids) - repeated
                token, logprob = seconds[sound]
                del ids[sound:], logprobs[sound:], seconds[sound:]
                detours += 1
                if token == EOS or detours > _MOST_DETOURS:
                    looks = cache.looks(len(ids) + 1)
                    return Decoded(tuple(ids), tuple(logprobs), passes, True, looks)
                ids.append(token)
                logprobs.append(logprob)
                seconds.append((EOS, -math.inf))
                proposal = []
                break
            if token != proposed:
                break
            proposal, misses = proposal[1:], 0
        misses += 1
        proposal = _resume(proposal, token) if misses <= _MOST_MISSES else []
        cache.truncate(len(ids))  # the opening id, and all but the last of these
        foretold, passes = reader.read(cache, [token, *proposal]), passes + 1


def _resume(rest: list[int], token: int) -> list[int]:
    """What of a draft's rest to propose after `token`, which is not rest[0]."""
    skipped = rest[1 : 2 + _LONGEST_SKIP]
    if token in skipped:
        rest = rest[2 + skipped.index(token) :]
    # Else the token was put in before the rest, or replaced rest[0]; the next pass tells: its first
    # choice is rest[0] or, found by skipping, rest[1]. A single id, often the full stop where the
    # earlier window ended, is not worth proposing.
    return rest if len(rest) > 1 else []


def repeated_tail(ids: Sequence[int]) -> int:
    """How many ids at the end only repeat the phrase before them; 0 if the text is sound.

    Audio cut in the middle of a phrase can make the models say a phrase over and over.
    """
    for cycle in range(1, min(_LONGEST_CYCLE, len(ids) // _FEWEST_ROUNDS) + 1):
        repeated = 0
        while repeated + cycle < len(ids) and ids[-1 - repeated] == ids[-1 - repeated - cycle]:
            repeated += 1
        rounds = 1 + repeated // cycle
        if rounds >= _FEWEST_ROUNDS and repeated >= _FEWEST_REPEATED:
            return (rounds - 1) * cycle
    return 0


def _pairs(foretold: Foretold) -> list[list[tuple[int, float]]]:
    """Return the best and the second best id of each row, with their log-probabilities."""
    # Rounding can make a certain id's probability a little more than 1.
    logprobs = np.minimum(foretold.logprobs, 0.0).tolist()
    rows = zip(foretold.ids.tolist(), logprobs, strict=True)
    return [list(zip(ids, values, strict=True)) for ids, values in rows]
