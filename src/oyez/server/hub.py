"""What all conversations of one server share."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from oyez.engines.base import StreamOptions, Vad, Window
from oyez.errors import EngineError, RemoteProtocolError, StoreUnavailableError
from oyez.observe.logs import EventLog
from oyez.protocol.models import ModelInfo
from oyez.protocol.start import StartRequest
from oyez.runtime.base import Runtime, Work
from oyez.server.access import FoundKey, Grant, grant_for_stream
from oyez.server.archive import Archive
from oyez.server.opening import model_info, open_session
from oyez.server.settings import Settings
from oyez.session.inlet import Inlet
from oyez.session.session import Session
from oyez.store.base import KeyProblem, Lease, Store

LISTENING_THREADS: Final = 2
"""Threads that decode audio and detect speech: 0.4 % of a core for each real-time stream."""
WARM_UP_S: Final = 60.0
"""Longest wait for the first reading at start."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The models of a server, loaded."""

    runtime: Runtime
    vad: Vad


class Hub:
    """Settings, models, the store, and the count of open sockets and streams.

    Args:
        settings: How the server runs.
        load: Loads the models; it takes seconds and is called in a thread.
        open_store: Opens the store, if there is one; called in a thread.
        clock: Returns seconds; never goes back.
        now_ms: Returns the time of day in milliseconds since 1970.
        log: Where events go.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        load: Callable[[Settings], Engines],
        open_store: Callable[[], Store] | None = None,
        clock: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        log: EventLog | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.now_ms = now_ms
        self.log = log or EventLog()
        self.archive: Archive | None = None
        if open_store is not None:
            self.archive = Archive(open_store, log=self.log, now_ms=now_ms)
        """The store; None when the server has none."""
        self.listening = ThreadPoolExecutor(LISTENING_THREADS, thread_name_prefix="oyez-listening")
        self.stopping = asyncio.Event()
        """Set when the server was told to stop; streams watch it."""
        self.settled = asyncio.Event()
        """Set when the models are loaded, or could not be."""
        self._socket_count = 0
        self._stream_count = 0
        self._emptied = asyncio.Event()
        self._emptied.set()
        self.load_failure: Exception | None = None
        """Why the models could not be loaded."""
        self._load = load
        self._engines: Engines | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the server can transcribe."""
        return self._engines is not None and not self.stopping.is_set()

    async def start(self) -> None:
        """Open the store; load the models and read something, so that the first client need not."""
        began_s = self.clock()
        try:
            works = [self._load_engines()]
            if self.archive is not None:
                works.append(self.archive.start())
            await asyncio.gather(*works)
        except Exception as error:
            self.load_failure = error
            raise
        finally:
            self.settled.set()
        runtime = self.runtime
        self.log.info(
            "ready",
            model=runtime.name,
            seconds=round(self.clock() - began_s, 2),
            languages=",".join(runtime.capabilities.languages),
            without=",".join(self._not_served(self.model)) or "nothing",
        )

    async def _load_engines(self) -> None:
        self._engines = await asyncio.to_thread(self._load_and_warm_up)

    def _load_and_warm_up(self) -> Engines:
        engines = self._load(self.settings)
        runtime = engines.runtime
        if engines.vad.sample_rate_hz != runtime.sample_rate_hz:
            raise EngineError(
                f"{runtime.name} hears {runtime.sample_rate_hz} Hz, its voice activity "
                f"{engines.vad.sample_rate_hz} Hz: they must agree."
            )
        stream = runtime.open_stream(StreamOptions())
        silence = np.zeros(runtime.sample_rate_hz, np.float32)
        work = Work(Window(stream, silence, 0), deadline_s=runtime.now_s())
        runtime.submit(work).result(WARM_UP_S)
        stream.close()
        engines.vad.open_stream().push(silence)
        return engines

    async def stop(self) -> None:
        """Tell the open streams, give them a moment, free the models."""
        self.stopping.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.shutdown_grace_s):
                await self._emptied.wait()
        if self._engines is not None:
            await asyncio.to_thread(self._engines.runtime.close)
            self._engines = None
        if self.archive is not None:
            await self.archive.stop()
        self.listening.shutdown(wait=False, cancel_futures=True)

    @property
    def socket_count(self) -> int:
        """WebSockets that are open."""
        return self._socket_count

    @property
    def stream_count(self) -> int:
        """Streams that are open."""
        return self._stream_count

    def connect(self) -> bool:
        """Count one more socket; return whether there are too many now. Each `disconnect`s once."""
        self._socket_count += 1
        return self._socket_count > self.settings.connection_limit

    def disconnect(self) -> None:
        """Count one socket less."""
        self._socket_count -= 1

    async def find_key(self, key: str) -> FoundKey:
        """Return what the store says of a key that is not the server's own.

        Raises:
            RemoteProtocolError: The store cannot be asked.
        """
        if self.archive is None:
            return KeyProblem.UNKNOWN
        now_ms = self.now_ms()
        try:
            return await self.archive.ask(lambda store: store.find_key(key, now_ms=now_ms))
        except StoreUnavailableError:
            raise store_is_down() from None

    async def identify(self, key: str) -> Grant:
        """Return what a key that the store may know opens on a WebSocket.

        Raises:
            RemoteProtocolError: Nothing, or the store cannot be asked.
        """
        return grant_for_stream(await self.find_key(key))

    async def take_place(self, grant: Grant) -> Lease | None:
        """Count a stream in the store, if there is one, and use a single-use key up.

        Raises:
            RemoteProtocolError: A limit is reached, the key was used, or the store cannot be asked.
        """
        if self.archive is None:
            return None
        try:
            return await self.archive.take_place(grant)
        except StoreUnavailableError:
            raise store_is_down() from None

    def admit(self) -> None:
        """Count one more stream.

        Raises:
            RemoteProtocolError: There are as many as the settings allow.
        """
        if self._stream_count >= self.settings.max_sessions:
            raise RemoteProtocolError(
                "limit_exceeded",
                [f"This server serves {self.settings.max_sessions} streams at a time."],
            )
        self._stream_count += 1
        self._emptied.clear()

    def release(self) -> None:
        """Count one stream less."""
        self._stream_count -= 1
        if self._stream_count == 0:
            self._emptied.set()

    @property
    def model(self) -> ModelInfo:
        """The model as clients see it."""
        model = model_info(self.runtime)
        if self.settings.model in model.names:
            return model
        # A name that stands for the engine that was found, such as `moonshine`.
        return replace(model, aliases=(self.settings.model, *model.aliases))

    @property
    def runtime(self) -> Runtime:
        """Where windows are read.

        Raises:
            RemoteProtocolError: The models are not loaded.
        """
        return self._loaded().runtime

    def open_session(self, request: StartRequest) -> tuple[Inlet, Session]:
        """Return what a stream is decoded with, and its session.

        Raises:
            AudioError: The audio format cannot be decoded here.
            RemoteProtocolError: The models are not loaded.
        """
        engines = self._loaded()
        return open_session(request.config, engines.runtime, engines.vad)

    def _loaded(self) -> Engines:
        if self._engines is None or self.stopping.is_set():
            state = "shutting down" if self.stopping.is_set() else "loading its model"
            raise RemoteProtocolError("service_unavailable", [f"The server is {state}."])
        return self._engines

    @staticmethod
    def _not_served(model: ModelInfo) -> list[str]:
        flags = {
            "speaker diarization": model.supports_speaker_diarization,
            "translation": model.supports_translation,
            "context": model.supports_context,
        }
        return [name for name, is_served in flags.items() if not is_served]


def store_is_down() -> RemoteProtocolError:
    """Return the refusal of what cannot be done without the store."""
    return RemoteProtocolError(
        "service_unavailable", ["The server's store of keys cannot be reached. Try again."]
    )
