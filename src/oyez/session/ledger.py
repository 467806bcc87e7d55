"""What has been said to the client: tokens out, and the two counters."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from oyez.protocol.messages import Results
from oyez.protocol.tokens import Token, marker
from oyez.transcript.words import Word

SENTENCE_ENDS: Final = (".", "?", "!")
"""What a token that ends a sentence ends with."""


class Ledger:
    """Collects what the client must be told next.

    Promises kept here: a final token is said once; times of final tokens never go back, and no
    token overlaps the one before; the counters never decrease, `total` is never below `final`, and
    `final` has reached the end of every final token said.

    Args:
        language: Written on every token, when the client asked for languages.
        shows_non_final: Whether the client wants non-final tokens.
        progress_ms: Audio between messages that carry nothing but counters.
    """

    def __init__(
        self, *, language: str | None, shows_non_final: bool = True, progress_ms: int = 1_000
    ) -> None:
        self._language = language
        self._shows_non_final = shows_non_final
        self._progress_ms = progress_ms
        self._ready: list[Results] = []
        """Messages that are complete: each ends with a marker."""
        self._new: list[Token] = []
        self._shown: tuple[Token, ...] = ()
        self._is_due = False
        self._is_announced = False
        """Whether a word was said since the last marker, final or not."""
        self._reported_ms = 0
        self._reported_final_ms = 0
        self._last_end_ms = 0
        self._has_text = False
        self.ends_sentence = False
        """Whether the last final word ends a sentence."""
        self.final_ms = 0
        self.total_ms = 0
        self.token_count = 0
        """Final tokens of speech said so far."""

    def finalize(self, words: Sequence[Word]) -> None:
        """Say words, final."""
        tokens = self._tokens(words, is_final=True)
        if not tokens:
            return
        self._new += tokens
        self._has_text = True
        self.ends_sentence = tokens[-1].text.endswith(SENTENCE_ENDS)
        self._last_end_ms = tokens[-1].end_ms
        self.token_count += len(tokens)
        self.advance(final_ms=self._last_end_ms, total_ms=self._last_end_ms)
        self._is_due = True

    def show(self, words: Sequence[Word], *, until_ms: int) -> None:
        """Replace the non-final words by these, read from audio up to `until_ms`."""
        shown = self._tokens(words, is_final=False) if self._shows_non_final else ()
        self.advance(final_ms=self.final_ms, total_ms=until_ms)
        self._is_due = self._is_due or shown != self._shown
        self._shown = shown

    def mark(self, text: str, *, at_ms: int) -> None:
        """Say a marker; everything before it is final.

        A marker ends its message: known clients raise one event a message, however many it holds.
        And words are shown before they are final in the same message as a marker, because a known
        client learns of speech from the messages before the one that ends it.
        """
        self._shown = ()
        if self._new and not self._is_announced and self._shows_non_final:
            guesses = tuple(replace(token, is_final=False) for token in self._new)
            self._ready.append(Results(guesses, self._reported_final_ms, self.total_ms))
        self.advance(final_ms=at_ms, total_ms=at_ms)
        self._new.append(marker(text, self.final_ms))
        self._ready.append(self._message())
        # The next token starts later than the marker: a known client compares the two.
        self._last_end_ms = self.final_ms + 1
        self._is_announced = False

    def advance(self, *, final_ms: int, total_ms: int) -> None:
        """Move the counters; a step back is no step."""
        self.final_ms = max(self.final_ms, final_ms)
        self.total_ms = max(self.total_ms, total_ms, self.final_ms)
        if self.total_ms - self._reported_ms >= self._progress_ms:
            self._is_due = True

    def take(self) -> list[Results]:
        """Return the messages that are due, in order; none when there is nothing to say."""
        if self._is_due:
            self._ready.append(self._message())
        ready, self._ready = self._ready, []
        return ready

    def _message(self) -> Results:
        results = Results((*self._new, *self._shown), self.final_ms, self.total_ms)
        self._is_announced = self._is_announced or bool(results.tokens)
        self._reported_final_ms = self.final_ms
        self._new = []
        self._is_due = False
        self._reported_ms = self.total_ms
        return results

    def _tokens(self, words: Sequence[Word], *, is_final: bool) -> tuple[Token, ...]:
        tokens: list[Token] = []
        earliest_ms = self._last_end_ms
        when = _moved_behind(words, earliest_ms)
        for word in words:
            for piece in word.tokens:
                is_first = not self._has_text and not tokens
                text = piece.text.lstrip() if is_first else piece.text
                start_ms = max(when(piece.start_ms), earliest_ms)
                end_ms = max(when(piece.end_ms), start_ms + 1)
                earliest_ms = end_ms
                confidence = min(math.exp(piece.logprob), 1.0)
                tokens.append(
                    Token(text, start_ms, end_ms, confidence, is_final, language=self._language)
                )
        return tuple(tokens)


def _moved_behind(words: Sequence[Word], earliest_ms: int) -> Callable[[int], int]:
    """Return how to move the words' times so that none lies before `earliest_ms`.

    A new reading may place words a little earlier than the one before it placed those that are
    final already. The words then share what is left of their time in proportion, rather than
    crowd into its first millisecond.
    """
    if not words or words[0].start_ms >= earliest_ms:
        return lambda time_ms: time_ms
    start_ms, end_ms = words[0].start_ms, words[-1].end_ms
    left = max(end_ms - earliest_ms, 0) / max(end_ms - start_ms, 1)
    return lambda time_ms: earliest_ms + round((time_ms - start_ms) * left)
