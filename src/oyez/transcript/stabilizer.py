"""The rule that makes words of a growing utterance final before it ends.

Local agreement (Liu, Spanakis and Niehues, "Low-latency sequence-to-sequence speech recognition and
translation by partial hypothesis selection", Interspeech 2020; its use for growing windows follows
Macháček, Dabre and Bojar, "Turning Whisper into real-time transcription system", 2023): a word is
final once consecutive readings agree on it and on everything before it. How many must agree depends
on how sure the model is of the word: the surer, the fewer. A reading that is doubtful as a whole
needs more of them, or makes nothing final: what a model says surely among doubtful words is wrong
more often than its probability tells. Words near the edge of the audio are held back, because there
the model was cut in mid-word.

Punctuation depends on what follows it more than words do: it is final with the word behind it.

A final word is never taken back. When a later reading puts it differently, the later reading is
aligned to what was said, and only what follows is new. Where the text leads to a place at quite
another time, as it does when a model jumps over words or a phrase is said twice, time decides.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import Final

from oyez.transcript.alignment import common_prefix, words_covered
from oyez.transcript.hypothesis import HypothesisToken
from oyez.transcript.words import Word, mean_logprob

LEAST_PAIR_MS: Final = 90
"""Two words that take less time together were guessed, not heard: where the sound falls away, the
models go on with what they said before. Anything from 40 to 150 ms does."""
FAR_MS: Final = 1_000
"""What a reading says at a time that far from where the last final word ended is something else.
Times of words are a tenth of that off at the worst."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many consecutive readings must agree on a word to make it final early."""

    least_logprobs: tuple[float, ...] = (math.inf, -math.inf)
    """Least log-probability of every token of a word, but for punctuation, by the number of
    readings that agree on it and on all before it: the first item is for one reading, the last for
    as many or more. A doubtful word, and all that follow it, wait."""
    doubt_mean_logprob: float = -math.inf
    """Mean log-probability of a token, of the words of a reading that might become final, below
    which one more reading must agree."""
    least_mean_logprob: float = -math.inf
    """The same below which none of them becomes final."""

    def bounds(self, agreeing: Sequence[int], words: Sequence[Word]) -> list[float]:
        """Return the least log-probability of each of these words.

        Args:
            agreeing: How many readings agree on each word and on all before it, the latest
                included.
            words: Of the latest reading, those that might become final.
        """
        mean = mean_logprob(words)
        if mean < self.least_mean_logprob:
            return [math.inf] * len(words)
        missing = 1 + (mean < self.doubt_mean_logprob)
        last = len(self.least_logprobs) - 1
        return [
            self.least_logprobs[min(count - missing, last)] if count >= missing else math.inf
            for count in agreeing[: len(words)]
        ]

    @property
    def readings(self) -> int:
        """Most readings that are looked at."""
        return len(self.least_logprobs) + 1


class Stabilizer:
    """Decides about the words of one segment of audio.

    Args:
        agreement: When words become final early.
        settle_logprob: Least log-probability of every token of a word, but for punctuation, that
            becomes final in a pause. A doubtful word, and all that follow it, wait.
        carried: Keys of final words that the segment's audio begins with.
    """

    def __init__(
        self,
        *,
        agreement: Agreement = Agreement(),
        settle_logprob: float = -math.inf,
        carried: Sequence[str] = (),
    ) -> None:
        self._agreement = agreement
        self._settle_logprob = settle_logprob
        self._said = list(carried)
        self._said_until_ms: int | None = None
        """Where the last of them ended; not known of carried ones."""
        self._readings: list[list[Word]] = []
        self._owes_mark = bool(carried)
        """Whether the last final word was said without the punctuation that follows it."""

    @property
    def said(self) -> tuple[str, ...]:
        """Keys of the segment's words that are final."""
        return tuple(self._said)

    def offer(self, words: Sequence[Word], *, stable_until_ms: int) -> list[Word]:
        """Take a reading of the whole segment and return the words that it makes final.

        Args:
            words: The reading, from the start of the segment.
            stable_until_ms: Words that end later are held back, in stream time.
        """
        pending, mark = self._pending(words)
        self._readings = [*self._readings, pending][-self._agreement.readings :]
        heard = [*takewhile(lambda word: word.end_ms <= stable_until_ms, _heard(pending))]
        least = self._agreement.bounds(self._agreeing(pending), heard)
        sure = takewhile(
            lambda pair: pair[0].said_logprob >= pair[1], zip(heard, least, strict=True)
        )
        new = [word for word, _ in sure]
        self._readings = [reading[len(new) :] for reading in self._readings]
        return self._say_unmarked(new, mark) if new else []

    def _agreeing(self, pending: Sequence[Word]) -> list[int]:
        """Return how many readings agree on each word of the latest one, and on all before it."""
        counts = [1] * len(pending)
        keys = [word.key for word in pending]
        agreed = len(keys)
        for reading in reversed(self._readings[:-1]):
            agreed = min(agreed, common_prefix(keys, [word.key for word in reading]))
            for index in range(agreed):
                counts[index] += 1
        return counts

    def pending(self, words: Sequence[Word]) -> list[Word]:
        """Return the words of a reading that follow those that are final.

        A mark, which is punctuation that the last final word was said without, is the first of
        them; it has no key.
        """
        pending, mark = self._pending(words)
        return [*mark, *pending]

    def settle(self, words: Sequence[Word]) -> list[Word]:
        """Take a reading that ends in a pause; return its words before the first doubtful one.

        They are final: the model was not cut in mid-word. But it takes every pause for the end of a
        sentence, which is one more reason why the last mark waits, and why its doubts do not count.
        """
        pending, mark = self._pending(words)
        new = [*takewhile(lambda word: word.said_logprob >= self._settle_logprob, pending)]
        if not new:
            return []
        self._readings = []
        return self._say_unmarked(new, mark)

    def close(self, words: Sequence[Word]) -> list[Word]:
        """Return the words that the segment's last reading adds, all of them final."""
        pending, mark = self._pending(words)
        self._readings = []
        return self._say(pending, mark)

    def _say(self, new: Sequence[Word], mark: Sequence[Word]) -> list[Word]:
        self._said += [word.key for word in new]
        if new:
            self._said_until_ms = new[-1].end_ms
        self._owes_mark = False
        return [*mark, *new]

    def _say_unmarked(self, new: Sequence[Word], mark: Sequence[Word]) -> list[Word]:
        *said, last = self._say(new, mark)
        self._owes_mark = True
        return [*said, last.unmarked]

    def _pending(self, words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
        """Return the words that follow those that are final, and the mark between the two."""
        covered = self._covered(words)
        mark: tuple[HypothesisToken, ...] = ()
        if self._owes_mark and covered:
            last = words[covered - 1]
            # One reading's "shop boy" is another's "shop-boy".
            if last.key.endswith(self._said[-1]) or self._said[-1].endswith(last.key):
                mark = last.mark
        return list(words[covered:]), [Word(mark, "")] if mark else []

    def _covered(self, words: Sequence[Word]) -> int:
        """Return how many words of a reading are final already."""
        covered = words_covered(self._said, [word.key for word in words])
        until_ms = self._said_until_ms
        if until_ms is None or not covered:
            return covered
        if abs(words[covered - 1].end_ms - until_ms) <= FAR_MS:
            return covered
        return sum(word.start_ms + word.end_ms <= 2 * until_ms for word in words)


def _heard(words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words before the first two that were guessed."""
    for word, following in zip_longest(words, words[1:]):
        if following is not None and following.end_ms - word.start_ms < LEAST_PAIR_MS:
            return
        yield word
