"""Servers, and one way to drive both kinds of session."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self, TypeVar

import pytest

from oyez import AsyncOyezClient, OyezClient, RealtimeSTTConfig
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from oyez.types import RealtimeEvent, SessionTimings, Utterance

from .canned import CannedServer, FrozenServer
from .rest_calls import Caller, caller
from .rest_server import RestServer, rest_server

KEY = "test-key"

QUICK = SessionTimings(
    send_timeout_sec=0.05,
    close_timeout_sec=0.05,
    keep_alive_interval_sec=0.01,
    ping_interval_sec=0.02,
    ping_timeout_sec=0.02,
)

Item = TypeVar("Item")
OpenSession = Callable[..., Any]


class Threaded:
    """A sync session with the async session's face: each call runs in a thread."""

    def __init__(self, session: Any) -> None:
        self.session = session

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.session.__enter__)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.to_thread(self.session.__exit__, *exc_info)

    def receive_events(self) -> AsyncIterator[RealtimeEvent]:
        return _threaded(self.session.receive_events())

    def receive_utterances(self) -> AsyncIterator[Utterance]:
        return _threaded(self.session.receive_utterances())

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.session, name)
        if not callable(value) or name in ("parse_event", "account"):
            return value
        return functools.partial(asyncio.to_thread, value)


async def _threaded(items: Iterator[Item]) -> AsyncIterator[Item]:
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        yield item


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OYEZ_API_KEY", "OYEZ_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def _the_server() -> Iterator[CannedServer]:
    server = CannedServer()
    yield server
    server.stop()


@pytest.fixture
def server(_the_server: CannedServer) -> CannedServer:
    _the_server.reset()
    return _the_server


@pytest.fixture(scope="session")
def real_server() -> Iterator[ServerThread]:
    """An oyez server that hears a fox every four seconds."""
    with ServerThread(Settings(api_key=KEY, port=0, model="scripted")) as running:
        yield running


@pytest.fixture
def frozen() -> Iterator[Callable[..., FrozenServer]]:
    servers: list[FrozenServer] = []

    def start(*, shakes_hands: bool) -> FrozenServer:
        servers.append(FrozenServer(shakes_hands=shakes_hands))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(params=["sync", "async"])
def open_session(request: pytest.FixtureRequest) -> OpenSession:
    """Return a function of a base URL that makes a session with the async face."""

    def make(base_url: str, **options: Any) -> Any:
        options.setdefault("config", RealtimeSTTConfig())
        if request.param == "sync":
            client = OyezClient(api_key=KEY, base_url=base_url)
            return Threaded(client.realtime.stt.connect(**options))
        twin = AsyncOyezClient(api_key=KEY, base_url=base_url)
        return twin.realtime.stt.connect(**options)

    return make


@pytest.fixture(scope="session")
def _the_rest_server() -> Iterator[RestServer]:
    with rest_server() as server:
        yield server


@pytest.fixture
def rest(_the_rest_server: RestServer) -> RestServer:
    _the_rest_server.reset()
    return _the_rest_server


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
async def client(kind: str, rest: RestServer) -> AsyncIterator[Caller]:
    async with caller(kind, rest.base_url) as made:
        yield made
