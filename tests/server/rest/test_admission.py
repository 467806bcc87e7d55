"""How many streams and sockets are let in, and what happens when the store is down."""

import asyncio
import threading
from typing import Any

import pytest

from oyez.errors import StoreUnavailableError
from oyez.server.archive import MAX_QUESTIONS, OWN_KEY_TIMEOUT_S, Archive
from oyez.server.run import ServerThread
from oyez.store.base import ScopeLimits, Store
from server.wire import END, FOX, KEY, converse, dial, fox_audio, refusal, rest, start, text

from .conftest import Start, client, eventually
from .test_api import window

SPEECH = fox_audio(4_000)


async def test_a_project_has_its_streams_and_others_have_theirs(
    start_server: Start, store: Store
) -> None:
    server = start_server(project_max_sessions=1)
    now_ms = server.hub.now_ms()
    a, b = (store.create_key(n, now_ms=now_ms, project=n).secret for n in ("a", "b"))
    url = server.websocket_url
    async with dial(url, key=a) as first:
        await first.send(start())
        await first.send(SPEECH)
        assert await first.recv()
        async with dial(url, key=a) as second:
            await second.send(start())
            frame = await refusal(second)
        assert (frame["error_code"], frame["error_type"]) == (429, "limit_exceeded")
        assert "The project a may have 1 streams at a time" in frame["error_message"]
        assert text(await converse(url, [start(), SPEECH, END], key=b)) == FOX
        await first.send(END)
        await rest(first)
    # Whoever has heard the end may begin again at once.
    for _ in range(3):
        assert text(await converse(url, [start(), SPEECH, END], key=a)) == FOX


async def test_the_limit_of_the_whole_server_counts_every_process(
    start_server: Start, store: Store
) -> None:
    store.set_limits(ScopeLimits(concurrent_sessions=1), project=None)
    one, other = start_server(), start_server()
    async with dial(one.websocket_url) as ws:
        await ws.send(start())
        await ws.send(SPEECH)
        assert await ws.recv()
        (frame,) = await converse(other.websocket_url, [start()])
        await ws.send(END)
        await rest(ws)
    assert frame["error_type"] == "limit_exceeded"
    assert "This server, in all processes, may have 1 streams" in frame["error_message"]


@pytest.mark.parametrize(
    ("limit", "whose"),
    [
        ("max_requests_per_minute", "This server"),
        ("project_max_requests_per_minute", "The project"),
    ],
)
async def test_streams_that_begin_in_a_minute_are_limited(
    start_server: Start, limit: str, whose: str
) -> None:
    server = start_server(**{limit: 2})
    for _ in range(2):
        assert text(await converse(server.websocket_url, [start(), SPEECH, END])) == FOX
    (frame,) = await converse(server.websocket_url, [start()])
    assert (frame["error_code"], frame["error_type"]) == (429, "limit_exceeded")
    assert frame["error_message"].startswith(whose)
    assert "2 streams a minute. Try again in" in frame["error_message"]


async def test_a_stream_that_finds_no_place_does_not_count_among_those_that_begin(
    start_server: Start,
) -> None:
    server = start_server(project_max_sessions=1, project_max_requests_per_minute=2)
    url = server.websocket_url
    async with dial(url) as first:
        await first.send(start())
        await first.send(SPEECH)
        assert await first.recv()
        for _ in range(2):
            (frame,) = await converse(url, [start()])
            assert "may have 1 streams at a time" in frame["error_message"]
        await first.send(END)
        await rest(first)
    assert text(await converse(url, [start(), SPEECH, END])) == FOX


async def test_sockets_are_limited_whether_a_stream_has_begun_or_not(start_server: Start) -> None:
    server = start_server(max_connections=2)
    url = server.websocket_url
    async with dial(url, key="whatever"), dial(url) as held:
        async with dial(url) as third:
            await third.send(start())
            frame = await refusal(third)
        code_and_type = (frame["error_code"], frame["error_type"])
        assert code_and_type == (429, "max_concurrent_connections_reached")
        assert "2 connections" in frame["error_message"]
        await held.send(start())
        await held.send(SPEECH)
        await held.send(END)
        assert text(await rest(held)) == FOX
    await asyncio.to_thread(eventually, lambda: server.hub.socket_count, lambda seen: seen == 0)
    assert text(await converse(url, [start(), SPEECH, END])) == FOX


async def test_a_client_that_vanishes_is_in_the_usage_log(start_server: Start) -> None:
    server = start_server(project_max_sessions=1)
    for _ in range(2):  # its place is free again
        async with dial(server.websocket_url) as ws:
            await ws.send(start(client_reference_id="gone"))
            await ws.send(SPEECH)
            assert await ws.recv()
            ws.transport.abort()
        await asyncio.to_thread(
            eventually, lambda: server.hub.stream_count, lambda count: count == 0
        )
    with client(server) as api:
        entries = eventually(
            lambda: api.get("/v1/usage-logs", params=window()).json()["usage_logs"],
            lambda seen: len(seen) == 2,
        )
    assert [entry["client_reference_id"] for entry in entries] == ["gone", "gone"]
    assert all(entry["input_audio_duration_ms"] <= 4_000 for entry in entries)


async def test_a_server_that_stops_writes_what_its_streams_used(
    start_server: Start, store: Store
) -> None:
    server = start_server()
    async with dial(server.websocket_url) as ws:
        await ws.send(start(client_reference_id="last"))
        await ws.send(SPEECH)
        assert await ws.recv()
        await asyncio.to_thread(server.stop)
    now_ms = server.hub.now_ms()
    page = store.usage_page("default", start_ms=now_ms - 60_000, end_ms=now_ms + 60_000)
    assert [record.client_reference_id for record in page.records] == ["last"]
    assert store.concurrency("default", now_ms=now_ms).organization.concurrent_sessions == 0


class Trouble:
    """The way to a real store, which can be broken and mended."""

    def __init__(self, archive: Archive) -> None:
        self.is_broken = False
        self._open = archive._open_store
        archive._open_store = self._opened

    def _opened(self) -> Any:
        return Flaky(self, self._open())


class Flaky:
    """A real store behind a line that may be cut."""

    def __init__(self, trouble: Trouble, store: Store) -> None:
        self._trouble = trouble
        self._store = store

    def __getattr__(self, name: str) -> Any:
        if self._trouble.is_broken and name != "close":
            raise StoreUnavailableError("postgresql://x", "The line is cut.")
        return getattr(self._store, name)


@pytest.fixture
def flaky(start_server: Start, monkeypatch: pytest.MonkeyPatch) -> tuple[ServerThread, Trouble]:
    found: list[Trouble] = []
    original = Archive.__init__

    def init(self: Archive, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        found.append(Trouble(self))

    monkeypatch.setattr(Archive, "__init__", init)
    return start_server(), found[0]


async def test_the_servers_own_key_needs_no_store(
    flaky: tuple[ServerThread, Trouble], store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    server, trouble = flaky
    stored = store.create_key("k", now_ms=server.hub.now_ms()).secret
    url = server.websocket_url
    trouble.is_broken = True
    for number in (1, 2):
        opening = start(client_reference_id=f"{number}")
        assert text(await converse(url, [opening, SPEECH, END])) == FOX
    (frame,) = await converse(url, [start()], key=stored)
    assert (frame["error_code"], frame["error_type"]) == (503, "service_unavailable")
    with client(server) as api:
        answer = api.get("/v1/usage-logs", params=window())
        assert (answer.status_code, answer.json()["error_type"]) == (503, "service_unavailable")
        assert api.get("/readyz").json()["store"] == "unavailable"

    archive = server.hub.archive
    assert archive is not None
    assert archive.unguarded_streams == 2
    assert archive.unwritten_records == 2
    trouble.is_broken = False
    await asyncio.to_thread(eventually, lambda: archive.is_down, lambda seen: not seen, 20)
    assert (
        text(await converse(url, [start(client_reference_id="3"), SPEECH, END], key=stored)) == FOX
    )
    with client(server) as api:  # what had to wait is written
        entries = eventually(
            lambda: api.get("/v1/usage-logs", params=window()).json()["usage_logs"],
            lambda seen: len(seen) == 3,
        )
        assert api.get("/readyz").json()["store"] == "ok"
    assert sorted(entry["client_reference_id"] for entry in entries) == ["1", "2", "3"]
    assert archive.lost_records == 0


async def test_a_store_that_hangs_delays_nobody_for_long(
    flaky: tuple[ServerThread, Trouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = flaky
    archive = server.hub.archive
    assert archive is not None
    gate = threading.Event()
    archive._places.submit(gate.wait, 30)  # as a question that gets no answer
    loop = asyncio.get_running_loop()
    try:
        began_s = loop.time()
        assert text(await converse(server.websocket_url, [start(), SPEECH, END])) == FOX
        assert loop.time() - began_s < OWN_KEY_TIMEOUT_S + 5
    finally:
        gate.set()
    assert archive.unguarded_streams == 1
    with client(server) as api:  # the place that it was given too late was given back
        eventually(
            lambda: api.get("/v1/usage-logs", params=window()).json()["usage_logs"],
            lambda seen: len(seen) == 1,
        )
        limits = api.get("/v1/concurrency-limits").json()
    assert limits["organization"]["current"]["transcribe_concurrent"] == 0


async def test_a_store_that_is_away_when_the_server_starts_is_found_later(
    start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_away = True

    def open_store(url: str, **options: Any) -> Store:
        if is_away:
            raise StoreUnavailableError("postgresql://x", "Nothing listens there.")
        return original(url, **options)

    from oyez.store import opening

    original = opening.open_store
    monkeypatch.setattr(opening, "open_store", open_store)
    server = start_server()
    assert text(await converse(server.websocket_url, [start(), SPEECH, END])) == FOX
    is_away = False
    archive = server.hub.archive
    assert archive is not None
    await asyncio.to_thread(eventually, lambda: archive.is_down, lambda seen: not seen, 20)
    with client(server) as api:
        assert api.get("/v1/usage-logs", params=window()).status_code == 200


async def test_the_log_of_a_store_in_trouble_names_no_password(
    flaky: tuple[ServerThread, Trouble], caplog: pytest.LogCaptureFixture
) -> None:
    server, trouble = flaky
    import logging

    logger = logging.getLogger("oyez")
    caplog.set_level(logging.DEBUG, "oyez")
    logger.addHandler(caplog.handler)
    try:
        trouble.is_broken = True
        await converse(server.websocket_url, [start(), SPEECH, END])
    finally:
        logger.removeHandler(caplog.handler)
    assert "store_unavailable" in caplog.text
    assert "stream_not_counted" in caplog.text
    for secret in (KEY, "postgresql://"):
        assert secret not in caplog.text


async def test_questions_to_the_store_have_a_bound(
    flaky: tuple[ServerThread, Trouble], store: Store
) -> None:
    """More wrong keys than the store can be asked about: refused at once, and own keys served."""
    server, _ = flaky
    archive = server.hub.archive
    assert archive is not None
    for _ in range(MAX_QUESTIONS):
        assert archive._room.acquire(blocking=False)
    try:
        (frame,) = await converse(server.websocket_url, [start()], key="wrong")
        assert frame["error_type"] == "service_unavailable"
        assert text(await converse(server.websocket_url, [start(), SPEECH, END])) == FOX
    finally:
        archive._room.release(MAX_QUESTIONS)
    (frame,) = await converse(server.websocket_url, [start()], key="wrong")
    assert frame["error_type"] == "unauthenticated"
