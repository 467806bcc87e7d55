"""Readings: the work a session asks of the runtime."""

from dataclasses import dataclass, field
from enum import Enum

from oyez.engines.base import Window


class Purpose(Enum):
    """What a reading is for; it decides how soon it is wanted."""

    FINAL = "final"
    """Somebody waits for these words to be final."""
    COMMIT = "commit"
    """The walk goes on when it is answered."""
    PARTIAL = "partial"
    """Shows words early. It may be refused: a later one will do."""


@dataclass(slots=True, eq=False)
class Reading:
    """One window of audio to be read by the engine. Each is itself, whatever it reads."""

    start: int
    """First sample, from the start of the stream."""
    end: int
    """Sample after the last one."""
    is_clean: bool
    """Whether it is read without a draft, so that its answer depends on the audio alone."""
    purpose: Purpose
    """May rise while it is under way; the session then hands it out once more."""
    window: Window = field(repr=False)

    @property
    def key(self) -> tuple[int, int]:
        """The audio it reads."""
        return (self.start, self.end)
