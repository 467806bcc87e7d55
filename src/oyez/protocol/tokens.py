"""The token: the unit of every transcript."""

from dataclasses import dataclass, replace
from typing import Any, Final

TOKEN_TEXT_END: Final = "<end>"  # noqa: S105 - a marker, not a secret
"""Text of the token that marks an endpoint."""
TOKEN_TEXT_FIN: Final = "<fin>"  # noqa: S105
"""Text of the token that answers a finalize."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a piece of one, or a marker. Concatenated texts are the transcript."""

    text: str
    """A leading space starts a word."""
    start_ms: int
    """From the start of the stream."""
    end_ms: int
    """From the start of the stream; at least `start_ms`."""
    confidence: float
    """Probability in [0, 1] that this piece is right."""
    is_final: bool
    """A final token is sent once and never changes."""
    speaker: str | None = None
    """Number of the speaker as a string, by first appearance, when diarization is on."""
    language: str | None = None
    """Two-letter code, when language identification is on."""

    @property
    def is_marker(self) -> bool:
        """Whether this is `<end>` or `<fin>` rather than speech."""
        return self.text in (TOKEN_TEXT_END, TOKEN_TEXT_FIN)

    def as_final(self) -> "Token":
        """Return the same token, final."""
        return self if self.is_final else replace(self, is_final=True)

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object of this token; absent options are left out."""
        wire: dict[str, Any] = {
            "text": self.text,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "confidence": round(self.confidence, 3),
            "is_final": self.is_final,
        }
        if self.speaker is not None:
            wire["speaker"] = self.speaker
        if self.language is not None:
            wire["language"] = self.language
        return wire


def marker(text: str, at_ms: int) -> Token:
    """Return an `<end>` or `<fin>` token at `at_ms`.

    Markers carry times although clients do without: one known client compares the start times of
    first tokens, and a marker that lacks one would lose text there.
    """
    return Token(text=text, start_ms=at_ms, end_ms=at_ms, confidence=1.0, is_final=True)
