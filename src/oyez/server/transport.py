"""uvicorn's WebSocket protocol, with an end to every closing and nothing to log for bad clients."""

import logging

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.server import ServerProtocol


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
