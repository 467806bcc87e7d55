"""What the server says, as models: events and their tokens."""

import json
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oyez.errors import RemoteProtocolError


class Token(BaseModel):
    """A word, a piece of one, or a marker (`<end>`, `<fin>`). Joined texts are the transcript."""

    model_config = ConfigDict(extra="allow")

    text: str
    """A leading space starts a word."""
    start_ms: int | None = None
    """From the start of the stream."""
    end_ms: int | None = None
    """From the start of the stream."""
    confidence: float | None = None
    """Probability in [0, 1] that this piece is right."""
    is_final: bool | None = None
    """A final token comes once and never changes; the others are replaced by each event."""
    speaker: str | None = None
    """Number of the speaker, by first appearance, when diarization is on."""
    language: str | None = None
    """Two-letter code, when language identification is on."""
    translation_status: str | None = None
    """``none``, ``original`` or ``translation``, when translation is on."""
    source_language: str | None = None
    """What a translated token was translated from."""


class RealtimeEvent(BaseModel):
    """One message of the server's. Fields that this version does not know are kept."""

    model_config = ConfigDict(extra="allow")

    tokens: list[Token] = Field(default_factory=list)
    """New final tokens, then the complete set of non-final ones."""
    final_audio_proc_ms: int | None = None
    """Audio covered by final tokens, from the start of the stream."""
    total_audio_proc_ms: int | None = None
    """Audio covered by final and non-final tokens."""
    finished: bool = False
    """Whether this is the last event of the stream."""
    error_code: int | None = None
    """HTTP-like status. Sessions raise error events; only `parse_event` shows them."""
    error_type: str | None = None
    """Stable name of the error."""
    error_message: str | None = None
    """What went wrong, in words that may change."""
    request_id: str | None = None
    """Names this stream in the server's log."""
    more_info: str | None = None
    """Address of a page about this error."""

    @classmethod
    def validate_event(cls, raw: str | bytes) -> Self:
        """Return the event in a frame.

        Raises:
            RemoteProtocolError: The frame holds no event.
        """
        return cls.from_payload(read_payload(raw))

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Return the event in a JSON object.

        Raises:
            RemoteProtocolError: A field has a type it must not have.
        """
        try:
            return cls.model_validate(payload)
        except ValidationError as error:
            fields = ", ".join(sorted({".".join(map(str, item["loc"])) for item in error.errors()}))
            raise RemoteProtocolError(
                "invalid_request", [f"The server's message has wrong fields: {fields}."]
            ) from error


class RealtimeControlType(StrEnum):
    """What can be sent to a session besides audio."""

    FINISH = "finish"
    """No more audio: finalize everything, say finished."""
    KEEP_ALIVE = "keep_alive"
    """Still there, although silent."""
    FINALIZE = "finalize"
    """Make everything heard so far final and answer with `<fin>`."""


def read_payload(raw: str | bytes) -> dict[str, Any]:
    """Return the JSON object in a frame.

    Raises:
        RemoteProtocolError: The frame holds no JSON object.
    """
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError(
            "invalid_request", ["The server sent a message that is not JSON."]
        ) from error
    if not isinstance(payload, dict):
        raise RemoteProtocolError(
            "invalid_request", ["The server sent a message that is not a JSON object."]
        )
    return payload
