"""A session for threads: `SessionBrain` over a blocking WebSocket."""

import contextlib
import inspect
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_websocket

from oyez.client._base import SessionBase
from oyez.client.events import RealtimeControlType, RealtimeEvent
from oyez.client.failures import CONNECT_FAILURES, closing_of, connect_error
from oyez.client.frames import BytesLike, frames_of, pieces_of
from oyez.client.handshake import bound_send_buffer, socket_options
from oyez.client.session_options import SessionOptions
from oyez.client.timings import DEFAULT_CONNECT_TIMEOUT_SEC, SessionTimings
from oyez.client.utterances import Utterance
from oyez.errors import OyezConnectionLostError, OyezRealtimeError, OyezValidationError
from oyez.protocol.config import RealtimeSTTConfig


class RealtimeSTTSession(SessionBase):
    """One stream of audio and its transcript, with blocking calls.

    Get one from `client.realtime.stt.connect(...)` and use it in a `with` block, which opens the
    socket and really closes it.

    Threads: one receives; any number send, each frame whole and in the order of the calls. While
    one call waits for room in the socket, other senders wait for it. docs/sdk.md has a table.

    A call that sends raises `OyezConnectionLostError` when the connection is lost. When the stream
    has ended otherwise it sends nothing, and the receiving side tells how it ended.
    """

    def __init__(
        self,
        url: str,
        config: RealtimeSTTConfig,
        api_key: str,
        *,
        connect_timeout_sec: float = DEFAULT_CONNECT_TIMEOUT_SEC,
        timings: SessionTimings | None = None,
        options: SessionOptions | None = None,
    ) -> None:
        super().__init__(
            url,
            config,
            api_key,
            connect_timeout_sec=connect_timeout_sec,
            timings=timings,
            options=options,
        )
        self._ws: ClientConnection | None = None
        self._send_lock = threading.Lock()
        self._pause_lock = threading.Lock()
        self._receive_lock = threading.Lock()
        """Held by the one receiver, its callbacks included."""
        self._read_lock = threading.Lock()
        """Held while the socket is read, by the receiver or by a sender that met its end."""
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
        self._ws = ws
        if ws.response is not None:
            self._brain.opened(ws.response.headers)
        try:
            bound_send_buffer(ws.socket)
            # Bounds each send. websockets before 17 reads with it too; pongs come sooner.
            with contextlib.suppress(OSError):  # closed already: receiving says why
                ws.socket.settimeout(self._timings.send_timeout_sec)
            with contextlib.suppress(OyezConnectionLostError):  # the next call raises it
                self._send(self._brain.start)
        except BaseException:  # such as Ctrl-C: `with` does not close what it has not entered
            self._cut()
            raise
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

    def finalize(self, *, trailing_silence_ms: int | None = None) -> None:
        """Ask for everything heard so far as final tokens, followed by `<fin>`.

        Args:
            trailing_silence_ms: Silence that was sent since the last word, if you know it.
        """
        self._send(lambda: self._brain.finalize(trailing_silence_ms))

    def keep_alive(self) -> None:
        """Tell the server that silence is intended."""
        self.send_control_message(RealtimeControlType.KEEP_ALIVE)

    def send_raw(self, frame: str | BytesLike) -> None:
        """Send text or bytes as one frame as it is: for tests and for finding faults.

        Nothing is checked, dropped or held back: not while paused, not after the end of audio.

        Raises:
            OyezValidationError: The frame is neither text nor bytes.
        """
        self._send(lambda: self._brain.raw(frame))

    def recv_bytes(self) -> bytes:
        """Return the next message as it is, or `b""` when the socket has closed.

        Nothing is raised for it, `last_message` does not change and no callback is called: use
        `receive_event` unless you need bytes.
        """
        self._brain.require_entered()
        with self._as_receiver():
            while not self._brain.has_heard:
                if self._brain.awaits_close:
                    self._await_close()
                if self._brain.is_socket_closed:
                    return b""
                self._read()
            frame = self._brain.hand_out_raw()
        return frame.encode() if isinstance(frame, str) else frame

    def receive_event(self) -> RealtimeEvent | None:
        """Wait for the next event and return it, or None after the last one.

        Raises:
            OyezServerError: The server refused or ended the stream; the subclass says why.
            OyezConnectionLostError: The socket closed before the server said `finished`.
            RemoteProtocolError: The server broke the protocol.
            OyezRealtimeError: The session was not entered, or another thread is receiving.
        """
        self._brain.require_entered()
        with self._as_receiver():
            while not self._brain.has_heard:
                if not self._brain.expects_message():
                    if not self._brain.options.raise_errors:
                        self._await_close()
                    return None
                self._read()
            return self._brain.hand_out()

    def receive_events(self) -> Iterator[RealtimeEvent]:
        """Yield events up to and including the one with `finished`.

        Raises:
            OyezError: As `receive_event`.
        """
        while (event := self.receive_event()) is not None:
            yield event

    def receive_utterances(self) -> Iterator[Utterance]:
        """Yield what is said, each utterance when its `<end>` or `<fin>` has come.

        What is left at the end of the stream is the last one. Utterances without a word are left
        out. Events are received meanwhile; `last_message` is the newest.

        Raises:
            OyezError: As `receive_event`.
        """
        while True:
            while self._brain.ended_utterances:
                yield self._brain.ended_utterances.popleft()
            if self.receive_event() is None:
                return

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
            except BaseException:  # Ctrl-C in the middle of a frame: nothing can follow it
                self._cut()
                raise
            else:
                return
        self._read_to_the_end()
        self._brain.require_not_lost()

    def _read(self) -> None:
        """Read one message, or learn that there are no more."""
        with self._read_lock:
            if self._brain.has_heard or self._brain.is_socket_closed:
                return  # a sender read meanwhile
            self._read_one()

    def _read_one(self) -> None:
        assert self._ws is not None
        try:
            frame = self._ws.recv()
        except ConnectionClosed as closed:
            self._brain.socket_closed(closing_of(closed))
        else:
            self._brain.receive(frame)

    def _read_to_the_end(self) -> None:
        """Learn from what was received why the socket has closed. Nothing of it is lost."""
        if not self._read_lock.acquire(timeout=self._timings.close_timeout_sec):
            return  # the receiver will learn it
        try:
            while not self._brain.is_socket_closed:
                self._read_one()
        finally:
            self._read_lock.release()

    def _await_close(self) -> None:
        """After the last word wait a short time for the server to close the socket; close it."""
        assert self._ws is not None
        deadline_s = time.monotonic() + self._timings.close_timeout_sec
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            while (left_s := deadline_s - time.monotonic()) > 0:
                self._ws.recv(left_s)  # nothing that follows the last word counts
        self.close()

    @contextlib.contextmanager
    def _as_receiver(self) -> Iterator[None]:
        if not self._receive_lock.acquire(blocking=False):
            raise OyezRealtimeError("Only one thread at a time can receive.")
        try:
            yield
        finally:
            self._receive_lock.release()

    def _close_socket(self) -> None:
        ws = self._ws
        if ws is None:
            return
        # Closing waits for frames that are on their way; nothing but the socket's end wakes a
        # send, or a ping, into a socket that takes no more.
        watchdog = threading.Timer(self._timings.close_timeout_sec, self._cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            ws.close()
        except BaseException:  # such as Ctrl-C
            self._cut()
            raise
        finally:
            watchdog.cancel()

    def _cut(self) -> None:
        """End the transport without a word."""
        self._brain.send_failed()
        if self._ws is not None:
            with contextlib.suppress(OSError):
                self._ws.socket.shutdown(socket.SHUT_RDWR)

    def _keep_alive_until(self, stop: threading.Event) -> None:
        with contextlib.suppress(OyezConnectionLostError):  # the next other call raises it
            while not stop.wait(self._timings.keep_alive_interval_sec) and self._brain.is_open:
                self.keep_alive()

    def _stop_keepalive(self) -> None:
        stop, self._keepalive_stop = self._keepalive_stop, None
        if stop is not None:
            stop.set()
