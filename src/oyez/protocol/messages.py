"""Messages as values, and the one codec between them and frames."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, TypeAlias

from oyez.errors import RemoteProtocolError
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.tokens import Token

REQUEST_ID_HEADER: Final = "x-request-id"
"""Header of the handshake's answer that names the stream, as `request_id` does in errors."""


class ClientKind(Enum):
    """What a client can say."""

    START = "start"
    AUDIO = "audio"
    FINALIZE = "finalize"
    KEEPALIVE = "keepalive"
    END = "end"


class ServerKind(Enum):
    """What a server can say."""

    RESULTS = "results"
    FINISHED = "finished"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Start:
    """The first message: a JSON object, not yet checked (`oyez.protocol.start` does)."""

    payload: dict[str, Any]
    kind: ClassVar[ClientKind] = ClientKind.START


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio bytes; any length, samples may be split. Empty audio says nothing."""

    data: bytes
    kind: ClassVar[ClientKind] = ClientKind.AUDIO


@dataclass(frozen=True, slots=True)
class Finalize:
    """Make everything heard so far final and answer with `<fin>`."""

    trailing_silence_ms: int | None = None
    """How much silence the client has already sent after speech, if it says so."""
    kind: ClassVar[ClientKind] = ClientKind.FINALIZE


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """The client is still there."""

    kind: ClassVar[ClientKind] = ClientKind.KEEPALIVE


@dataclass(frozen=True, slots=True)
class End:
    """No more audio: finalize everything, say finished, close."""

    kind: ClassVar[ClientKind] = ClientKind.END


ClientMessage: TypeAlias = Start | Audio | Finalize | KeepAlive | End


@dataclass(frozen=True, slots=True)
class Results:
    """New final tokens and the complete set of non-final ones."""

    tokens: tuple[Token, ...]
    """Final tokens first; they are new. The non-final ones replace all earlier ones."""
    final_audio_proc_ms: int
    """Audio covered by final tokens, from the start of the stream. Never decreases."""
    total_audio_proc_ms: int
    """Audio covered by final and non-final tokens. Never decreases."""
    kind: ClassVar[ServerKind] = ServerKind.RESULTS


@dataclass(frozen=True, slots=True)
class Finished:
    """The stream is over; the socket closes."""

    audio_proc_ms: int
    kind: ClassVar[ServerKind] = ServerKind.FINISHED


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """The stream failed; the socket closes."""

    error_type: str
    """A name in `ERROR_TYPES`."""
    error_message: str
    request_id: str
    more_info: str | None = None
    kind: ClassVar[ServerKind] = ServerKind.ERROR

    @property
    def error_code(self) -> int:
        """The status that belongs to the type."""
        return ERROR_TYPES[self.error_type].code


ServerMessage: TypeAlias = Results | Finished | ErrorFrame


def decode_client_frame(frame: str | bytes, *, is_started: bool) -> ClientMessage:
    """Return the message in a frame from a client.

    Args:
        frame: A text or a binary frame.
        is_started: Whether a start message was received; before it, a JSON object is one.

    Raises:
        RemoteProtocolError: The text is no message that can stand here.
    """
    if isinstance(frame, bytes):
        return Audio(frame)
    if frame == "":
        return End()
    payload = _json_object(frame, is_started=is_started)
    kind = payload.get("type")
    if kind == "keepalive":
        return KeepAlive()
    if not is_started:
        return Start(payload)
    if kind == "finalize":
        return Finalize(_trailing_silence_ms(payload))
    raise RemoteProtocolError(
        "invalid_request",
        ["Control message has an invalid `type`: after the start only finalize and keepalive."],
    )


def encode_client_message(message: ClientMessage) -> str | bytes:
    """Return the frame of a client's message."""
    match message:
        case Start(payload):
            return json.dumps(payload)
        case Audio(data):
            return data
        case Finalize(None):
            return '{"type":"finalize"}'
        case Finalize(trailing_silence_ms):
            return json.dumps({"type": "finalize", "trailing_silence_ms": trailing_silence_ms})
        case KeepAlive():
            return '{"type":"keepalive"}'
        case End():
            return ""


def encode_server_message(message: ServerMessage) -> str:
    """Return the text frame of a server's message.

    A frame without an error has no ``error_*`` key, not even a null: clients test for the key.
    """
    wire: dict[str, Any]
    match message:
        case Results(tokens, final_audio_proc_ms, total_audio_proc_ms):
            wire = {
                "tokens": _wire_tokens(tokens),
                "final_audio_proc_ms": final_audio_proc_ms,
                "total_audio_proc_ms": total_audio_proc_ms,
            }
        case Finished(audio_proc_ms):
            wire = {
                "tokens": [],
                "final_audio_proc_ms": audio_proc_ms,
                "total_audio_proc_ms": audio_proc_ms,
                "finished": True,
            }
        case ErrorFrame():
            # `tokens` is here because clients read it before they look for an error.
            wire = {
                "tokens": [],
                "error_code": message.error_code,
                "error_type": message.error_type,
                "error_message": message.error_message,
                "request_id": message.request_id,
            }
            if message.more_info is not None:
                wire["more_info"] = message.more_info
    return json.dumps(wire, ensure_ascii=False, separators=(",", ":"))


def server_kind(payload: dict[str, Any]) -> ServerKind:
    """Return what kind of message a JSON object from a server is."""
    if payload.get("error_code") is not None:
        return ServerKind.ERROR
    return ServerKind.FINISHED if payload.get("finished") is True else ServerKind.RESULTS


def _wire_tokens(tokens: Sequence[Token]) -> list[dict[str, Any]]:
    return [token.to_wire() for token in tokens]


def _json_object(text: str, *, is_started: bool) -> dict[str, Any]:
    what = "Control message" if is_started else "Start message"
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        raise RemoteProtocolError(
            "invalid_request", [f"{what} is malformed: it is not JSON."]
        ) from None
    if not isinstance(payload, dict):
        raise RemoteProtocolError(
            "invalid_request", [f"{what} is malformed: it is not a JSON object."]
        )
    return payload


def _trailing_silence_ms(payload: dict[str, Any]) -> int | None:
    value = payload.get("trailing_silence_ms")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise RemoteProtocolError(
            "invalid_request", ["Field `trailing_silence_ms` must be a whole number, 0 or more."]
        )
    return value
