"""What a JavaScript client told during a talk."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from conformance.talk import Talk
from oyez.types import RealtimeEvent


@dataclass(frozen=True)
class Told:
    """What a talk left behind."""

    entries: list[dict[str, Any]]
    """What was noted, in order: `event` says what it is."""
    shown: str = ""
    """The words on the page at the end."""
    complaints: list[str] = field(default_factory=list)
    """Exceptions that nobody caught, and errors in the console."""

    @property
    def order(self) -> list[str]:
        return [entry["event"] for entry in self.entries]

    @property
    def states(self) -> list[str]:
        return [entry["state"] for entry in self.all("state")]

    @cached_property
    def talk(self) -> Talk:
        """Every message of the server, held against the rules that each stream keeps."""
        talk = Talk()
        for entry in self.all("result"):
            talk.hear(RealtimeEvent.model_validate(entry["message"]))
        return talk

    def all(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["event"] == event]

    def one(self, event: str) -> dict[str, Any]:
        (entry,) = self.all(event)
        return entry

    def until(self, event: str) -> "Told":
        """What was told before the first such event."""
        return Told(self.entries[: self.order.index(event)])

    def after(self, event: str) -> "Told":
        """What was told after the first such event."""
        return Told(self.entries[self.order.index(event) + 1 :])
