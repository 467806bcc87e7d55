"""What is particular to threads or to asyncio, and that the two agree."""

import asyncio
import inspect
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from oyez import AsyncOyezClient, OyezClient, OyezRealtimeError, OyezValidationError
from oyez.client.async_session import AsyncRealtimeSTTSession
from oyez.client.sync_session import RealtimeSTTSession
from oyez.protocol.messages import ClientKind, Finished
from oyez.types import RealtimeEvent, RealtimeSTTConfig, SessionTimings

from .canned import CannedServer, FrozenServer, Script, results
from .conftest import KEY, QUICK

CONFIG = RealtimeSTTConfig()
DIALOGUE: Script = {ClientKind.AUDIO: [results("a")], ClientKind.END: [Finished(100)]}


def connect(server: CannedServer | FrozenServer, **options: Any) -> RealtimeSTTSession:
    client = OyezClient(api_key=KEY, base_url=server.base_url)
    return client.realtime.stt.connect(**{"config": CONFIG} | options)


def connect_async(server: CannedServer | FrozenServer, **options: Any) -> AsyncRealtimeSTTSession:
    client = AsyncOyezClient(api_key=KEY, base_url=server.base_url)
    return client.realtime.stt.connect(**{"config": CONFIG} | options)


def public(kind: type) -> dict[str, Any]:
    return {
        name.replace("__a", "__"): value
        for name, value in inspect.getmembers(kind)
        if not name.startswith("_") or name.startswith(("__aenter", "__aexit", "__enter", "__exit"))
    }


@pytest.mark.parametrize(
    ("sync", "twin", "only_async"),
    [
        (RealtimeSTTSession, AsyncRealtimeSTTSession, {"aenter"}),
        (OyezClient, AsyncOyezClient, {"aclose"}),
    ],
)
def test_both_shells_have_the_same_names_and_arguments(
    sync: type, twin: type, only_async: set[str]
) -> None:
    names, twin_names = public(sync), public(twin)
    assert set(twin_names) - set(names) == only_async
    assert set(names) - set(twin_names) == ({"close"} if sync is OyezClient else set())
    for name in set(names) & set(twin_names):
        if callable(names[name]):
            parameters = inspect.signature(names[name]).parameters
            twin_parameters = inspect.signature(twin_names[name]).parameters
            assert list(parameters) == list(twin_parameters), name
            assert [p.default for p in parameters.values()] == [
                p.default for p in twin_parameters.values()
            ], name


def test_one_thread_sends_while_another_receives(server: CannedServer) -> None:
    server.script = DIALOGUE
    with connect(server) as session:
        sender = threading.Thread(target=session.send_bytes, args=([b"x"] * 50,))
        sender.start()
        events = list(session.receive_events())
        sender.join()
    assert len(events) == 51
    assert server.peer.audio == b"x" * 50


def test_many_threads_control_one_session(server: CannedServer) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    with connect(server) as session:
        threads = [
            threading.Thread(target=call) for call in (session.keep_alive, session.finalize) * 10
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.finish()
        assert list(session.receive_events())[-1].finished
    assert server.peer.kinds().count(ClientKind.FINALIZE) == 10


def test_close_from_another_thread_ends_a_receiver(server: CannedServer) -> None:
    with connect(server) as session:
        threading.Timer(0.01, session.close).start()
        assert session.receive_event() is None


def test_only_one_thread_receives(server: CannedServer) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    seen: list[RealtimeEvent] = []
    with connect(server) as session:
        receiver = threading.Thread(target=session.handle_events, args=(seen.append,))
        receiver.start()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                # Returns at once when the other thread receives, as it will.
                session._ws.recv(timeout=0)  # type: ignore[union-attr]
            except TimeoutError:
                time.sleep(0.001)
            except Exception:  # noqa: BLE001
                break
        with pytest.raises(OyezRealtimeError, match="Only one thread"):
            session.receive_event()
        session.finish()
        receiver.join()
    assert len(seen) == 1


def test_a_coroutine_handler_needs_the_async_client(server: CannedServer) -> None:
    async def handler(event: RealtimeEvent) -> None: ...

    with connect(server) as session, pytest.raises(OyezValidationError, match="async client"):
        session.handle_events(handler)


def test_close_wakes_a_sender_that_hangs(frozen: Callable[..., FrozenServer]) -> None:
    timings = SessionTimings(close_timeout_sec=0.05)
    with connect(frozen(shakes_hands=True), timings=timings) as session:
        sender = threading.Thread(target=session.send_bytes, args=(bytes(64_000_000),))
        sender.start()
        time.sleep(0.02)
        began = time.monotonic()
        session.close()
        assert time.monotonic() - began < 10
        sender.join(30)
        assert not sender.is_alive()


async def test_async_iterables_are_sent(server: CannedServer) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    server.script = DIALOGUE
    async with connect_async(server) as session:
        await session.send_bytes(source())
        assert len([event async for event in session.receive_events()]) == 3
    assert server.peer.audio == b"abcd"


async def test_a_sync_iterable_lets_other_tasks_run(server: CannedServer) -> None:
    server.script = DIALOGUE
    seen: list[RealtimeEvent] = []

    def endless() -> Iterator[bytes]:
        while not seen:
            yield b"x"

    async with connect_async(server) as session, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(session.send_bytes(endless()))
        tasks.create_task(session.handle_events(seen.append))
    assert seen[-1].finished


async def test_coroutine_handlers_are_awaited(server: CannedServer) -> None:
    server.script = DIALOGUE
    seen: list[RealtimeEvent] = []

    async def handler(event: RealtimeEvent) -> None:
        await asyncio.sleep(0)
        seen.append(event)

    async with connect_async(server) as session:
        await session.send_bytes(b"x")
        await session.handle_events(handler)
    assert len(seen) == 2


async def test_cancelling_a_receive_loses_nothing(server: CannedServer) -> None:
    server.script = DIALOGUE
    async with connect_async(server) as session:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await session.receive_event()
        await session.send_bytes(b"x")
        assert len([event async for event in session.receive_events()]) == 2


async def test_close_from_another_task_ends_a_receiver(server: CannedServer) -> None:
    async with connect_async(server) as session:
        receiving = asyncio.create_task(session.receive_event())
        await asyncio.sleep(0)
        with pytest.raises(OyezRealtimeError, match="Only one task"):
            await session.receive_event()
        await session.close()
        assert await receiving is None


async def test_a_cancelled_close_closes(frozen: Callable[..., FrozenServer]) -> None:
    session = connect_async(frozen(shakes_hands=True))
    await session.enter()
    closing = asyncio.create_task(session.close())
    await asyncio.sleep(0.01)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert await session.receive_event() is None
    assert await session.recv_bytes() == b""


def test_threads_of_a_pause_end(server: CannedServer) -> None:
    with connect(server, timings=QUICK) as session:
        for _ in range(3):
            session.pause()
            session.resume()
        session.pause()
    deadline = time.monotonic() + 5
    while any(thread.name == "oyez-keepalive" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.005)


async def test_clients_are_context_managers() -> None:
    with OyezClient(api_key="k") as client:
        assert client.realtime.stt is client.realtime.stt
    async with AsyncOyezClient(api_key="k") as twin:
        assert twin.realtime.stt is twin.realtime.stt
