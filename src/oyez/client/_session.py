"""The brain of a session: what to send, what was heard, how it ended.

No sockets, no threads, no clock. Both shells ask it for frames and hand it frames; whatever they
decide alike is decided here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from oyez.client.events import RealtimeControlType, RealtimeEvent, read_payload
from oyez.client.failures import server_error
from oyez.errors import (
    OyezConnectionLostError,
    OyezError,
    OyezRealtimeError,
    OyezValidationError,
    RemoteProtocolError,
)
from oyez.protocol.config import RealtimeSTTConfig
from oyez.protocol.connection import ClientState, Connection, Role, Verdict
from oyez.protocol.messages import (
    Audio,
    ClientKind,
    ClientMessage,
    End,
    Finalize,
    KeepAlive,
    ServerKind,
    Start,
    decode_client_frame,
    encode_client_message,
    server_kind,
)

BytesLike: TypeAlias = bytes | bytearray | memoryview
RawStart: TypeAlias = Mapping[str, Any] | str | bytes
"""A first frame: an object to be written as JSON, text as it is, or bytes for a binary frame."""

MAX_FRAME_BYTES: Final = 64 * 1024
"""Longest audio frame that `send_bytes` makes of a longer piece: two seconds of 16 kHz speech,
far below every server's limit, and short enough to leave before the send timeout."""

_NO_CLOCK: Final = 0.0
"""The client's end keeps no deadlines; the server's does."""

_CONTROLS: Final[Mapping[RealtimeControlType, ClientMessage]] = MappingProxyType(
    {
        RealtimeControlType.FINISH: End(),
        RealtimeControlType.KEEP_ALIVE: KeepAlive(),
        RealtimeControlType.FINALIZE: Finalize(),
    }
)


class SessionBrain:
    """State of one session, the same for both shells.

    Methods that say something return the frame to send, or None when nothing should be sent.

    Args:
        config: What the start message says.
        raw_start: First frame in place of the start message, sent as it is.

    Raises:
        OyezValidationError: `raw_start` is nothing that a frame can hold.
    """

    def __init__(self, config: RealtimeSTTConfig, raw_start: RawStart | None = None) -> None:
        self.config = config
        self._raw_start = None if raw_start is None else _raw_frame(raw_start)
        self.last_message: RealtimeEvent | None = None
        self.is_paused = False
        self.audio_bytes_sent = 0
        self.messages_received = 0
        self.final_audio_proc_ms = 0
        self._connection = Connection(Role.CLIENT, now_s=_NO_CLOCK)
        self._is_closed = False
        self._is_cut = False
        self._failure: OyezError | None = None

    @property
    def is_open(self) -> bool:
        """Whether the session was entered and nothing has ended it, as far as is known."""
        return (
            self._connection.is_started
            and not self._connection.is_over
            and not self._is_closed
            and not self._is_cut
            and self._failure is None
        )

    @property
    def takes_audio(self) -> bool:
        """Whether audio still counts; paused sessions drop it but do not end."""
        return self.is_open and self._connection.client_state is ClientState.STREAMING

    def require_entered(self) -> None:
        """Raise an `OyezRealtimeError` unless the session was entered."""
        if not self._connection.is_started:
            raise OyezRealtimeError(
                "The session is not connected: use "
                "`with client.realtime.stt.connect(...) as session:` "
                "(`async with` for the async client), or call enter()."
            )

    def require_unused(self) -> None:
        """Raise an `OyezRealtimeError` if the session was entered before."""
        if self._connection.is_started:
            raise OyezRealtimeError(
                "A session is one stream and was entered already: call connect() for another."
            )

    def start(self) -> str | bytes | None:
        """Say the start message. The key is not in it; it went with the handshake."""
        if self._raw_start is not None:
            self._connection.client_says(ClientKind.START, now_s=_NO_CLOCK)
            return self._raw_start
        payload = self.config.model_dump(mode="json", exclude_none=True)
        return self._say(Start(payload))

    def audio(self, chunk: BytesLike) -> str | bytes | None:
        """Say audio. While paused it is dropped, and so is an empty chunk.

        Raises:
            OyezValidationError: It is not bytes.
        """
        self.require_entered()
        data = as_bytes(chunk)
        if self.is_paused or not data:
            return None
        frame = self._say(Audio(data))
        if frame is not None:
            self.audio_bytes_sent += len(data)
        return frame

    def control(self, control_type: RealtimeControlType | str) -> str | bytes | None:
        """Say a control message.

        Raises:
            OyezValidationError: There is no such message.
        """
        self.require_entered()
        try:
            message = _CONTROLS[RealtimeControlType(control_type)]
        except ValueError as error:
            known = ", ".join(RealtimeControlType)
            raise OyezValidationError(
                f"There is no control message {control_type!r}; known are {known}."
            ) from error
        return self._say(message)

    def raw(self, frame: str | BytesLike) -> str | bytes | None:
        """Say a frame as it is, whatever it is and whether or not it may come now.

        A frame that is audio or an end of audio counts as that; None when no socket is left.

        Raises:
            OyezValidationError: It is neither text nor bytes.
        """
        self.require_entered()
        raw = frame if isinstance(frame, str) else as_bytes(frame)
        if self._is_closed or self._is_cut:
            return None
        try:
            message = decode_client_frame(raw, is_started=True)
        except RemoteProtocolError:
            return raw
        self._connection.client_says(message.kind, now_s=_NO_CLOCK)
        if isinstance(message, Audio):
            self.audio_bytes_sent += len(message.data)
        return raw

    def pause(self) -> bool:
        """Drop audio from now on. Returns whether this changed anything."""
        self.require_entered()
        if self.is_paused or not self.is_open:
            return False
        self.is_paused = True
        return True

    def resume(self) -> None:
        """Take audio again."""
        self.require_entered()
        self.is_paused = False

    def expects_message(self) -> bool:
        """Return whether another message can come.

        Raises:
            OyezError: The session failed; it is the same exception every time.
        """
        self.require_entered()
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        return not self._connection.is_over and not self._is_closed

    def receive(self, frame: str | bytes) -> RealtimeEvent:
        """Hear a frame.

        Raises:
            OyezServerError: It is an error.
            RemoteProtocolError: It is nothing that a server may say now.
        """
        self.messages_received += 1
        try:
            payload = read_payload(frame)
            event = RealtimeEvent.from_payload(payload)
            kind = server_kind(payload)
            self._connection.server_says(kind)
        except RemoteProtocolError as error:
            self._failure = error
            raise
        self.last_message = event
        self.final_audio_proc_ms = event.final_audio_proc_ms or self.final_audio_proc_ms
        if kind is ServerKind.ERROR:
            self._failure = server_error(event)
            raise self._failure
        return event

    def socket_closed(self, close_code: int | None, cause: BaseException) -> None:
        """Hear that the socket has closed and every message before that was read.

        Raises:
            OyezError: The session is not over and we did not close it ourselves.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._is_closed or self._connection.is_over:
            return
        self._failure = OyezConnectionLostError(
            close_code=close_code,
            audio_bytes_sent=self.audio_bytes_sent,
            messages_received=self.messages_received,
            final_audio_proc_ms=self.final_audio_proc_ms,
        )
        raise self._failure from cause

    def send_failed(self) -> None:
        """Hear that a frame could not leave; the receiving side will find out why."""
        self._is_cut = True

    def abort(self, error: BaseException) -> bool:
        """End the session because of a failure on this side. Returns whether it was open."""
        if not self.is_open:
            return False
        self._failure = OyezRealtimeError(
            f"The session was aborted on this side: {type(error).__name__}: {error}"
        )
        self._failure.__cause__ = error
        return True

    def close(self) -> None:
        """End the session on purpose; a session that was not entered stays as it is."""
        self._is_closed = self._connection.is_started
        self.is_paused = False

    def _say(self, message: ClientMessage) -> str | bytes | None:
        if self._is_closed or self._is_cut or self._failure is not None:
            return None
        verdict = self._connection.client_says(message.kind, now_s=_NO_CLOCK)
        return encode_client_message(message) if verdict is Verdict.ACCEPT else None


def _raw_frame(start: RawStart) -> str | bytes:
    if isinstance(start, str | bytes):
        return start
    if not isinstance(start, Mapping):
        raise OyezValidationError(
            f"raw_start must be a dict, str or bytes, not {type(start).__name__}."
        )
    try:
        return json.dumps(dict(start))
    except (TypeError, ValueError, RecursionError) as error:
        raise OyezValidationError(f"raw_start cannot be written as JSON: {error}.") from error


def as_bytes(chunk: BytesLike) -> bytes:
    """Return a chunk of audio as bytes.

    Raises:
        OyezValidationError: It is something else.
    """
    if not isinstance(chunk, bytes | bytearray | memoryview):
        raise OyezValidationError(
            f"Audio must be bytes, bytearray or memoryview, not {type(chunk).__name__}."
        )
    return bytes(chunk)


def pieces_of(chunks: BytesLike | Iterable[BytesLike]) -> Iterable[BytesLike]:
    """Return audio given in one piece or in several as several."""
    return (chunks,) if isinstance(chunks, bytes | bytearray | memoryview) else chunks


def frames_of(piece: BytesLike) -> Iterator[bytes]:
    """Cut a piece of audio into frames."""
    data = as_bytes(piece)
    for offset in range(0, len(data), MAX_FRAME_BYTES):
        yield data[offset : offset + MAX_FRAME_BYTES]
