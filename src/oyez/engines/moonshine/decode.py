"""Audio to ids: greedy decoding, sped up by a draft and stopped when it runs in circles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from oyez.engines.moonshine.encoder import Audio
from oyez.engines.moonshine.graph import Cache, FloatArray, Foretold
from oyez.engines.moonshine.vocabulary import BOS, EOS

TOKENS_PER_SECOND = 6.5
"""More than anyone says. The publisher's own bound for languages in Latin letters."""

_LONGEST_SKIP = 2
"""Ids of a draft that may have been dropped in one place."""
_PROBE_IDS = 2
"""Ids of a draft that are proposed where it is not known whether it goes on."""
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
    became a full stop, it is proposed from where it seems to go on (`_Rest`). The result is what it
    would be without a draft, but for rounding: the 8-bit graphs round a pass over many ids
    otherwise than passes over one.

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
    rest = _Rest(proposal)
    foretold, cache = reader.start(audio, [BOS, *proposal])
    passes = 1
    while True:
        taken = 0
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
                rest = _Rest(())
                break
            if token != proposed:
                break
            taken += 1
        proposal = rest.after(ids, taken)
        cache.truncate(len(ids))  # the opening id, and all but the last of these
        foretold, passes = reader.read(cache, [token, *proposal]), passes + 1


class _Rest:
    """What is left of a draft, and which of it to propose next.

    A pass over one id costs what its weights take to fetch, and each id more a thirteenth of that
    (base; tiny a tenth), so a proposal must be likely to be taken. On 1,528 readings of development
    recordings these rules cost 14 % less of the decoder's time than proposing the whole rest up to
    three times in a row, by the count of passes and ids, and with tiny 19 % less.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = list(ids)
        self._offset = 0
        """Of the last proposal in them."""
        self._is_lost = False
        """Whether the last id was neither proposed nor found."""

    def after(self, said: Sequence[int], taken: int) -> list[int]:
        """Return what to propose after an id that was not proposed.

        Args:
            said: All ids so far; the last is not that which was proposed after `taken` others.
            taken: How many of the last proposal's ids were taken before it.
        """
        if taken:
            del self._ids[: self._offset + taken]
            self._is_lost = False
        self._offset = 0
        place = self._find(said)
        if place is not None:
            del self._ids[: place + 1]
            return self._ids[:]
        # Perhaps the id replaced one. After a second such id the draft is silent until it is found
        # again. A single id, often the full stop where the earlier window ended, is worth no try.
        was_lost, self._is_lost = self._is_lost, True
        self._offset = 1
        probe = self._ids[1 : 1 + _PROBE_IDS]
        return [] if was_lost or len(probe) < _PROBE_IDS else probe

    def _find(self, said: Sequence[int]) -> int | None:
        """Return where the last id is: near, or anywhere behind the one that came before it."""
        token, before = said[-1], said[-2:-1]
        near = self._ids[: 2 + _LONGEST_SKIP]
        if token in near:
            return near.index(token)
        for place in range(1, len(self._ids)):
            if self._ids[place] == token and self._ids[place - 1 : place] == before:
                return place
        return None


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
