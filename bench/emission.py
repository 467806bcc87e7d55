"""When words appear on the screen, when they become final, and how often they are taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import text
from bench.streaming import Stream, Word, words_of
from oyez.client.events import Token

SAME_WORD_S = 0.6
"""A word of a draft is the final one if it is the same and starts no further from it than this."""


@dataclass(slots=True)
class Tally:
    """Everything measured, in seconds, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    inner_endpoints: int = 0
    inner_pauses: int = 0
    erased: int = 0
    words: int = 0

    def add(self, name: str, value: float) -> None:
        """Add one measurement."""
        self.seconds.setdefault(name, []).append(value)


def judge_words(stream: Stream, tally: Tally) -> None:
    """Take the emission delays of the words, and how many were taken back."""
    finals = stream.words
    shown: list[float | None] = [None] * len(finals)
    settled = [0.0] * len(finals)
    final_tokens: list[Token] = []
    known: list[str] = []
    for arrival in stream.arrivals:
        final_tokens += [token for token in arrival.event.tokens if token.is_final]
        draft = [token for token in arrival.event.tokens if not token.is_final]
        words = words_of([*final_tokens, *draft])
        said = [text.key(word.text) for word in words]
        tally.erased += len(known) - same_start(known, said)
        known = said
        for index, final in enumerate(finals):
            if shown[index] is None and any(is_same(final, word) for word in words):
                shown[index] = arrival.at_s
        for index in range(len(words_of(final_tokens))):
            settled[index] = settled[index] or arrival.at_s
    tally.words += len(finals)
    for index, word in enumerate(finals):
        tally.add("word shown", (shown[index] or settled[index]) - word.end_s)
        tally.add("word final", settled[index] - word.end_s)


def same_start(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two transcripts have in common from their start on."""
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def is_same(one: Word, other: Word) -> bool:
    """Return whether two words of two readings are the same one."""
    is_near = abs(one.start_s - other.start_s) <= SAME_WORD_S
    return is_near and text.key(one.text) == text.key(other.text)
