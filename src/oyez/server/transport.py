"""uvicorn's protocols, with an end to everything and nothing to log for bad clients."""

import asyncio
import logging
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.server import ServerProtocol

_BAD_REQUEST: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"connection: close\r\ncontent-length: 40\r\n\r\nThe WebSocket handshake cannot be read.\n"
)


_NO_ROOM: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"connection: close\r\nretry-after: 10\r\ncontent-length: 44\r\n\r\n"
    b"The server holds as many sockets as it may.\n"
)


SLICE_BYTES: Final = 16 * 1024
"""Bytes of a request that are looked at together; its head may have 64 KiB and one slice."""


class _Frames(ServerProtocol):
    """The WebSocket of `websockets`, which lets a client close in the middle of a message.

    RFC 6455, 5.4: control frames may stand between the fragments of a message, and 5.5.1 excepts
    Close from nothing.
    """

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None  # the message that was begun is never finished
        super().recv_frame(frame)


def bounded_protocol(close_timeout_s: float) -> type[WebSocketsSansIOProtocol]:
    """Return a protocol whose sockets are gone `close_timeout_s` after their conversation.

    uvicorn closes a socket once everything written to it has been taken, which a client that has
    stopped reading never does; its socket and what is buffered for it would stay.
    """

    class BoundedProtocol(WebSocketsSansIOProtocol):
        def __init__(
            self, config: uvicorn.Config, server_state: ServerState, **options: object
        ) -> None:
            super().__init__(config, server_state, **options)  # type: ignore[arg-type]
            self.conn = _Frames(
                extensions=self.conn.available_extensions,
                max_size=config.ws_max_size,
                logger=logging.getLogger("uvicorn.error"),
            )

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                # uvicorn would neither answer nor close: lines too long, a body, odd characters.
                self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
                self.transport.close()

        def shutdown(self) -> None:
            if self.conn.handshake_exc is not None:
                self.transport.abort()
                return
            super().shutdown()

        def send_receive_event_to_app(self) -> None:
            if self.curr_msg_data_type == "text" and not self.close_sent and not self._is_utf8():
                # uvicorn would close in the same way, and log a traceback for every such client.
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
                self.handle_parser_exception()
                return
            super().send_receive_event_to_app()

        def _is_utf8(self) -> bool:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                return False
            return True

        async def run_asgi(self) -> None:
            await super().run_asgi()
            # Aborting what is closed already does nothing.
            self.loop.call_later(close_timeout_s, self.transport.abort)

    return BoundedProtocol


class _SlicedProtocol(H11Protocol):
    """An HTTP protocol that bounds heads however they arrive.

    h11 looks at the length of what is not complete yet, and so at nothing when all of a long head
    comes at once.
    """

    def data_received(self, data: bytes) -> None:
        for at in range(0, len(data), SLICE_BYTES):
            following = self.transport.get_protocol()
            if following is not self and isinstance(following, asyncio.Protocol):
                following.data_received(data[at:])  # it has become a WebSocket
                return
            if self.transport.is_closing():
                return
            super().data_received(data[at : at + SLICE_BYTES])


def punctual_protocol(request_timeout_s: float, *, max_sockets: int) -> type[H11Protocol]:
    """Return an HTTP protocol that closes sockets on which no whole request arrives in time.

    The time begins when the socket is opened and after each answer. uvicorn waits for ever for the
    first request, and for the rest of one that was begun.

    Args:
        request_timeout_s: The time.
        max_sockets: Sockets of any kind, WebSockets among them; more are told that there is no
            room, whatever they were opened for.
    """

    class PunctualProtocol(_SlicedProtocol):
        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > max_sockets:
                transport.write(_NO_ROOM)
                transport.close()
                # For one that does not read the answer.
                self._waiting = self.loop.call_later(request_timeout_s, transport.abort)
                return
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._wait()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _wait(self) -> None:
            """Let the time run while a request is wanted, and only then."""
            is_upgraded = self.transport.get_protocol() is not self
            has_begun = self.cycle is not None  # uvicorn's type forgets the time before
            if is_upgraded or (has_begun and not self.cycle.response_complete):
                self._stop_waiting()
            elif self._waiting is None:
                self._waiting = self.loop.call_later(request_timeout_s, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

    return PunctualProtocol
