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
)
from contextlib import aclosing
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConcurrencyError, ConnectionClosed

from oyez.client._base import SessionBase
from oyez.client._session import BytesLike, RawStart, frames_of, pieces_of
from oyez.client.events import RealtimeControlType, RealtimeEvent
from oyez.client.failures import CONNECT_FAILURES, close_code, connect_error
from oyez.client.handshake import bound_send_buffer, socket_options
from oyez.client.timings import DEFAULT_CONNECT_TIMEOUT_SEC, SessionTimings
from oyez.errors import OyezRealtimeError
from oyez.protocol.config import RealtimeSTTConfig


class AsyncRealtimeSTTSession(SessionBase):
    """One stream of audio and its transcript, on an event loop.

    Get one from `client.realtime.stt.connect(...)` and use it in an `async with` block, which
    opens the socket and really closes it.

    Tasks: audio from one, receiving in one (the same or another), everything else from any task of
    the same loop. Audio and control messages leave in the order of the calls. A call that sends
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
        bound_send_buffer(ws.transport.get_extra_info("socket"))
        self._ws = ws
        try:
            await self._send(self._brain.start())
        except asyncio.CancelledError:
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

    async def finalize(self) -> None:
        """Ask for everything heard so far as final tokens, followed by `<fin>`."""
        await self.send_control_message(RealtimeControlType.FINALIZE)

    async def keep_alive(self) -> None:
        """Tell the server that silence is intended."""
        await self.send_control_message(RealtimeControlType.KEEP_ALIVE)

    async def send_raw(self, frame: str | BytesLike) -> None:
        """Send text or bytes as one frame as it is: for tests and for finding faults.

        Nothing is checked, dropped or held back: not while paused, not after the end of audio.
        Once the socket has closed it sends nothing; the receiving side raises why.
        Cancelling leaves open whether it was sent.

        Raises:
            OyezValidationError: The frame is neither text nor bytes.
        """
        await self._send(self._brain.raw(frame))

    async def recv_bytes(self) -> bytes:
        """Return the next message as it is, or `b""` when the socket has closed.

        Nothing is parsed, remembered or raised for it: use `receive_event` unless you need bytes.
        Cancelling is safe: no message is lost.
        """
        self._brain.require_entered()
        try:
            frame = await self._recv()
        except ConnectionClosed:
            return b""
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
        if not self._brain.expects_message():
            return None
        try:
            frame = await self._recv()
        except ConnectionClosed as closed:
            self._brain.socket_closed(close_code(closed), closed)
            return None
        return self._brain.receive(frame)

    async def receive_events(self) -> AsyncIterator[RealtimeEvent]:
        """Yield events up to and including the one with `finished`.

        Cancelling is safe: a new call goes on with the next event.

        Raises:
            OyezError: As `receive_event`.
        """
        while (event := await self.receive_event()) is not None:
            yield event

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
            self._brain.send_failed()
            self._ws.transport.abort()

    async def _recv(self) -> str | bytes:
        assert self._ws is not None
        try:
            return await self._ws.recv()
        except ConcurrencyError as error:
            raise OyezRealtimeError("Only one task at a time can receive.") from error

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
