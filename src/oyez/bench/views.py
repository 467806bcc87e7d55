"""What a reader of the live transcript saw, message by message: the same shape for every system.

A `View` is the whole transcript as it stood after one message, in words as they are compared
(letters and digits, lower case; a hyphenated word is two), the final ones first. All metrics of
`oyez.bench.metrics` are functions of views, so that a stream of ours, a stream of another server
and a library's callbacks are measured by the same code.
"""

from dataclasses import dataclass

from oyez.bench.joints import keyed, keys_of
from oyez.bench.streaming import Stream, words_of
from oyez.client.events import Token


@dataclass(frozen=True, slots=True)
class View:
    """The transcript after one message."""

    at_s: float
    """When it was received, in seconds since the first sample was spoken."""
    words: tuple[str, ...]
    """All of it; final words first."""
    final_count: int
    """How many of the words are final."""

    @property
    def has_draft(self) -> bool:
        """Whether any word may still change."""
        return len(self.words) > self.final_count

    @property
    def final(self) -> tuple[str, ...]:
        """The words that will not change."""
        return self.words[: self.final_count]


def views_of(stream: Stream) -> list[View]:
    """Return what the reader of a stream saw.

    A word whose last piece is not final yet counts as not final.
    """
    views = []
    final: list[Token] = []
    for arrival in stream.arrivals:
        final += [token for token in arrival.event.tokens if token.is_final]
        draft = [token for token in arrival.event.tokens if not token.is_final]
        words = [word.text for word in keyed(words_of([*final, *draft]))]
        settled = [word.text for word in keyed(words_of(final))]
        if settled and words[len(settled) - 1] != settled[-1]:
            settled.pop()
        views.append(View(arrival.at_s, tuple(words), len(settled)))
    return views


def view_of_texts(at_s: float, final: str, draft: str) -> View:
    """Return the view of a system that reports texts."""
    settled = keys_of(final)
    return View(at_s, (*settled, *keys_of(draft)), len(settled))
