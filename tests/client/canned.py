"""A small real WebSocket server with canned answers, and a frozen one."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from websockets.exceptions import ConnectionClosed
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection, serve

from oyez.protocol.connection import Connection, Role, Verdict
from oyez.protocol.messages import (
    Audio,
    ClientKind,
    ClientMessage,
    ErrorFrame,
    Finished,
    Results,
    ServerMessage,
    Start,
    decode_client_frame,
    encode_server_message,
)
from oyez.protocol.tokens import Token

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Raw:
    """A frame as it is."""

    frame: str | bytes


@dataclass(frozen=True)
class Close:
    """Close the socket."""

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True)
class Cut:
    """End the transport without a close frame."""


@dataclass(frozen=True)
class Linger:
    """Leave the socket open after the last word, until the client closes it."""


Step: TypeAlias = ServerMessage | Raw | Close | Cut | Linger | Callable[[], object]
Script: TypeAlias = Mapping[ClientKind, Sequence[Step]]


class Peer:
    """One connection as the server sees it."""

    def __init__(self, ws: ServerConnection) -> None:
        self.ws = ws
        self.connection = Connection(Role.SERVER, now_s=0.0)
        self.heard: list[ClientMessage] = []
        self.close_code: int | None = None
        self.lingers = False

    @property
    def audio(self) -> bytes:
        return b"".join(message.data for message in self.heard if isinstance(message, Audio))

    @property
    def start(self) -> dict[str, object]:
        assert isinstance(self.heard[0], Start)
        return self.heard[0].payload

    def kinds(self) -> list[ClientKind]:
        return [message.kind for message in self.heard]

    def say(self, step: Step) -> None:
        match step:
            case Raw(frame):
                self.ws.send(frame)
            case Close(code, reason):
                self.ws.close(code, reason)
            case Cut():
                self.ws.socket.shutdown(socket.SHUT_RDWR)
            case Linger():
                self.lingers = True
            case Results() | Finished() | ErrorFrame():
                self.connection.server_says(step.kind)
                self.ws.send(encode_server_message(step))
            case _:
                step()


class CannedServer:
    """Answers each kind of message with the script's steps."""

    def __init__(self) -> None:
        self.script: Script
        self.peers: list[Peer]
        self._news = threading.Condition()
        self._server = serve(self._talk, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self._tests = itertools.count()
        self.reset()

    @property
    def peer(self) -> Peer:
        (peer,) = self.peers
        return peer

    def reset(self) -> None:
        """Prepare for a test; connections of earlier ones are known by their address."""
        self.script = {}
        self.peers = []
        self.prefix = f"/test-{next(self._tests)}/"
        port = self._server.socket.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}{self.prefix}"

    async def until(self, condition: Callable[[Peer], object]) -> None:
        """Wait until something is true of the only peer."""

        def wait() -> bool:
            with self._news:
                return self._news.wait_for(
                    lambda: bool(self.peers and condition(self.peer)), PATIENCE_S
                )

        assert await asyncio.to_thread(wait)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE_S)

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()

    def _talk(self, ws: ServerConnection) -> None:
        peer = Peer(ws)
        assert ws.request is not None
        if ws.request.path.startswith(self.prefix):
            self.peers.append(peer)
        try:
            for frame in ws:
                connection = peer.connection
                message = decode_client_frame(frame, is_started=connection.is_started)
                if connection.client_says(message.kind, now_s=0.0) is Verdict.IGNORE:
                    continue
                peer.heard.append(message)
                self._tell()
                for step in self.script.get(message.kind, ()):
                    peer.say(step)
                if connection.is_over and not peer.lingers:
                    break
        except ConnectionClosed:
            pass
        ws.close()
        peer.close_code = ws.close_code
        self._tell()


class FrozenServer:
    """Opens WebSockets, or only TCP connections, and then neither reads nor writes."""

    def __init__(self, *, shakes_hands: bool) -> None:
        self._shakes_hands = shakes_hands
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        self.base_url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE_S)
        for accepted in self.accepted:
            accepted.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.accepted.append(accepted)
            if self._shakes_hands:
                self._shake_hands(accepted)

    def _shake_hands(self, accepted: socket.socket) -> None:
        protocol = ServerProtocol()
        while not (events := protocol.events_received()):
            data = accepted.recv(4096)
            if not data:
                return
            protocol.receive_data(data)
        protocol.send_response(protocol.accept(events[0]))  # type: ignore[arg-type]
        for data in protocol.data_to_send():
            accepted.sendall(data)


def results(text: str, *, final_ms: int = 0, is_final: bool = False) -> Results:
    """One token."""
    token = Token(text, 0, 100, 0.5, is_final)
    return Results((token,), final_ms, max(final_ms, 100))
