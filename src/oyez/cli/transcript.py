"""What the events of a stream add up to."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oyez.protocol.tokens import TOKEN_TEXT_END, Token

if TYPE_CHECKING:
    from oyez.client.events import RealtimeEvent
    from oyez.client.events import Token as WireToken


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
        tokens = [self._token(token) for token in event.tokens]
        new = tuple(token for token in tokens if token.is_final)
        self.final += new
        return Update(new, tuple(token for token in tokens if not token.is_final))

    @property
    def has_words(self) -> bool:
        """Whether anything but markers was said."""
        return any(not token.is_marker for token in self.final)

    def _token(self, token: "WireToken") -> Token:
        """Return the token with every field filled: a server may leave most of them out."""
        earlier_ms = self.final[-1].end_ms if self.final else 0
        start_ms = earlier_ms if token.start_ms is None else token.start_ms
        return Token(
            text=token.text,
            start_ms=start_ms,
            end_ms=max(start_ms, token.end_ms or 0),
            confidence=1.0 if token.confidence is None else token.confidence,
            is_final=bool(token.is_final),
            speaker=token.speaker,
            language=token.language,
        )


def is_endpoint(token: Token) -> bool:
    """Whether an utterance ends here."""
    return token.text == TOKEN_TEXT_END
