from collections.abc import Callable, Iterator
from contextlib import ExitStack
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

import numpy as np
import pytest

from engines import speech
from oyez.engines.base import Recognizer
from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, ScriptedRecognizer
from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .wire import KEY

Serve = Callable[..., ServerThread]


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[ServerThread]:
    """A server that hears `FOX` every four seconds."""
    with ServerThread(Settings(api_key=KEY, port=0, model="scripted")) as running:
        yield running


@pytest.fixture(scope="session")
def real_server() -> Iterator[ServerThread]:
    """A server with a real model."""
    with ServerThread(Settings(api_key=KEY, port=0, model="moonshine-tiny")) as running:
        yield running


@pytest.fixture
def recognizer() -> ScriptedRecognizer:
    """The engine of the servers that `serve` starts."""
    return ScriptedRecognizer(DEFAULT_SCRIPT, period_ms=DEFAULT_PERIOD_MS)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, recognizer: ScriptedRecognizer) -> Iterator[Serve]:
    """Return a function that starts a server with the settings given."""
    with ExitStack() as servers:

        def start(
            engine: Recognizer = recognizer, *, send_buffer_bytes: int = 0, **settings: Any
        ) -> ServerThread:
            monkeypatch.setattr("oyez.server.app.load_recognizer", lambda name: engine)
            fields: dict[str, Any] = {"api_key": KEY, "port": 0, "model": "scripted"}
            server = ServerThread(Settings(**fields | settings))
            if send_buffer_bytes:
                server._listener.setsockopt(SOL_SOCKET, SO_SNDBUF, send_buffer_bytes)
            return servers.enter_context(server)

        yield start


@pytest.fixture(scope="session")
def beckett() -> bytes:
    """Ten seconds of real speech: raw 16-bit samples at 16 kHz."""
    samples = speech.sample("beckett.wav")
    return (samples * 32_767).round().astype(np.int16).tobytes()
