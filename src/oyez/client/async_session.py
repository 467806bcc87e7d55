"""A session for asyncio: `SessionBrain` over an asyncio WebSocket."""

import asyncio
import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
)
from contextlib import aclosing, contextmanager, suppress
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed

from oyez.client._base import SessionBase
from oyez.client.events import RealtimeControlType, RealtimeEvent
from oyez.client.failures import CONNECT_FAILURES, closing_of, connect_error
from oyez.client.frames import BytesLike, frames_of, pieces_of
from oyez.client.handshake import bound_send_buffer, socket_options
from oyez.client.session_options import SessionOptions
from oyez.client.timings import DEFAULT_CONNECT_TIMEOUT_SEC, SessionTimings
from oyez.client.utterances import Utterance
from oyez.errors import OyezConnectionLostError, OyezRealtimeError
from oyez.protocol.config import RealtimeSTTConfig


class AsyncRealtimeSTTSession(SessionBase):
    """One stream of audio and its transcript, on an event loop.

    Get one from `client.realtime.stt.connect(...)` and use it in an `async with` block, which
    opens the socket and really closes it.

    Tasks: one receives; any number of the same loop send, each frame whole and in the order of the
    calls. What cancelling each call leaves behind is said at the call and in docs/sdk.md.

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
        self._is_receiving = False
        self._was_given_up = False
        self._read_lock = asyncio.Lock()
        """Held while the socket is read, by the receiver or by a sender that met its end."""
        self._keepalive: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Open the socket and send the configuration. Cancelling is safe: nothing stays open.

        Raises:
            OyezConnectError: No socket was opened; the cause is chained.
            OyezRealtimeError: The session was entered before.
        """
        self._brain.require_unused()
        options = socket_options(self._url, self._api_key, self._connect_timeout_sec, self._timings)
        try:
            ws = await open_websocket(self._url, **options)
        except CONNECT_FAILURES as error:
            raise connect_error(self._url, error, self._connect_timeout_sec) from error
        self._ws = ws
        if ws.response is not None:
            self._brain.opened(ws.response.headers)
        bound_send_buffer(ws.transport.get_extra_info("socket"))
        try:
            with suppress(OyezConnectionLostError):  # the next call raises it
                await self._send(self._brain.start())
        except BaseException:  # cancelled: `async with` does not close what it has not entered
            ws.transport.abort()
            raise
        return self

    enter = __aenter__
    aenter = __aenter__

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session."""
        await self.close()

    async def close(self) -> None:
        """Close the socket, waiting a short time for the server to agree. Can be called again.

        Results that were not received yet are given up: `finish()` and receive to the end first.
        A receiver in another task returns as at the end. Cancelling is safe: it only ends the wait.
        """
        self._brain.close()
        self._stop_keepalive()
        await self._close_socket()

    async def send_byte_chunk(self, chunk: BytesLike) -> None:
        """Send audio in one frame. Dropped while paused.

        Cancelling leaves open whether it was sent.

        Raises:
            OyezValidationError: The chunk is not bytes.
        """
        await self._send(self._brain.audio(chunk))

    async def send_bytes(
        self,
        chunks: BytesLike | Iterable[BytesLike] | AsyncIterable[BytesLike],
        *,
        finish: bool = True,
    ) -> None:
        """Send audio and then, unless told otherwise, the end of audio.

        Long pieces are cut into frames that every server takes. When the stream has ended, the
        rest of an iterable is left unread. Cancelling leaves open how much was sent, without end.

        Args:
            chunks: Bytes, or an iterable of them such as `stream_audio_async(...)`. An iterable
                that blocks, such as `stream_audio(..., pace="realtime")`, blocks the event loop.
            finish: Whether the audio ends here.

        Raises:
            OyezValidationError: A chunk is not bytes.
        """
        self._brain.require_entered()
        async with aclosing(_pieces(chunks)) as pieces:
            async for piece in pieces:
                for frame in frames_of(piece):
                    if not self._brain.takes_audio:
                        return
                    await self.send_byte_chunk(frame)
                    await asyncio.sleep(0)  # a send that need not wait lets no other task run
        if finish:
            await self.finish()

    async def send_control_message(self, control_type: RealtimeControlType | str) -> None:
        """Send a control message. Cancelling leaves open whether it was sent.

        Raises:
            OyezValidationError: There is no such message.
        """
        await self._send(self._brain.control(control_type))

    async def finish(self) -> None:
        """End the audio. The remaining tokens and a last event with `finished` follow."""
        await self.send_control_message(RealtimeControlType.FINISH)

    async def finalize(self, *, trailing_silence_ms: int | None = None) -> None:
        """Ask for everything heard so far as final tokens, followed by `<fin>`.

        Args:
            trailing_silence_ms: Silence that was sent since the last word, if you know it.
        """
        await self._send(self._brain.finalize(trailing_silence_ms))

    async def keep_alive(self) -> None:
        """Tell the server that silence is intended."""
        await self.send_control_message(RealtimeControlType.KEEP_ALIVE)

    async def send_raw(self, frame: str | BytesLike) -> None:
        """Send text or bytes as one frame as it is: for tests and for finding faults.

        Nothing is checked, dropped or held back: not while paused, not after the end of audio.
        Cancelling leaves open whether it was sent.

        Raises:
            OyezValidationError: The frame is neither text nor bytes.
        """
        await self._send(self._brain.raw(frame))

    async def recv_bytes(self) -> bytes:
        """Return the next message as it is, or `b""` when the socket has closed.

        Nothing is raised for it, `last_message` does not change and no callback is called: use
        `receive_event` unless you need bytes. Cancelling is safe: no message is lost.
        """
        self._brain.require_entered()
        with self._as_receiver():
            while not self._brain.has_heard:
                if self._brain.awaits_close:
                    await self._await_close()
                if self._brain.is_socket_closed:
                    return b""
                await self._read()
            frame = self._brain.hand_out_raw()
        return frame.encode() if isinstance(frame, str) else frame

    async def receive_event(self) -> RealtimeEvent | None:
        """Wait for the next event and return it, or None after the last one.

        Cancelling is safe: no event is lost.

        Raises:
            OyezServerError: The server refused or ended the stream; the subclass says why.
            OyezConnectionLostError: The socket closed before the server said `finished`.
            RemoteProtocolError: The server broke the protocol.
            OyezRealtimeError: The session was not entered, or another task is receiving.
        """
        self._brain.require_entered()
        with self._as_receiver():
            while not self._brain.has_heard:
                if not self._brain.expects_message():
                    if not self._brain.options.raise_errors:
                        await self._await_close()
                    return None
                await self._read()
            return self._brain.hand_out()

    async def receive_events(self) -> AsyncIterator[RealtimeEvent]:
        """Yield events up to and including the one with `finished`.

        Cancelling is safe: a new call goes on with the next event.

        Raises:
            OyezError: As `receive_event`.
        """
        while (event := await self.receive_event()) is not None:
            yield event

    async def receive_utterances(self) -> AsyncIterator[Utterance]:
        """Yield what is said, each utterance when its `<end>` or `<fin>` has come.

        What is left at the end of the stream is the last one. Utterances without a word are left
        out. Events are received meanwhile; `last_message` is the newest. Cancelling is safe: a
        new call goes on with the next utterance.

        Raises:
            OyezError: As `receive_event`.
        """
        while True:
            while self._brain.ended_utterances:
                yield self._brain.ended_utterances.popleft()
            if await self.receive_event() is None:
                return

    async def handle_events(
        self, handler: Callable[[RealtimeEvent], Awaitable[object] | object]
    ) -> None:
        """Call `handler` with every event, until the last, and await it if it is a coroutine.

        Cancelling is safe for events; a handler that is awaited is cancelled with it.

        Raises:
            OyezError: As `receive_event`.
        """
        async for event in self.receive_events():
            outcome = handler(event)
            if inspect.isawaitable(outcome):
                await outcome

    async def pause(self, *, finalize: bool = True) -> None:
        """Drop audio until `resume` and keep the session alive meanwhile.

        Args:
            finalize: Whether to ask first for final tokens of what was heard.
        """
        if not self._brain.pause():
            return
        self._keepalive = asyncio.create_task(self._keep_alive(), name="oyez-keepalive")
        if finalize:
            await self.finalize()

    async def resume(self) -> None:
        """Take audio again after `pause`."""
        self._brain.resume()
        self._stop_keepalive()

    async def abort(self, error: BaseException) -> bool:
        """End the session because this side failed, for instance its audio source.

        Returns:
            Whether the receiving side will raise it, as an `OyezRealtimeError` caused by `error`;
            not so when the stream has ended already.
        """
        was_open = self._brain.abort(error)
        if was_open:
            self._stop_keepalive()
            await self._close_socket()
        return was_open

    async def _send(self, frame: str | bytes | None) -> None:
        if frame is None or self._ws is None:
            return
        try:
            async with asyncio.timeout(self._timings.send_timeout_sec):
                await self._ws.send(frame)
        except ConnectionClosed:
            self._brain.send_failed()
        except TimeoutError:
            self._was_given_up = True
            self._brain.send_failed()
            self._ws.transport.abort()
        else:
            return
        await self._read_to_the_end()
        self._brain.require_not_lost()

    async def _read(self) -> None:
        """Read one message, or learn that there are no more."""
        async with self._read_lock:
            if self._brain.has_heard or self._brain.is_socket_closed:
                return  # a sender read meanwhile
            await self._read_one()

    async def _read_one(self) -> None:
        assert self._ws is not None
        try:
            frame = await self._ws.recv()
        except ConnectionClosed as closed:
            self._brain.socket_closed(closing_of(closed, was_given_up=self._was_given_up))
        else:
            self._brain.receive(frame)

    async def _read_to_the_end(self) -> None:
        """Learn from what was received why the socket has closed. Nothing of it is lost."""
        with suppress(TimeoutError):  # then the receiver will learn it
            async with asyncio.timeout(self._timings.close_timeout_sec), self._read_lock:
                while not self._brain.is_socket_closed:
                    await self._read_one()

    async def _await_close(self) -> None:
        """After the last word wait a short time for the server to close the socket; close it."""
        assert self._ws is not None
        with suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(self._timings.close_timeout_sec):
                while True:
                    await self._ws.recv()  # nothing that follows the last word counts
        await self.close()

    @contextmanager
    def _as_receiver(self) -> Iterator[None]:
        if self._is_receiving:
            raise OyezRealtimeError("Only one task at a time can receive.")
        self._is_receiving = True
        try:
            yield
        finally:
            self._is_receiving = False

    async def _close_socket(self) -> None:
        if self._ws is None:
            return
        try:
            async with asyncio.timeout(self._timings.close_timeout_sec):
                await self._ws.close()
        except TimeoutError:
            pass
        finally:
            self._ws.transport.abort()

    async def _keep_alive(self) -> None:
        with suppress(OyezConnectionLostError):  # the next other call raises it
            while self._brain.is_open:
                await asyncio.sleep(self._timings.keep_alive_interval_sec)
                await self.keep_alive()

    def _stop_keepalive(self) -> None:
        task, self._keepalive = self._keepalive, None
        if task is not None:
            task.cancel()


async def _pieces(
    chunks: BytesLike | Iterable[BytesLike] | AsyncIterable[BytesLike],
) -> AsyncGenerator[BytesLike, None]:
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in pieces_of(chunks):
            yield chunk
