"""What a client says on one socket, judged: keys, order, content and time. No I/O, no clock.

The shell (`oyez.server.conversation`) hands in frames and the time and does what it is told; a test
can do the same with function calls.
"""

from collections.abc import Callable
from typing import TypeAlias

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
from oyez.server.keys import Presented, authenticate
from oyez.server.settings import Settings

Instruction: TypeAlias = StartRequest | Audio | Finalize | End
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
    ) -> None:
        self.request_id = request_id
        self.connection = Connection(Role.SERVER, now_s=now_s, limits=settings.limits)
        self._presented = presented
        self._settings = settings
        self._model = model
        self._errors_url = errors_url

    def handshake_problem(self) -> RemoteProtocolError | None:
        """Return why the key of the handshake cannot be used, or None if it can or there is none.

        It should be said once the client has spoken: known clients send their start message at
        once, and when the socket is closed before that they report the failed send and never read
        why.
        """
        if self._presented.problem is not None or self._presented.key is None:
            return self._presented.problem
        try:
            authenticate(self._presented.key, None, expected=self._settings.api_key)
        except RemoteProtocolError as problem:
            return problem
        return None

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

    def _started(self, start: Start) -> StartRequest:
        authenticate(
            self._presented.key, peek_api_key(start.payload), expected=self._settings.api_key
        )
        return parse_start(start.payload, [self._model()])


def check_audio_came(*, saw_audio: bool) -> None:
    """Refuse a stream that ends before it began.

    Raises:
        RemoteProtocolError: Nothing was decoded.
    """
    if not saw_audio:
        raise RemoteProtocolError("invalid_request", ["No audio was received before the end."])
