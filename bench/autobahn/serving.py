"""A server of ours whose transport can be tested: beside the application lies an echo."""

import asyncio
import threading
import time
from types import TracebackType
from typing import Final, Self, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from oyez.bench.serving import is_ready
from oyez.server.run import bind, make_server
from oyez.server.settings import Settings

ECHO_PATH: Final = "/echo"
STREAM_PATH: Final = "/transcribe-websocket"
READY_S: Final = 30.0
POLL_S: Final = 0.02


def with_echo(app: ASGIApp) -> ASGIApp:
    """Return the application with `ECHO_PATH`, which sends every message back, added to it."""

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == ECHO_PATH:
            await _echo(WebSocket(scope, receive, send))
        else:
            await app(scope, receive, send)

    return both


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while (event := await socket.receive())["type"] == "websocket.receive":
            if event.get("text") is not None:
                await socket.send_text(event["text"])
            else:
                await socket.send_bytes(event["bytes"])
    except WebSocketDisconnect:
        pass  # it went while it was being answered


class EchoingServer:
    """What `oyez serve` runs, on a thread, with the echo beside it; a context manager.

    Args:
        settings: How the server runs; port 0 takes a free one.
    """

    def __init__(self, settings: Settings) -> None:
        self._server, self.hub = make_server(settings)
        self._server.config.app = with_echo(cast("ASGIApp", self._server.config.app))
        self._listener = bind(settings)
        self._thread = threading.Thread(target=self._run, name="bench-autobahn", daemon=True)

    def url(self, path: str) -> str:
        """Return where a path is served."""
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}{path}"

    @property
    def socket_count(self) -> int:
        """How many sockets are open."""
        return len(self._server.server_state.connections)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline_s = time.monotonic() + READY_S
        while not is_ready(self.url(STREAM_PATH)):
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"The server was not ready within {READY_S:g} s.")
            time.sleep(POLL_S)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(READY_S)
        self._listener.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))
