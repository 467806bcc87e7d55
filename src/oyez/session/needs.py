"""What the walk waits for: readings of audio, and the answers to them."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeAlias

from oyez.transcript.hypothesis import Hypothesis


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A part of an earlier reading, in samples of the stream."""

    hypothesis: Hypothesis
    start: int
    """Where that reading begins."""
    begin: int
    """Words before it are left out."""
    end: int | None = None
    """Words behind it are left out; None for nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """Audio that must be read before the walk goes on, in samples of the stream.

    Equal needs have equal answers: they read the same audio from the very same drafts.
    """

    start: int
    end: int
    drafts: tuple[Passage, ...] = field(default=(), repr=False)
    """Earlier readings of parts of it, in order."""
    is_last: bool = False
    """The audio ends in a pause and its words will be final."""
    is_hurried: bool = False
    """Somebody waits who would rather not wait for a better reading."""
    is_urgent: bool = False
    """Somebody waits for the words."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Need) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        drafts = ((id(draft.hypothesis), draft.begin, draft.end) for draft in self.drafts)
        return (self.start, self.end, self.is_last, self.is_hurried, *drafts)


Needs: TypeAlias = tuple[Need, ...]
"""Empty: the walk waits for audio."""
Answers: TypeAlias = tuple[Hypothesis, ...]
Steps: TypeAlias = Generator[Needs, Answers, None]
