"""A session for threads: `SessionBrain` over a blocking WebSocket."""

import contextlib
import inspect
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from websockets.exceptions import ConcurrencyError, ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_websocket

from oyez.client._base import SessionBase
from oyez.client._session import BytesLike, RawStart, frames_of, pieces_of
from oyez.client.events import RealtimeControlType, RealtimeEvent
from oyez.client.failures import CONNECT_FAILURES, close_code, connect_error
from oyez.client.handshake import bound_send_buffer, socket_options
from oyez.client.timings import DEFAULT_CONNECT_TIMEOUT_SEC, SessionTimings
from oyez.errors import OyezRealtimeError, OyezValidationError
from oyez.protocol.config import RealtimeSTTConfig


class RealtimeSTTSession(SessionBase):
    """One stream of audio and its transcript, with blocking calls.

    Get one from `client.realtime.stt.connect(...)` and use it in a `with` block, which opens the
    socket and really closes it.

    Threads: audio from one thread, receiving in one thread (the same or another), everything else
    from any thread. Audio and control messages leave in the order of the calls. A call that sends
    never fails because the stream has ended: the receiving side raises what happened.
    """

    def __init__(
        self,
        url: str,
        config: RealtimeSTTConfig,
        api_key: str,
        *,
        connect_timeout_sec: float = DEFAULT_CONNECT_TIMEOUT_SEC,
        timings: SessionTimings | None = None,
        raw_start: RawStart | None = None,
    ) -> None:
        super().__init__(
            url,
            config,
            api_key,
            connect_timeout_sec=connect_timeout_sec,
            timings=timings,
            raw_start=raw_start,
        )
        self._ws: ClientConnection | None = None
        self._send_lock = threading.Lock()
        self._pause_lock = threading.Lock()
        self._keepalive_stop: threading.Event | None = None

    def __enter__(self) -> Self:
        """Open the socket and send the configuration.

        Raises:
            OyezConnectError: No socket was opened; the cause is chained.
            OyezRealtimeError: The session was entered before.
        """
        self._brain.require_unused()
        options = socket_options(self._url, self._api_key, self._connect_timeout_sec, self._timings)
        try:
            ws = open_websocket(self._url, **options).__enter__()
        except CONNECT_FAILURES as error:
            raise connect_error(self._url, error, self._connect_timeout_sec) from error
        bound_send_buffer(ws.socket)
        # Bounds each send. websockets before 17 reads with it too; answers to pings come sooner.
        with contextlib.suppress(OSError):  # closed already: receiving says why
            ws.socket.settimeout(self._timings.send_timeout_sec)
        self._ws = ws
        self._send(self._brain.start)
        return self

    enter = __enter__

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session."""
        self.close()

    def close(self) -> None:
        """Close the socket, waiting a short time for the server to agree. Can be called again.

        Results that were not received yet are given up: `finish()` and receive to the end first.
        A receiver in another thread returns as at the end.
        """
        self._brain.close()
        self._stop_keepalive()
        self._close_socket()

    def send_byte_chunk(self, chunk: BytesLike) -> None:
        """Send audio in one frame. Dropped while paused.

        Raises:
            OyezValidationError: The chunk is not bytes.
        """
        self._send(lambda: self._brain.audio(chunk))

    def send_bytes(self, chunks: BytesLike | Iterable[BytesLike], *, finish: bool = True) -> None:
        """Send audio and then, unless told otherwise, the end of audio.

        Long pieces are cut into frames that every server takes. When the stream has ended, the
        rest of an iterable is left unread.

        Args:
            chunks: Bytes, or an iterable of them such as `stream_audio(...)`.
            finish: Whether the audio ends here.

        Raises:
            OyezValidationError: A chunk is not bytes.
        """
        self._brain.require_entered()
        for piece in pieces_of(chunks):
            for frame in frames_of(piece):
                if not self._brain.takes_audio:
                    return
                self.send_byte_chunk(frame)
        if finish:
            self.finish()

    def send_control_message(self, control_type: RealtimeControlType | str) -> None:
        """Send a control message.

        Raises:
            OyezValidationError: There is no such message.
        """
        self._send(lambda: self._brain.control(control_type))

    def finish(self) -> None:
        """End the audio. The remaining tokens and a last event with `finished` follow."""
        self.send_control_message(RealtimeControlType.FINISH)

    def finalize(self) -> None:
        """Ask for everything heard so far as final tokens, followed by `<fin>`."""
        self.send_control_message(RealtimeControlType.FINALIZE)

    def keep_alive(self) -> None:
        """Tell the server that silence is intended."""
        self.send_control_message(RealtimeControlType.KEEP_ALIVE)

    def send_raw(self, frame: str | BytesLike) -> None:
        """Send text or bytes as one frame as it is: for tests and for finding faults.

        Nothing is checked, dropped or held back: not while paused, not after the end of audio.
        Once the socket has closed it sends nothing; the receiving side raises why.

        Raises:
            OyezValidationError: The frame is neither text nor bytes.
        """
        self._send(lambda: self._brain.raw(frame))

    def recv_bytes(self) -> bytes:
        """Return the next message as it is, or `b""` when the socket has closed.

        Nothing is parsed, remembered or raised for it: use `receive_event` unless you need bytes.
        """
        self._brain.require_entered()
        try:
            frame = self._recv()
        except ConnectionClosed:
            return b""
        return frame.encode() if isinstance(frame, str) else frame

    def receive_event(self) -> RealtimeEvent | None:
        """Wait for the next event and return it, or None after the last one.

        Raises:
            OyezServerError: The server refused or ended the stream; the subclass says why.
            OyezConnectionLostError: The socket closed before the server said `finished`.
            RemoteProtocolError: The server broke the protocol.
            OyezRealtimeError: The session was not entered, or another thread is receiving.
        """
        if not self._brain.expects_message():
            return None
        try:
            frame = self._recv()
        except ConnectionClosed as closed:
            self._brain.socket_closed(close_code(closed), closed)
            return None
        return self._brain.receive(frame)

    def receive_events(self) -> Iterator[RealtimeEvent]:
        """Yield events up to and including the one with `finished`.

        Raises:
            OyezError: As `receive_event`.
        """
        while (event := self.receive_event()) is not None:
            yield event

    def handle_events(self, handler: Callable[[RealtimeEvent], object]) -> None:
        """Call `handler` with every event, until the last.

        Raises:
            OyezError: As `receive_event`.
            OyezValidationError: The handler is a coroutine function.
        """
        if inspect.iscoroutinefunction(handler):
            raise OyezValidationError("A coroutine handler needs the async client.")
        for event in self.receive_events():
            handler(event)

    def pause(self, *, finalize: bool = True) -> None:
        """Drop audio until `resume` and keep the session alive meanwhile.

        Args:
            finalize: Whether to ask first for what was heard as final tokens.
        """
        with self._pause_lock:
            if not self._brain.pause():
                return
            if finalize:
                self.finalize()
            self._keepalive_stop = threading.Event()
            threading.Thread(
                target=self._keep_alive_until,
                args=(self._keepalive_stop,),
                name="oyez-keepalive",
                daemon=True,
            ).start()

    def resume(self) -> None:
        """Take audio again after `pause`."""
        with self._pause_lock:
            self._brain.resume()
            self._stop_keepalive()

    def abort(self, error: BaseException) -> bool:
        """End the session because this side failed, for instance its audio source.

        Returns:
            Whether the receiving side will raise it, as an `OyezRealtimeError` caused by `error`;
            not so when the stream has ended already.
        """
        was_open = self._brain.abort(error)
        if was_open:
            self._stop_keepalive()
            self._close_socket()
        return was_open

    def _send(self, say: Callable[[], str | bytes | None]) -> None:
        with self._send_lock:
            frame = say()
            if frame is None or self._ws is None:
                return
            try:
                self._ws.send(frame)
            except ConnectionClosed:
                self._brain.send_failed()

    def _recv(self) -> str | bytes:
        assert self._ws is not None
        try:
            return self._ws.recv()
        except ConcurrencyError as error:
            raise OyezRealtimeError("Only one thread at a time can receive.") from error

    def _close_socket(self) -> None:
        ws = self._ws
        if ws is None:
            return
        if self._send_lock.acquire(timeout=self._timings.close_timeout_sec):
            self._send_lock.release()
        else:  # a send hangs; nothing but the socket's end wakes it
            self._brain.send_failed()
            with contextlib.suppress(OSError):
                ws.socket.shutdown(socket.SHUT_RDWR)
        ws.close()

    def _keep_alive_until(self, stop: threading.Event) -> None:
        while not stop.wait(self._timings.keep_alive_interval_sec) and self._brain.is_open:
            self.keep_alive()

    def _stop_keepalive(self) -> None:
        stop, self._keepalive_stop = self._keepalive_stop, None
        if stop is not None:
            stop.set()
