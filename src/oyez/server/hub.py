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
from oyez.errors import EngineError, RemoteProtocolError
from oyez.observe.logs import EventLog
from oyez.protocol.models import ModelInfo
from oyez.protocol.start import StartRequest
from oyez.runtime.base import Runtime, Work
from oyez.server.opening import model_info, open_session
from oyez.server.settings import Settings
from oyez.session.inlet import Inlet
from oyez.session.session import Session

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
    """Settings, models and the list of open streams.

    Args:
        settings: How the server runs.
        load: Loads the models; it takes seconds and is called in a thread.
        clock: Returns seconds; never goes back.
        log: Where events go.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        load: Callable[[Settings], Engines],
        clock: Callable[[], float] = time.monotonic,
        log: EventLog | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.log = log or EventLog()
        self.listening = ThreadPoolExecutor(LISTENING_THREADS, thread_name_prefix="oyez-listening")
        self.stopping = asyncio.Event()
        """Set when the server was told to stop; streams watch it."""
        self.settled = asyncio.Event()
        """Set when the models are loaded, or could not be."""
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
        """Load the models and read something with them, so that the first client need not wait."""
        began_s = self.clock()
        try:
            self._engines = engines = await asyncio.to_thread(self._load_and_warm_up)
        except Exception as error:
            self.load_failure = error
            raise
        finally:
            self.settled.set()
        self.log.info(
            "ready",
            model=engines.runtime.name,
            seconds=round(self.clock() - began_s, 2),
            languages=",".join(engines.runtime.capabilities.languages),
            without=",".join(self._not_served(self.model)) or "nothing",
        )

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
        self.listening.shutdown(wait=False, cancel_futures=True)

    @property
    def stream_count(self) -> int:
        """Streams that are open."""
        return self._stream_count

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
