"""The brain of a session: what to send, what was heard, how it ended.

No sockets, no threads; the clock is given. Both shells ask it for frames and hand it frames;
whatever they decide alike is decided here.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Final

from oyez.client.books import Books
from oyez.client.events import RealtimeControlType, RealtimeEvent, read_payload
from oyez.client.failures import Closing, server_error
from oyez.client.frames import BytesLike, as_bytes, raw_frame
from oyez.client.session_options import SessionOptions
from oyez.client.utterances import Finals, Grouper, Moment, SpeechStart, Utterance
from oyez.errors import (
    OyezConnectionLostError,
    OyezError,
    OyezRealtimeError,
    OyezServerError,
    OyezValidationError,
    RemoteProtocolError,
    StreamAccount,
)
from oyez.protocol.config import RealtimeSTTConfig
from oyez.protocol.connection import ClientState, Connection, Role, Verdict
from oyez.protocol.messages import (
    REQUEST_ID_HEADER,
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
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN

_NO_CLOCK: Final = 0.0
"""The client's end keeps no deadlines; the server's does."""

_CONTROLS: Final[Mapping[RealtimeControlType, ClientMessage]] = MappingProxyType(
    {
        RealtimeControlType.FINISH: End(),
        RealtimeControlType.KEEP_ALIVE: KeepAlive(),
        RealtimeControlType.FINALIZE: Finalize(),
    }
)


@dataclass(slots=True)
class Heard:
    """A message that was read and not handed out yet."""

    frame: str | bytes
    event: RealtimeEvent | None = None
    failure: OyezError | None = None
    """What handing it out raises instead."""
    calls: deque[Callable[[], object]] = field(default_factory=deque)
    """Callbacks that are due before."""
    utterances: deque[Utterance] = field(default_factory=deque)
    """What ended in it."""


class SessionBrain:
    """State of one session, the same for both shells.

    Methods that say something return the frame to send, or None when nothing should be sent. Once
    the connection is known to be lost they raise that `OyezConnectionLostError`.

    Args:
        config: What the start message says.
        options: Everything else.
        clock: Returns the time in seconds, on any clock that never goes back.

    Raises:
        OyezValidationError: The first frame is nothing that a frame can hold.
    """

    def __init__(
        self,
        config: RealtimeSTTConfig,
        options: SessionOptions | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.options = options or SessionOptions()
        self.last_message: RealtimeEvent | None = None
        self.ended_utterances: deque[Utterance] = deque()
        """What ended in the event handed out last and nobody took yet."""
        self.is_paused = False
        self.is_socket_closed = False
        self.failure: OyezError | None = None
        raw_start = self.options.raw_start
        self._raw_start = None if raw_start is None else raw_frame(raw_start)
        self._connection = Connection(Role.CLIENT, now_s=_NO_CLOCK)
        finals = Finals()
        self._books = Books(config, finals, clock)
        self._grouper = Grouper(finals)
        self._heard: deque[Heard] = deque()
        self._is_closed = False
        self._is_cut = False

    @property
    def is_open(self) -> bool:
        """Whether the session was entered and nothing has ended it, as far as is known."""
        return (
            self._connection.is_started
            and not self._connection.is_over
            and not self._is_closed
            and not self._is_cut
            and self.failure is None
        )

    @property
    def takes_audio(self) -> bool:
        """Whether audio still counts; paused sessions drop it but do not end.

        Raises:
            OyezConnectionLostError: The connection is lost.
        """
        self.require_not_lost()
        return self.is_open and self._connection.client_state is ClientState.STREAMING

    @property
    def awaits_close(self) -> bool:
        """Whether the server has said its last word and its closing the socket is awaited."""
        return self._connection.is_over and not self._is_closed and not self.is_socket_closed

    def account(self) -> StreamAccount:
        """Return what was sent and received so far."""
        return self._books.account()

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

    def opened(self, headers: Mapping[str, str]) -> None:
        """Read the headers with which the server answered the handshake."""
        self._books.opened(headers.get(REQUEST_ID_HEADER))

    def require_not_lost(self) -> None:
        """Raise the loss of the connection, if it is known."""
        if isinstance(self.failure, OyezConnectionLostError):
            raise self.failure.with_traceback(None)

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
        self.require_not_lost()
        return self._say(Audio(data)) if data and not self.is_paused else None

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

    def finalize(self, trailing_silence_ms: int | None) -> str | bytes | None:
        """Say a finalize.

        Raises:
            OyezValidationError: The silence is no whole number, 0 or more.
        """
        self.require_entered()
        if trailing_silence_ms is not None and (
            type(trailing_silence_ms) is not int or trailing_silence_ms < 0
        ):
            raise OyezValidationError(
                "trailing_silence_ms must be a whole number, 0 or more, "
                f"not {trailing_silence_ms!r}."
            )
        return self._say(Finalize(trailing_silence_ms))

    def raw(self, frame: str | BytesLike) -> str | bytes | None:
        """Say a frame as it is, whatever it is and whether or not it may come now.

        What it is recognised as is noted; None when no socket is left.

        Raises:
            OyezValidationError: It is neither text nor bytes.
        """
        self.require_entered()
        raw = frame if isinstance(frame, str) else as_bytes(frame)
        self.require_not_lost()
        if self._is_closed or self._is_cut:
            return None
        try:
            message = decode_client_frame(raw, is_started=True)
        except RemoteProtocolError:
            return raw
        if self._connection.client_says(message.kind, now_s=_NO_CLOCK) is Verdict.ACCEPT:
            self._books.sent(message)
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

    @property
    def has_heard(self) -> bool:
        """Whether a message waits to be handed out."""
        return bool(self._heard)

    def expects_message(self) -> bool:
        """Return whether another message can come.

        Raises:
            OyezError: The session failed; it is the same exception every time.
        """
        self.require_entered()
        if self.failure is not None:
            is_told_otherwise = isinstance(self.failure, OyezServerError | OyezConnectionLostError)
            if self.options.raise_errors or not is_told_otherwise:
                raise self.failure.with_traceback(None)
            return False
        return not self._connection.is_over and not self._is_closed

    def receive(self, frame: str | bytes) -> None:
        """Hear a frame. `hand_out` or `hand_out_raw` tells what it was."""
        self._books.heard_something()
        heard = Heard(frame)
        try:
            payload = read_payload(frame)
            event = RealtimeEvent.from_payload(payload)
            kind = server_kind(payload)
            self._connection.server_says(kind)
        except RemoteProtocolError as error:
            self.failure = heard.failure = error
            self._heard.append(heard)
            return
        heard.event = event
        self._books.heard(event)
        for moment in self._grouper.hear(event):
            self._note(moment, heard)
        if kind is ServerKind.ERROR:
            self.failure = server_error(event)
            heard.failure = self.failure if self.options.raise_errors else None
        self._heard.append(heard)

    def hand_out(self) -> RealtimeEvent:
        """Call the callbacks that are due for the oldest message, and return its event.

        A callback that raises ends this; the next call goes on with the callbacks after it.

        Raises:
            OyezServerError: It is an error.
            RemoteProtocolError: It is nothing that a server may say now.
        """
        heard = self._heard[0]
        while heard.calls:
            heard.calls.popleft()()
        self._heard.popleft()
        self.ended_utterances = heard.utterances
        self.last_message = heard.event or self.last_message
        if heard.failure is not None:
            raise heard.failure.with_traceback(None)
        assert heard.event is not None
        return heard.event

    def hand_out_raw(self) -> str | bytes:
        """Return the oldest message as it is; its callbacks are not called."""
        return self._heard.popleft().frame

    def socket_closed(self, closing: Closing) -> None:
        """Hear that the socket has closed and every message before that was heard."""
        self.is_socket_closed = True
        if self.failure is not None or self._is_closed or self._connection.is_over:
            return
        failure = OyezConnectionLostError(
            close_code=closing.code,
            close_reason=closing.reason,
            is_silent=closing.is_silent,
            account=self._books.account(),
        )
        failure.__cause__ = closing.cause
        self.failure = failure

    def send_failed(self) -> None:
        """Hear that a frame could not leave; what was received will tell why."""
        self._is_cut = True

    def abort(self, error: BaseException) -> bool:
        """End the session because of a failure on this side. Returns whether it was open."""
        if not self.is_open:
            return False
        failure = OyezRealtimeError(
            f"The session was aborted on this side: {type(error).__name__}: {error}"
        )
        failure.__cause__ = error
        self.failure = failure
        return True

    def close(self) -> None:
        """End the session on purpose; a session that was not entered stays as it is."""
        self._is_closed = self._connection.is_started
        self.is_paused = False

    def _say(self, message: ClientMessage) -> str | bytes | None:
        self.require_not_lost()
        if self._is_closed or self._is_cut or self.failure is not None:
            return None
        if self._connection.client_says(message.kind, now_s=_NO_CLOCK) is Verdict.IGNORE:
            return None
        self._books.sent(message)
        return encode_client_message(message)

    def _note(self, moment: Moment, heard: Heard) -> None:
        options = self.options
        if isinstance(moment, SpeechStart):
            if options.on_speech_start is not None:
                heard.calls.append(partial(options.on_speech_start, moment))
            return
        if moment.tokens:
            heard.utterances.append(moment)
        callback = {
            TOKEN_TEXT_END: options.on_endpoint,
            TOKEN_TEXT_FIN: options.on_finalized,
        }.get(moment.marker or "")
        if callback is not None:
            heard.calls.append(partial(callback, moment))
