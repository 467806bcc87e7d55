"""Where a server said that a turn was over, and what stood there: the evidence behind a rate.

A reference with punctuation tells whether an `<end>` inside a turn came between two sentences,
where a listener might well answer, or inside one, where nobody would. The words of the stream are
aligned with those of the reference, so that a misheard word moves no boundary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from oyez.bench import text
from oyez.bench.joints import align
from oyez.bench.streaming import MARKERS, Stream, Word
from oyez.protocol.tokens import TOKEN_TEXT_END

_CLOSERS: Final = "\"'”’)]"
_STOPS: Final = (".", "?", "!")
_MARKS: Final = frozenset(".?!,;:")
_SHOWN_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class End:
    """An `<end>`."""

    at_s: float
    """When it was received."""
    heard_s: float
    """How much audio the server had processed by then: what it waited for, without the time that
    chunks and computing take."""
    words: int
    """Final words before it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A false `<end>`: one that came while its turn went on."""

    pause_s: float
    """Length of the pause that it came in or after; 0.0 when there was none."""
    before: str
    after: str
    """Words on both sides."""
    is_between: bool | None = None
    """Whether a sentence ended there; None where the reference has no punctuation."""

    def describe(self, name: str) -> str:
        """Return a line for a report."""
        between = {None: "", True: ", between sentences", False: ", inside a sentence"}
        pause = f"{1000 * self.pause_s:.0f} ms{between[self.is_between]}"
        return f"{name}: ... {self.before} <end> {self.after} ... ({pause})"


def ends_of(stream: Stream) -> list[End]:
    """Return every `<end>` of a stream, in order."""
    ends: list[End] = []
    spoken = ""
    for arrival in stream.arrivals:
        heard_s = (arrival.event.total_audio_proc_ms or 0) / 1000
        for token in arrival.event.tokens:
            if token.text == TOKEN_TEXT_END:
                ends.append(End(arrival.at_s, heard_s, len(spoken.split())))
            if token.is_final:
                spoken += " " if token.text in MARKERS else token.text
    return ends


def around(words: Sequence[Word], count: int) -> tuple[str, str]:
    """Return the last few of the first `count` words, and the first few of the others."""
    before, after = words[max(count - _SHOWN_WORDS, 0) : count], words[count:][:_SHOWN_WORDS]
    return " ".join(word.text for word in before), " ".join(word.text for word in after)


def boundaries(reference: str, words: Sequence[Word]) -> set[int] | None:
    """Return after how many of these words a sentence of the reference ends.

    Returns:
        None when the reference has no punctuation, so that nobody can tell.
    """
    if not _MARKS.intersection(reference):
        return None
    raw = [word for word in reference.split() if text.key(word)]
    said = [(count, text.key(word.text)) for count, word in enumerate(words, 1)]
    said = [(count, key) for count, key in said if key]
    found: set[int] = set()
    for step in align([text.key(word) for word in raw], [key for _, key in said]):
        for index in range(step.ref_start, step.ref_end):
            if raw[index].rstrip(_CLOSERS).endswith(_STOPS):
                last = min(step.hyp_start + index - step.ref_start + 1, step.hyp_end)
                found.add(said[last - 1][0] if last else 0)
    return found


def words_before(words: Iterable[Word], at_s: float) -> int:
    """Return how many words were said before a time."""
    return sum((word.start_s + word.end_s) / 2 < at_s for word in words)
