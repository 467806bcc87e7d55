"""What the events of a stream add up to."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oyez.protocol.tokens import TOKEN_TEXT_END, Token

if TYPE_CHECKING:
    from oyez.client.events import RealtimeEvent


@dataclass(frozen=True, slots=True)
class Update:
    """What one event brought."""

    new: tuple[Token, ...]
    """Final tokens that were not there before, markers included."""
    pending: tuple[Token, ...]
    """The non-final tokens of now."""


@dataclass(slots=True)
class Transcript:
    """Everything a stream has said so far."""

    final: list[Token] = field(default_factory=list)
    """All final tokens, markers included."""
    audio_ms: int = 0
    """Audio that the server has worked through."""

    def take(self, event: "RealtimeEvent") -> Update:
        """Add an event and return what is new in it."""
        self.audio_ms = max(self.audio_ms, event.total_audio_proc_ms or 0)
        from oyez.client.captions import complete

        earlier_ms = self.final[-1].end_ms if self.final else 0
        tokens = [complete(token, earlier_ms) for token in event.tokens]
        new = tuple(token for token in tokens if token.is_final)
        self.final += new
        return Update(new, tuple(token for token in tokens if not token.is_final))

    @property
    def has_words(self) -> bool:
        """Whether anything but markers was said."""
        return any(not token.is_marker for token in self.final)


def is_endpoint(token: Token) -> bool:
    """Whether an utterance ends here."""
    return token.text == TOKEN_TEXT_END
