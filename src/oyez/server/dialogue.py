"""What a client says on one socket, judged: keys, order, content and time. No I/O, no clock.

The shell (`oyez.server.conversation`) hands in frames and the time and does what it is told; a test
can do the same with function calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from oyez.errors import RemoteProtocolError
from oyez.protocol.connection import Connection, Role, Verdict
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.limits import Expiry
from oyez.protocol.messages import (
    Audio,
    End,
    ErrorFrame,
    Finalize,
    KeepAlive,
    ServerMessage,
    Start,
    decode_client_frame,
)
from oyez.protocol.models import ModelInfo
from oyez.protocol.start import StartRequest, parse_start, peek_api_key
from oyez.server.access import Grant, unauthenticated
from oyez.server.keys import Presented, is_same, the_key
from oyez.server.settings import Settings
from oyez.store.base import KeyProblem


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key that only the store can know; the answer goes to `Dialogue.identified`."""

    key: str = field(repr=False)


Instruction: TypeAlias = StartRequest | Audio | Finalize | End | UnknownKey
"""What a frame asks the server to do."""


class Dialogue:
    """One connection's words, from the handshake on.

    Args:
        presented: What the handshake said about the key.
        settings: The server's key and limits.
        model: Returns the model that is served; asked when a stream starts. It may raise
            `RemoteProtocolError` when there is none yet.
        request_id: Names the stream in errors and in the log.
        errors_url: Page whose fragments explain each error.
        now_s: The time, on any clock that never goes back.
        has_store: Whether keys other than the server's own may be good.
    """

    def __init__(
        self,
        presented: Presented,
        *,
        settings: Settings,
        model: Callable[[], ModelInfo],
        request_id: str,
        errors_url: str,
        now_s: float,
        has_store: bool = False,
    ) -> None:
        self.request_id = request_id
        self.connection = Connection(Role.SERVER, now_s=now_s, limits=settings.limits)
        self._presented = presented
        self._settings = settings
        self._model = model
        self._errors_url = errors_url
        self._has_store = has_store
        self._start_payload: dict[str, Any] | None = None
        self.grant: Grant | None = None
        """What the connection's key allows, once that is known; it holds to the end."""

    def handshake_key(self) -> UnknownKey | RemoteProtocolError | None:
        """Return what is to be done about the key of the handshake.

        Returns:
            A key that only the store can know; why the handshake's key cannot be used; or None
            when it can be or when there is none.

        It should be said once the client has spoken: known clients send their start message at
        once, and when the socket is closed before that they report the failed send and never read
        why.
        """
        if self._presented.problem is not None or self._presented.key is None:
            return self._presented.problem
        try:
            return self._identify(the_key(self._presented.key, None))
        except RemoteProtocolError as problem:
            return problem

    def identified(self, grant: Grant) -> StartRequest | None:
        """Take what the store says an unknown key allows.

        Returns:
            The stream that the start message asks for, if it has been received.

        Raises:
            RemoteProtocolError: The start message is wrong.
        """
        self.grant = grant
        self.connection.session_limit_s = grant.session_limit_s
        payload, self._start_payload = self._start_payload, None
        return None if payload is None else self._request(payload)

    def receive(self, frame: str | bytes, *, now_s: float) -> Instruction | None:
        """Judge a frame.

        Returns:
            What to do, or None when there is nothing to do: a keepalive, an empty chunk, or
            whatever follows the end.

        Raises:
            RemoteProtocolError: The frame ends the stream.
        """
        connection = self.connection
        if connection.client_state.has_ended:
            return None  # readable or not
        max_bytes = self._settings.max_text_bytes
        if isinstance(frame, str) and len(frame.encode()) > max_bytes:
            raise RemoteProtocolError(
                "invalid_request", [f"Text messages hold at most {max_bytes} bytes."]
            )
        message = decode_client_frame(frame, is_started=connection.is_started)
        if isinstance(message, Audio) and not message.data and connection.is_started:
            return None  # says nothing, not even that the client is there
        verdict = connection.client_says(message.kind, now_s=now_s)
        if verdict is Verdict.IGNORE or isinstance(message, KeepAlive):
            return None
        return self._started(message) if isinstance(message, Start) else message

    def expire(self, *, now_s: float) -> Expiry | None:
        """Return the deadline that has passed by `now_s`, or None."""
        return self.connection.expire(now_s=now_s)

    def say(self, message: ServerMessage) -> None:
        """Note that the server says something.

        Raises:
            LocalProtocolError: It must not be said now.
        """
        self.connection.server_says(message.kind)

    def error_frame(self, error_type: str, message: str) -> ErrorFrame:
        """Return the frame that ends the stream with an error."""
        more_info = f"{self._errors_url}#{ERROR_TYPES[error_type].anchor}"
        return ErrorFrame(error_type, message, self.request_id, more_info)

    def _started(self, start: Start) -> StartRequest | UnknownKey:
        key = the_key(self._presented.key, peek_api_key(start.payload))
        if self.grant is None:
            unknown = self._identify(key)
            if unknown is not None:
                self._start_payload = start.payload
                return unknown
        return self._request(start.payload)

    def _identify(self, key: str) -> UnknownKey | None:
        """Recognise the server's own key.

        Raises:
            RemoteProtocolError: It is another, and there is no store to ask.
        """
        if is_same(key, self._settings.api_key):
            self.grant = Grant()
            return None
        if not self._has_store:
            raise unauthenticated(KeyProblem.UNKNOWN)
        return UnknownKey(key)

    def _request(self, payload: dict[str, Any]) -> StartRequest:
        return parse_start(payload, [self._model()])


def check_audio_came(*, saw_audio: bool) -> None:
    """Refuse a stream that ends before it began.

    Raises:
        RemoteProtocolError: Nothing was decoded.
    """
    if not saw_audio:
        raise RemoteProtocolError("invalid_request", ["No audio was received before the end."])
