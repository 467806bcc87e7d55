"""The ways to a server on which every promise is tested, with one face.

machine   the state machine alone: function calls, and a clock that the test moves
asgi      the application in process, without sockets
sync      a real server and the sync SDK
async     a real server and the async SDK
socket    a real server and a bare WebSocket, for what no SDK would do
"""

import asyncio
import contextlib
import inspect
import json
import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bench.fuzz.peer import Closed, Peer, serving
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

import oyez
from oyez.engines.scripted import load, load_vad
from oyez.errors import AudioError, RemoteProtocolError
from oyez.protocol.messages import (
    Audio,
    End,
    ErrorFrame,
    Finalize,
    ServerMessage,
    encode_server_message,
)
from oyez.protocol.start import StartRequest
from oyez.server.conversation import KEY_GRACE_S
from oyez.server.dialogue import Dialogue, Instruction, UnknownKey, check_audio_came
from oyez.server.keys import from_handshake
from oyez.server.opening import model_info, open_session
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from oyez.session.inlet import Inlet
from oyez.session.session import Session
from server.wire import Message, check_error, dial

from .sdks import Threaded

KEY: Final = "test-key"
PLAIN: Final = Settings(api_key=KEY, port=0, model="scripted")
PATIENCE_S: Final = 20.0
Frame = str | bytes


@dataclass(frozen=True)
class Handshake:
    """How a client presents itself."""

    key: str | None = KEY
    """Goes into the Authorization header."""
    path: str = "/transcribe-websocket"
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: Sequence[str] = ()

    @property
    def all_headers(self) -> dict[str, str]:
        bearer = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        return {**bearer, **self.headers}


class Line(ABC):
    """One connection."""

    subprotocol: str | None = None
    """What the server selected."""
    close_code: int | None = None
    """How the server closed, once `hear` has returned None."""

    @abstractmethod
    async def say_one(self, frame: Frame) -> None:
        """Send a frame; a server that has closed hears it no more."""

    @abstractmethod
    async def hear(self) -> Message | None:
        """Return the next message, or None when the server has closed the socket."""

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def say(self, *parts: Frame | Sequence[Frame]) -> None:
        """Send frames and lists of frames."""
        for part in parts:
            for frame in [part] if isinstance(part, str | bytes) else part:
                await self.say_one(frame)

    async def rest(self) -> list[Message]:
        """Everything until the server closes the socket."""
        messages = []
        while (message := await self.hear()) is not None:
            messages.append(message)
        return messages

    async def until(self, is_enough: Callable[[list[Message]], object]) -> list[Message]:
        """Hear until something is true of what was heard."""
        messages: list[Message] = []
        while not is_enough(messages):
            message = await self.hear()
            assert message is not None, f"the stream ended after {messages}"
            assert "error_code" not in message, message
            messages.append(message)
        return messages

    async def refusal(
        self, code: int = 400, error_type: str = "invalid_request", *, close_code: int = 1000
    ) -> str:
        """Expect the one error that ends the stream; return what it says."""
        *_, frame = await self.rest()
        check_error(frame)
        assert (frame["error_code"], frame["error_type"]) == (code, error_type), frame
        assert self.close_code == close_code
        message: str = frame["error_message"]
        return message


class MachineLine(Line):
    """Function calls in place of a socket, a number in place of a clock."""

    def __init__(self, settings: Settings, handshake: Handshake) -> None:
        presented = from_handshake(
            handshake.all_headers.get("Authorization"), handshake.subprotocols
        )
        self.subprotocol = presented.subprotocol
        self._recognizer, self._vad = load(), load_vad()
        self._now_s = 0.0
        self._dialogue = Dialogue(
            presented,
            settings=settings,
            model=lambda: model_info(self._recognizer),
            request_id=str(uuid.uuid4()),
            errors_url="http://127.0.0.1:0/errors",
            now_s=self._now_s,
        )
        problem = self._dialogue.handshake_key()
        assert not isinstance(problem, UnknownKey), "there is no store"
        self._problem = problem
        self._said: deque[ServerMessage] = deque()
        self._inlet: Inlet | None = None
        self._session: Session | None = None
        self._closing: int | None = None

    async def say_one(self, frame: Frame) -> None:
        if self._closing is not None:
            return
        try:
            if self._problem is not None:
                raise self._problem
            instruction = self._dialogue.receive(frame, now_s=self._now_s)
            if instruction is not None:
                self._obey(instruction)
        except RemoteProtocolError as error:
            self._fail(error.error_type, str(error))
        except AudioError as error:
            self._fail("invalid_request", error.problem)

    async def hear(self) -> Message | None:
        await asyncio.sleep(0)  # another task may have something to say
        if not self._said and self._closing is None:
            # Nothing is being computed: only time can bring more.
            deadline_s = self._dialogue.connection.next_deadline_s()
            assert self._problem is not None or deadline_s is not None, "nothing more will come"
            until_s = KEY_GRACE_S if self._problem is not None else deadline_s
            assert until_s is not None
            await self.wait(until_s - self._now_s)
            return await self.hear()
        if self._said:
            message: Message = json.loads(encode_server_message(self._said.popleft()))
            return message
        self.close_code = self._closing
        return None

    async def wait(self, seconds: float) -> None:
        until_s = self._now_s + seconds
        while self._closing is None and self._now_s < until_s:
            deadline_s = self._dialogue.connection.next_deadline_s()
            self._now_s = until_s if deadline_s is None else min(until_s, deadline_s)
            if self._problem is not None and self._now_s >= KEY_GRACE_S:
                self._fail(self._problem.error_type, str(self._problem))
                return
            expiry = self._dialogue.expire(now_s=self._now_s)
            if expiry is not None:
                self._fail(expiry.error_type, expiry.reason, close_code=expiry.close_code)

    def _obey(self, instruction: Instruction) -> None:
        if isinstance(instruction, StartRequest):
            self._inlet, self._session = open_session(
                instruction.config, self._recognizer, self._vad
            )
            return
        inlet, session = self._inlet, self._session
        assert inlet is not None
        assert session is not None
        match instruction:
            case Audio(data):
                session.hear(inlet.push(data))
                self._dialogue.connection.decoded(session.heard_ms)
            case Finalize():
                session.finalize()
            case End():
                heard = inlet.flush()
                check_audio_came(saw_audio=inlet.saw_audio)
                session.hear(heard)
                session.end()
        self._compute(session)

    def _compute(self, session: Session) -> None:
        self._collect(session)
        while wanted := session.readings():
            for reading in wanted:
                session.answer(reading, self._recognizer.recognize([reading.window])[0])
                self._collect(session)
        self._collect(session)
        if session.is_finished:
            self._closing = 1000

    def _collect(self, session: Session) -> None:
        for message in session.poll():
            self._dialogue.say(message)
            self._said.append(message)

    def _fail(self, error_type: str, reason: str, *, close_code: int = 1000) -> None:
        frame: ErrorFrame = self._dialogue.error_frame(error_type, reason)
        self._dialogue.say(frame)
        self._said.append(frame)
        self._closing = close_code


class AsgiLine(Line):
    """The application, called as an ASGI server calls it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.subprotocol = peer.subprotocol

    async def say_one(self, frame: Frame) -> None:
        self._peer.send(frame)
        await asyncio.sleep(0)

    async def hear(self) -> Message | None:
        answer = await self._peer.receive(PATIENCE_S)
        if isinstance(answer, Closed):
            self.close_code = answer.code
            return None
        message: Message = json.loads(answer)
        return message


class SocketLine(Line):
    """A bare WebSocket."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.subprotocol = ws.subprotocol

    async def say_one(self, frame: Frame) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.ws.send(frame)

    async def hear(self) -> Message | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                frame = await self.ws.recv()
        except ConnectionClosed:
            self.close_code = self.ws.close_code
            return None
        assert isinstance(frame, str), "messages are text"
        message: Message = json.loads(frame)
        return message


class SdkLine(Line):
    """A session of our SDK. The first frame said opens it; errors are raised, and told as sent."""

    def __init__(self, client: Any, *, is_async: bool, stack: contextlib.AsyncExitStack) -> None:
        self._client = client
        self._is_async = is_async
        self._stack = stack
        self.session: Any = None
        self._is_refused = False

    async def say_one(self, frame: Frame) -> None:
        if self.session is not None:
            await self.session.send_raw(frame)
            return
        session = self._client.realtime.stt.connect(config={}, raw_start=frame)
        self.session = await self._stack.enter_async_context(
            session if self._is_async else Threaded(session)
        )

    async def hear(self) -> Message | None:
        if self._is_refused:
            await self._note_close()
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                event = await self.session.receive_event()
        except oyez.OyezServerError as error:
            self._is_refused = True
            return {
                "tokens": [],
                "error_code": error.error_code,
                "error_type": error.error_type,
                "error_message": error.error_message,
                "request_id": error.request_id,
                "more_info": error.more_info,
            }
        if event is not None:
            message: Message = event.model_dump(exclude_unset=True)
            return message
        await self._note_close()
        return None

    async def account(self) -> Any:
        account = self.session.account()
        return await account if inspect.isawaitable(account) else account

    async def _note_close(self) -> None:
        assert await self.session.recv_bytes() == b""
        self.close_code = self.session._ws.close_code


Servers = Callable[[Settings], ServerThread]
"""Returns a running server with these settings; the same one for the same settings."""


@dataclass(frozen=True)
class Wire:
    """One way to a server with the given settings."""

    name: str
    settings: Settings
    servers: Servers

    @contextlib.asynccontextmanager
    async def open(self, **handshake: Any) -> AsyncIterator[Line]:
        """Connect; the fields of `Handshake` say how."""
        shake = Handshake(**handshake)
        async with contextlib.AsyncExitStack() as stack:
            yield await self._line(shake, stack)

    async def _line(self, shake: Handshake, stack: contextlib.AsyncExitStack) -> Line:
        if self.name == "machine":
            return MachineLine(self.settings, shake)
        if self.name == "asgi":
            app = await stack.enter_async_context(serving(self.settings))
            peer = Peer(
                app,
                path=shake.path,
                headers=shake.all_headers,
                subprotocols=shake.subprotocols,
            )
            return AsgiLine(await stack.enter_async_context(peer))
        url = self.url(shake.path)
        if self.name == "socket":
            opened = dial(
                url, key=shake.key, headers=shake.headers, subprotocols=shake.subprotocols
            )
            return SocketLine(await stack.enter_async_context(opened))
        assert shake == Handshake(key=shake.key, path=shake.path), "no SDK does that"
        kind = oyez.AsyncOyezClient if self.name == "async" else oyez.OyezClient
        client = kind(api_key=shake.key, websocket_base_url=url)
        return SdkLine(client, is_async=self.name == "async", stack=stack)

    def url(self, path: str = "/transcribe-websocket") -> str:
        return f"ws://127.0.0.1:{self.servers(self.settings).port}{path}"


def with_limits(**limits: float) -> Settings:
    """Return plain settings with other time limits."""
    return replace(PLAIN, limits=replace(PLAIN.limits, **limits))
