"""One WebSocket: the shell that carries frames and time between a socket and a session.

Three tasks share the event loop. The reader judges frames and fills the inbox; the listener
empties it through the inlet (in a thread) into the session; the sender says what is due.
Recognition runs in the runtime; its answers come back through callbacks. Whoever meets the end
first says how the conversation ends.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from oyez.errors import AudioError, EngineBusyError, EngineError, RemoteProtocolError
from oyez.protocol.messages import (
    REQUEST_ID_HEADER,
    Audio,
    End,
    ErrorFrame,
    Finalize,
    ServerMessage,
    encode_server_message,
)
from oyez.protocol.start import StartRequest
from oyez.server.access import Grant
from oyez.server.dialogue import Dialogue, UnknownKey, check_audio_came
from oyez.server.door import door_problem
from oyez.server.errands import Answer, Errands
from oyez.server.hub import Hub
from oyez.server.inbox import Inbox
from oyez.server.keys import from_handshake
from oyez.server.streams import StreamAccount
from oyez.session.inlet import Inlet
from oyez.session.session import Session

PIECE_BYTES: Final = 32 * 1024
"""Audio decoded at a time: about a second of 16-bit speech, a few milliseconds of work."""

KEY_GRACE_S: Final = 1.0
"""How long a client with a bad key may say nothing before it is told."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation ends."""

    reason: str
    """A word for the log."""
    close_code: int | None = 1000
    """None when the client has gone already."""
    error: ErrorFrame | None = None
    """What to say before closing."""


class Conversation:
    """One socket from its handshake to its close.

    Args:
        socket: Not yet accepted.
        hub: What the server's conversations share.
    """

    def __init__(self, socket: WebSocket, hub: Hub) -> None:
        self._socket = socket
        self._hub = hub
        headers = socket.headers
        self._presented = from_handshake(
            headers.get("authorization"), socket.scope.get("subprotocols", [])
        )
        scheme = "https" if socket.url.scheme == "wss" else "http"
        self._opened_s = hub.clock()
        self._dialogue = Dialogue(
            self._presented,
            settings=hub.settings,
            model=lambda: hub.model,
            request_id=str(uuid.uuid4()),
            errors_url=f"{scheme}://{socket.url.netloc}/errors",
            now_s=self._opened_s,
            has_store=hub.archive is not None,
        )
        self._inbox = Inbox(max_bytes=hub.settings.max_pending_bytes)
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._due = asyncio.Event()
        """There may be something to send."""
        self._progress = asyncio.Event()
        """A reading was answered."""
        self._is_admitted = False
        self._account: StreamAccount | None = None
        self._cut: asyncio.TimerHandle | None = None
        """Ends the session of a temporary key."""
        self._inlet: Inlet | None = None
        self._session: Session | None = None
        self._errands: Errands | None = None

    async def run(self) -> None:
        """Converse until the end; always closes the socket."""
        is_crowded = self._hub.connect()
        try:
            await self._converse(is_crowded=is_crowded)
        finally:
            self._hub.disconnect()

    async def _converse(self, *, is_crowded: bool) -> None:
        await self._socket.accept(
            subprotocol=self._presented.subprotocol,
            headers=[(REQUEST_ID_HEADER.encode(), self._dialogue.request_id.encode())],
        )
        tasks: list[asyncio.Task[None]] = []
        try:
            problem = door_problem(self._socket.headers, self._hub.settings, is_crowded=is_crowded)
            works = [self._watch_stop()]
            if problem is None:
                works += [self._read(), self._listen(), self._send()]
            else:
                works += [self._refuse(problem)]
            tasks += [asyncio.create_task(self._guard(work)) for work in works]
            ending = await self._ending
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._cut is not None:
                self._cut.cancel()
            if self._is_admitted:
                self._hub.release()
            if self._errands is not None:
                self._errands.withdraw()
                self._errands = (
                    None  # it knows this conversation: both would wait for the collector
                )
            if self._session is not None:
                self._session.close()
                if self._account is not None:
                    self._account.close(self._session)
        await self._close(ending)
        self._log_end(ending)

    # Beginning.

    async def _check_handshake(self) -> None:
        key = self._dialogue.handshake_key()
        try:
            if isinstance(key, UnknownKey):
                self._identified(await self._hub.identify(key.key))
                return
        except RemoteProtocolError as problem:
            key = problem
        if key is not None:
            await self._refuse(key)

    async def _refuse(self, problem: RemoteProtocolError) -> None:
        """Refuse the handshake once the client has spoken, or has had time to."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KEY_GRACE_S):
                await self._receive()
        raise problem

    def _identified(self, grant: Grant) -> StartRequest | None:
        request = self._dialogue.identified(grant)
        if grant.session_limit_s is not None:
            # The reader looks at its deadlines when it reads, which a full inbox may keep it from.
            loop = asyncio.get_running_loop()
            left_s = self._opened_s + grant.session_limit_s - self._hub.clock()
            self._cut = loop.call_later(left_s, self._time_passed)
        return request

    async def _start(self, request: StartRequest) -> None:
        hub = self._hub
        hub.admit()
        self._is_admitted = True
        self._inlet, self._session = hub.open_session(request)
        self._errands = Errands(hub.runtime, self._take_answer)
        grant = self._dialogue.grant
        assert grant is not None
        # Last: a start message that is refused uses no key up.
        lease = await hub.take_place(grant)
        self._account = StreamAccount(hub, self._dialogue.request_id, request, grant, lease)

    # The tasks.

    async def _read(self) -> None:
        await self._check_handshake()
        while True:
            if self._inbox.is_full:
                await self._inbox.room()
                self._dialogue.connection.resume(now_s=self._hub.clock())
            frame = await self._receive()
            if frame is None:
                continue
            instruction = self._dialogue.receive(frame, now_s=self._hub.clock())
            if isinstance(instruction, UnknownKey):
                instruction = self._identified(await self._hub.identify(instruction.key))
            if isinstance(instruction, StartRequest):
                await self._start(instruction)
            elif instruction is not None:
                self._inbox.put(instruction)
            self._expire()  # a client that never stops talking is timed as well

    async def _receive(self) -> str | bytes | None:
        """Return the next frame, or None when a deadline passed that ended nothing."""
        deadline_s = self._dialogue.connection.next_deadline_s()
        wait_s = None if deadline_s is None else max(deadline_s - self._hub.clock(), 0.0)
        try:
            async with asyncio.timeout(wait_s):
                event = await self._socket.receive()
        except TimeoutError:
            self._time_passed()
            return None
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text: str | None = event.get("text")
        return text if text is not None else bytes(event["bytes"])

    @property
    def _is_behind(self) -> bool:
        is_reading = self._session is not None and self._session.awaits_answers
        return is_reading or not self._inbox.is_empty

    def _time_passed(self) -> None:
        if self._is_behind:
            # The client waits for the server, not the other way round.
            self._dialogue.connection.resume(now_s=self._hub.clock())
        self._expire()

    def _expire(self) -> None:
        expiry = self._dialogue.expire(now_s=self._hub.clock())
        if expiry is not None:
            frame = self._dialogue.error_frame(expiry.error_type, expiry.reason)
            self._end(Ending(expiry.error_type, close_code=expiry.close_code, error=frame))

    async def _listen(self) -> None:
        while True:
            message = await self._inbox.take(max_bytes=PIECE_BYTES)
            session, inlet = self._session, self._inlet
            assert session is not None
            assert inlet is not None
            loop = asyncio.get_running_loop()
            match message:
                case Audio(data):
                    heard = await loop.run_in_executor(self._hub.listening, inlet.push, data)
                    session.hear(heard)
                    self._dialogue.connection.decoded(session.heard_ms)
                case Finalize():
                    session.finalize()
                case End():
                    heard = await loop.run_in_executor(self._hub.listening, inlet.flush)
                    check_audio_came(saw_audio=inlet.saw_audio)
                    session.hear(heard)
                    session.end()
                case _:
                    raise AssertionError(message)
            self._go_on()
            while session.backlog_ms > self._hub.settings.max_backlog_ms:
                self._progress.clear()
                await self._progress.wait()

    async def _send(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            session = self._session
            if session is None:
                continue
            for message in session.poll():
                await self._say(message)
            if session.is_finished:
                self._end(Ending("finished"))
                return

    async def _watch_stop(self) -> None:
        await self._hub.stopping.wait()
        raise RemoteProtocolError("service_unavailable", ["The server is shutting down."])

    # Recognition.

    def _go_on(self) -> None:
        """Hand out what the session wants read; wake the sender."""
        session, errands = self._session, self._errands
        assert session is not None
        assert errands is not None
        for reading in errands.drop(session.unwanted()):
            session.refuse(reading)
        errands.run(session.readings())
        self._due.set()

    def _take_answer(self, answer: Answer) -> None:
        if not self._ending.done():
            self._guarded(lambda: self._give(answer))

    def _give(self, answer: Answer) -> None:
        session = self._session
        assert session is not None
        try:
            hypothesis = answer.future.result()
        except EngineBusyError:
            session.refuse(answer.reading)
        else:
            session.answer(answer.reading, hypothesis, waited_ms=answer.waited_ms)
        self._progress.set()
        self._go_on()

    # The end.

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task; whatever stops it ends the conversation."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - every failure must reach the client and the log
            self._end(self._ending_for(error))

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001
            self._end(self._ending_for(error))

    def _ending_for(self, error: Exception) -> Ending:
        match error:
            case RemoteProtocolError():
                return self._failure(error.error_type, str(error))
            case AudioError():
                return self._failure("invalid_request", error.problem)
            case WebSocketDisconnect():
                return Ending("client_gone", close_code=None)
            case TimeoutError():
                return Ending("client_does_not_read", close_code=None)
            case EngineError():
                self._hub.log.failure("engine_failed", error, request=self._dialogue.request_id)
                return self._failure("internal_error", "Recognition failed; open a new session.")
            case _:
                self._hub.log.failure(
                    "conversation_failed", error, request=self._dialogue.request_id
                )
                return self._failure("internal_error", "The server failed; open a new session.")

    def _failure(self, error_type: str, message: str) -> Ending:
        return Ending(error_type, error=self._dialogue.error_frame(error_type, message))

    def _end(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    async def _say(self, message: ServerMessage) -> None:
        self._dialogue.say(message)
        async with asyncio.timeout(self._hub.settings.send_timeout_s):
            await self._socket.send_text(encode_server_message(message))

    async def _close(self, ending: Ending) -> None:
        if ending.close_code is None or self._socket.client_state is WebSocketState.DISCONNECTED:
            return
        # The client may have gone meanwhile, or refuse to take the last frame: both are its choice.
        with contextlib.suppress(WebSocketDisconnect, TimeoutError, RuntimeError, CancelledError):
            async with asyncio.timeout(self._hub.settings.send_timeout_s):
                if ending.error is not None:
                    await self._say(ending.error)
                await self._socket.close(ending.close_code)

    def _log_end(self, ending: Ending) -> None:
        session = self._session
        self._hub.log.info(
            "stream_ended",
            request=self._dialogue.request_id,
            reason=ending.reason,
            seconds=round(self._hub.clock() - self._opened_s, 1),
            audio_ms=session.heard_ms if session is not None else 0,
            tokens=session.token_count if session is not None else 0,
        )
