"""The official SDK and ours, sync and async, with one face: that of the async session."""

import asyncio
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest
import soniox
import soniox.types
import soniox.utils

import oyez
import oyez.types
import oyez.utils

KEY = "test-key"

ALLOW_OLD_STYLE = pytest.mark.filterwarnings(
    "ignore:connect.. must be used as a context manager:DeprecationWarning"
)
"""The official sync client opens sockets as `websockets` before 17.1 wanted it."""


class Threaded:
    """A sync session with the async session's face: each call runs in a thread."""

    def __init__(self, session: Any) -> None:
        self.session = session

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.session.__enter__)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.to_thread(self.session.__exit__, *exc_info)

    async def receive_events(self) -> AsyncIterator[Any]:
        events = self.session.receive_events()
        while (event := await asyncio.to_thread(next, events, None)) is not None:
            yield event

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.session, name)
        return functools.partial(asyncio.to_thread, value) if callable(value) else value


@dataclass(frozen=True)
class Sdk:
    """One way to talk to the server; every call below is a public one of that SDK."""

    name: str
    client: Any
    types: ModuleType
    utils: ModuleType
    is_async: bool
    is_ours: bool

    def connect(self, url: str, *, key: str = KEY, **config: Any) -> Any:
        fields = {"model": "stt-rt-v5"} | config
        session = self.client(api_key=key, websocket_base_url=url).realtime.stt.connect(
            config=self.types.RealtimeSTTConfig(**fields)
        )
        return session if self.is_async else Threaded(session)

    def send_file(
        self, session: Any, path: Path, *, chunk_size_bytes: int, delay_seconds: float
    ) -> "asyncio.Task[None]":
        """Send a file and its end in the background, throttled."""
        throttle = self.utils.throttle_audio_async if self.is_async else self.utils.throttle_audio
        chunks = throttle(path, chunk_size_bytes=chunk_size_bytes, delay_seconds=delay_seconds)
        if self.is_async:
            return asyncio.create_task(session.send_bytes(chunks))
        thread = self.utils.start_audio_thread(session.session, chunks)
        return asyncio.create_task(asyncio.to_thread(thread.join))


SDKS = (
    Sdk("soniox", soniox.SonioxClient, soniox.types, soniox.utils, False, False),
    Sdk("soniox-async", soniox.AsyncSonioxClient, soniox.types, soniox.utils, True, False),
    Sdk("oyez", oyez.OyezClient, oyez.types, oyez.utils, False, True),
    Sdk("oyez-async", oyez.AsyncOyezClient, oyez.types, oyez.utils, True, True),
)
