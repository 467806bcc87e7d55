"""When words appear on the screen, when they become final, and how often they are taken back.

The definitions and their sources are in `oyez.bench.metrics`. When a word ended is told by the word
times of the data where a recording has them (`.words.json`), else by the server's own token times;
the result says how many words were timed by which.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from oyez.bench.joints import keyed
from oyez.bench.metrics import (
    erased_words,
    final_at,
    final_words,
    matched_words,
    shown_at,
    unstable_words,
)
from oyez.bench.stats import Summary, summary
from oyez.bench.streaming import Stream, Word
from oyez.bench.views import views_of


@dataclass(slots=True)
class Tally:
    """Everything measured, in seconds, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)
    """The recording of each measurement."""
    problems: list[str] = field(default_factory=list)
    inner_endpoints: int = 0
    inner_pauses: int = 0
    erased: int = 0
    unstable: int = 0
    words: int = 0
    words_timed_by_data: int = 0

    def add(self, name: str, value: float, source: str = "") -> None:
        """Add one measurement."""
        self.seconds.setdefault(name, []).append(value)
        self.sources.setdefault(name, []).append(source)

    def summary(self, name: str) -> Summary | None:
        """Return one metric in a line; None where nothing was measured."""
        sources = self.sources.get(name, [])
        return summary(self.seconds.get(name, []), sources if any(sources) else None)

    @property
    def upwr(self) -> float:
        """The unstable partial word ratio."""
        return self.unstable / max(self.words, 1)

    @property
    def erasure(self) -> float:
        """The normalized erasure."""
        return self.erased / max(self.words, 1)


def judge_words(
    stream: Stream, tally: Tally, *, source: str = "", known: Sequence[Word] = ()
) -> None:
    """Take the emission delays of the words, and how many were taken back.

    Args:
        stream: What came back.
        tally: Takes the measurements.
        source: The name of the recording.
        known: Its words with their times, where the data has them.
    """
    views = views_of(stream)
    words = final_words(views)
    tally.erased += erased_words(views)
    tally.unstable += unstable_words(views)
    tally.words += len(words)
    timed: list[Word | None] = [*keyed(stream.words)]
    if known:
        timed = matched_words(words, keyed(known))
        tally.words_timed_by_data += sum(word is not None for word in timed)
    last = max((index for index, word in enumerate(timed) if word is not None), default=None)
    shown = shown_at(views, [None if word is None else word.start_s for word in timed])
    settled = final_at(views)
    for index, word in enumerate(timed):
        if word is None:
            continue
        tally.add("word shown", shown[index] - word.end_s, source)
        if index == last:
            tally.add("last word", shown[index] - word.end_s, source)
        final_s = settled[index]
        if final_s is None:
            tally.problems.append(f"{source}: the word {words[index]!r} never became final")
        else:
            tally.add("word final", final_s - word.end_s, source)
