"""A WebSocket client without sockets: it runs the server's application in its own event loop.

    async with serving(Settings(api_key=KEY, model="scripted")) as app, Peer(app) as peer:
        peer.send_text(start)
        frame = await peer.receive()

What the application may do follows the ASGI specification (WebSocket, 2.4), as uvicorn enforces it:
sending to a client that has gone raises an `OSError`, sending after a close a `RuntimeError`.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Scope

from oyez.server.app import create_app, load_engines
from oyez.server.hub import Engines
from oyez.server.settings import Settings

PATH: Final = "/transcribe-websocket"
PATIENCE_S: Final = 10.0
"""How long the application may take for anything, unless the caller says otherwise."""
LOADING_S: Final = 60.0
"""How long the models may take to load."""
ABNORMAL: Final = 1006
"""Close code of a socket that went without a word."""


class PeerError(Exception):
    """The application did what no server may do."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The server closed the socket."""

    code: int
    reason: str = ""


@contextlib.asynccontextmanager
async def serving(
    settings: Settings, *, load: Callable[[Settings], Engines] = load_engines
) -> AsyncIterator[Starlette]:
    """Run the lifespan of a server's application; its models are loaded inside.

    Args:
        settings: How the server runs; host and port mean nothing here.
        load: Loads the models.

    Raises:
        TimeoutError: The models did not load in time.
        Exception: Whatever kept them from loading.
    """
    app = create_app(settings, load=load)
    async with app.router.lifespan_context(app):
        async with asyncio.timeout(LOADING_S):
            await app.state.hub.settled.wait()
        if app.state.hub.load_failure is not None:
            raise app.state.hub.load_failure
        yield app


class Peer:
    """One client; an async context manager. Entering waits for the handshake's answer.

    Leaving disconnects a socket that is still open and waits until the application has let go of
    it; whatever the application raised is raised then.

    Args:
        app: The application, its lifespan running.
        path: Where to connect.
        headers: Of the handshake; names in any case.
        subprotocols: What the client offers, in order.
        patience_s: Longest wait for the application, in seconds.

    Raises:
        PeerError: The application broke the rules of ASGI.
        TimeoutError: It did not answer or did not let go in time.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        path: str = PATH,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._app = app
        self._scope = _scope(path, headers or {}, subprotocols)
        self._patience_s = patience_s
        self._said: deque[Message] = deque([{"type": "websocket.connect"}])
        self._said_more = asyncio.Event()
        self._heard: deque[str | Closed] = deque()
        self._heard_more = asyncio.Event()
        self._is_answered = asyncio.Event()
        self._is_gone = False
        self._task: asyncio.Task[None] | None = None
        self.is_accepted = False
        """Whether the handshake was accepted."""
        self.subprotocol: str | None = None
        """What the server selected."""
        self.closed: Closed | None = None
        """How the server closed the socket, once it has; frames may still wait to be received."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._returned)
        async with asyncio.timeout(self._patience_s):
            await self._is_answered.wait()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self.disconnect()
        await asyncio.wait((self._task,), timeout=self._patience_s)
        if not self._task.done():
            self._task.cancel()
            raise TimeoutError("The application did not return after the socket was closed.")
        self._task.result()

    # What the client does.

    def send_text(self, text: str) -> None:
        """Send a text frame; never waits. A closed socket swallows it."""
        self._say({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        """Send a binary frame; never waits. A closed socket swallows it."""
        self._say({"type": "websocket.receive", "bytes": data})

    def send(self, frame: str | bytes) -> None:
        """Send a frame of the kind that its type says."""
        if isinstance(frame, str):
            self.send_text(frame)
        else:
            self.send_bytes(frame)

    def disconnect(self, code: int = 1000) -> None:
        """Go; 1006 is a connection that broke. Idempotent."""
        if not self._is_gone and self.closed is None:
            self._say({"type": "websocket.disconnect", "code": code})
        self._is_gone = True

    async def receive(self, timeout_s: float | None = None) -> str | Closed:
        """Return the next text frame, or how the server closed the socket, again and again.

        Raises:
            TimeoutError: Nothing came in time.
        """
        async with asyncio.timeout(self._patience_s if timeout_s is None else timeout_s):
            while not self._heard:
                self._heard_more.clear()
                await self._heard_more.wait()
        if isinstance(self._heard[0], Closed):
            return self._heard[0]
        return self._heard.popleft()

    async def receive_rest(self, timeout_s: float | None = None) -> list[str]:
        """Return all frames until the server closes the socket; `closed` then says how."""
        frames: list[str] = []
        while isinstance(frame := await self.receive(timeout_s), str):
            frames.append(frame)
        return frames

    @property
    def has_returned(self) -> bool:
        """Whether the application is done with this socket."""
        return self._task is not None and self._task.done()

    @property
    def is_taken(self) -> bool:
        """Whether the application has taken everything that was sent."""
        return not self._said

    # What the application sees.

    async def _run(self) -> None:
        await self._app(self._scope, self._give, self._take)

    def _say(self, message: Message) -> None:
        if not self._is_gone and self.closed is None:
            self._said.append(message)
            self._said_more.set()

    async def _give(self) -> Message:
        while not self._said:
            if self.closed is not None or self._is_gone:
                return {"type": "websocket.disconnect", "code": ABNORMAL}
            self._said_more.clear()
            await self._said_more.wait()
        return self._said.popleft()

    async def _take(self, message: Message) -> None:
        if self.closed is not None:
            raise RuntimeError(f"{message['type']} was sent after the socket was closed.")
        if self._is_gone:
            raise OSError("The client has gone.")
        match message["type"]:
            case "websocket.accept" if not self._is_answered.is_set():
                self.is_accepted = True
                self.subprotocol = message.get("subprotocol")
                self._is_answered.set()
            case "websocket.send" if self.is_accepted and message.get("text") is not None:
                message["text"].encode()  # a frame that is no UTF-8 could not leave
                self._hear(message["text"])
            case "websocket.close":
                code = message.get("code", 1000) if self.is_accepted else ABNORMAL
                self._close(Closed(code, message.get("reason") or ""))
            case kind:
                raise PeerError(f"The application sent {kind} where it may not: {message!r:.200}.")

    def _hear(self, item: str | Closed) -> None:
        self._heard.append(item)
        self._heard_more.set()

    def _close(self, closed: Closed) -> None:
        self.closed = closed
        self._hear(closed)
        self._said_more.set()
        self._is_answered.set()

    def _returned(self, task: asyncio.Task[None]) -> None:
        """Hang up for an application that returned, or fell, without closing."""
        if self.closed is None:
            self._close(Closed(ABNORMAL, "The application returned without closing."))
        if not task.cancelled():
            task.exception()  # it is raised when the caller leaves


def _scope(path: str, headers: Mapping[str, str], subprotocols: Sequence[str]) -> Scope:
    fields = {"host": "peer.test"} | {name.lower(): value for name, value in headers.items()}
    if subprotocols:
        fields["sec-websocket-protocol"] = ", ".join(subprotocols)
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "server": ("peer.test", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items()],
        "subprotocols": list(subprotocols),
        "state": {},
        "extensions": {},
    }
