"""Readings: the work a session asks of the runtime."""

from dataclasses import dataclass, field
from enum import Enum

from oyez.engines.base import Window
from oyez.session.needs import Need


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

    need: Need
    """What it reads."""
    purpose: Purpose
    """May rise while it is under way; the session then hands it out once more."""
    window: Window = field(repr=False)
