"""Vectors to ids: greedy decoding, sped up by a draft and stopped when it runs in circles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from oyez.engines.moonshine.graph import Cache, FloatArray
from oyez.engines.moonshine.vocabulary import BOS, EOS

TOKENS_PER_SECOND = 6.5
"""More than anyone says. The publisher's own bound for languages in Latin letters."""

_LONGEST_CYCLE = 24
"""Ids in the longest phrase whose repetition is looked for."""
_FEWEST_ROUNDS = 3
"""A phrase said twice is said twice."""
_FEWEST_REPEATED = 8
"""Ids that repetition must have added: "no, no, no" and "0 0 0 0" are speech."""


class Reader(Protocol):
    """The part of `graph.Graph` that decoding needs."""

    def start(self, vectors: FloatArray, ids: list[int]) -> tuple[FloatArray, Cache]:
        """Read the first ids of a text in one pass."""

    def step(self, cache: Cache, token: int) -> FloatArray:
        """Read one more id."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The ids of one text, without opening and ending ids."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    """Natural logarithm of each id's probability given those before it."""
    passes: int
    """Calls of the decoder that it took."""


def token_cap(seconds: float) -> int:
    """Most ids that audio of this length can hold."""
    return math.ceil(seconds * TOKENS_PER_SECOND)


def decode(reader: Reader, vectors: FloatArray, max_ids: int, draft: Sequence[int] = ()) -> Decoded:
    """Choose the most probable id again and again until the text ends.

    A draft is checked in the first pass: its ids are kept as long as each is the most probable one
    after those before it, and decoding goes on from there. The result is what it would be without
    the draft, but for rounding: the 8-bit graphs round a pass over many ids otherwise than many
    passes over one.

    Args:
        reader: The model.
        vectors: What its encoder returned.
        max_ids: Where to stop in any case.
        draft: Ids of an earlier reading of the same utterance.
    """
    ids = list(draft[:max_ids])
    rows, cache = reader.start(vectors, [BOS, *ids])
    chosen = rows.argmax(axis=1)
    agreed = 0
    while agreed < len(ids) and chosen[agreed] == ids[agreed]:
        agreed += 1
    del ids[agreed:]
    cache.truncate(1 + agreed)
    logprobs = [_logprob(rows[index], token) for index, token in enumerate(ids)]
    row, passes = rows[agreed], 1
    while len(ids) < max_ids:
        token = int(row.argmax())
        if token == EOS:
            break
        ids.append(token)
        logprobs.append(_logprob(row, token))
        repeated = repeated_tail(ids)
        if repeated:
            del ids[-repeated:], logprobs[-repeated:]
            break
        row, passes = reader.step(cache, token), passes + 1
    return Decoded(tuple(ids), tuple(logprobs), passes)


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


def _logprob(row: FloatArray, token: int) -> float:
    peak = row.max()
    return min(0.0, float(row[token] - peak - np.log(np.exp(row - peak).sum())))
