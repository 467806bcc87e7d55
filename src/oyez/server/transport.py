"""uvicorn's WebSocket protocol, with an end to every closing."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


def bounded_protocol(close_timeout_s: float) -> type[WebSocketsSansIOProtocol]:
    """Return a protocol whose sockets are gone `close_timeout_s` after their conversation.

    uvicorn closes a socket once everything written to it has been taken, which a client that has
    stopped reading never does; its socket and what is buffered for it would stay.
    """

    class BoundedProtocol(WebSocketsSansIOProtocol):
        async def run_asgi(self) -> None:
            await super().run_asgi()
            # Aborting what is closed already does nothing.
            self.loop.call_later(close_timeout_s, self.transport.abort)

    return BoundedProtocol
