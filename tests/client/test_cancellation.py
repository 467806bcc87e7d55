"""What cancelled calls of an async session leave behind."""

import asyncio
import gc
import itertools
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from oyez.protocol.messages import ClientKind, Finished
from oyez.types import RealtimeEvent, Utterance

from .canned import CannedServer, FrozenServer, results
from .conftest import QUICK
from .tcp_proxy import TcpProxy
from .test_shells import connect_async

FRAME = bytes(16_384)


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    gc.collect()
    found = (item for item in gc.get_objects() if isinstance(item, socket.socket))
    return sum(item.fileno() >= 0 for item in found)


@pytest.mark.parametrize("seed", range(5))
async def test_cancelling_async_for_in_the_middle_loses_no_event(
    server: CannedServer, seed: int
) -> None:
    count = 300
    server.script = {
        ClientKind.AUDIO: [results(f"{number}") for number in range(count)],
        ClientKind.END: [Finished(0)],
    }
    seen: list[RealtimeEvent] = []
    cancelled = 0

    async def listen() -> None:
        async for event in session.receive_events():
            seen.append(event)
            if len(seen) % 7 == 0:
                await asyncio.sleep(0)

    dice = random.Random(seed)
    async with connect_async(server) as session:
        await session.send_bytes(b"x")
        while not (seen and seen[-1].finished):
            listening = asyncio.create_task(listen())
            for _ in range(dice.randrange(6)):
                await asyncio.sleep(0)
            cancelled += listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    assert cancelled > 10
    assert [event.tokens[0].text for event in seen[:-1]] == [*map(str, range(count))]


async def test_cancelling_utterances_loses_none(server: CannedServer) -> None:
    server.script = {
        ClientKind.AUDIO: [
            results(text, is_final=True) for letter in "abcdef" for text in (letter, "<end>")
        ],
        ClientKind.END: [Finished(0)],
    }
    seen: list[Utterance] = []

    async def listen() -> None:
        async for utterance in session.receive_utterances():
            seen.append(utterance)  # noqa: PERF401 - what was seen before the end counts

    async with connect_async(server) as session:
        await session.send_bytes(b"x")
        for waits in itertools.cycle(range(4)):
            listening = asyncio.create_task(listen())
            for _ in range(waits):
                await asyncio.sleep(0)
            if not listening.cancel():
                break
            await asyncio.gather(listening, return_exceptions=True)
    assert [utterance.text for utterance in seen] == list("abcdef")


@pytest.mark.parametrize("shakes_hands", [True, False])
async def test_cancelling_the_entering_leaves_no_socket_and_no_task(
    frozen: Callable[..., FrozenServer], shakes_hands: bool
) -> None:
    server = frozen(shakes_hands=shakes_hands)
    tasks = asyncio.all_tasks()
    before = open_sockets()
    for waits in range(30):
        entering = asyncio.create_task(connect_async(server, timings=QUICK).enter())
        for _ in range(waits):
            await asyncio.sleep(0)
        if not entering.cancel():
            session = await entering
            await session.close()
        await asyncio.gather(entering, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == tasks
    opened = open_sockets() - before
    assert opened <= len(server.accepted)


async def test_a_session_whose_entering_was_cancelled_in_the_handshake_can_be_entered_again(
    frozen: Callable[..., FrozenServer], server: CannedServer
) -> None:
    session = connect_async(frozen(shakes_hands=False))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await session.enter()
    session._url = f"{server.base_url}transcribe-websocket".replace("http", "ws", 1)
    async with session:
        assert session.is_open


@pytest.fixture
def proxy(server: CannedServer) -> Iterator[TcpProxy]:
    with TcpProxy(server.base_url) as running:
        yield running


async def test_a_cancelled_send_breaks_no_frame(server: CannedServer, proxy: TcpProxy) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    client = connect_async(server)
    client._url = proxy.url
    cancelled = 0
    async with client as session:
        proxy.flows.clear()
        while cancelled < 5:
            try:
                async with asyncio.timeout(0.05):
                    await session.send_byte_chunk(FRAME)
            except TimeoutError:
                cancelled += 1
        assert session.is_open
        proxy.flows.set()
        await session.send_byte_chunk(b"after")
        await session.finish()
        assert [event.finished async for event in session.receive_events()] == [True]
        sent = session.account().audio_bytes_sent
    frames = [message.data for message in server.peer.heard if hasattr(message, "data")]
    assert {*frames} == {FRAME, b"after"}
    assert frames[-1] == b"after"
    assert sum(map(len, frames)) == sent


async def test_cancelling_send_bytes_closes_its_source_and_sends_no_end(
    server: CannedServer,
) -> None:
    closed = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            await asyncio.sleep(60)
        finally:
            closed.set()

    async with connect_async(server) as session:
        sending = asyncio.create_task(session.send_bytes(source()))
        await server.until(lambda peer: ClientKind.AUDIO in peer.kinds())
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert closed.is_set()
        assert session.is_open
    assert ClientKind.END not in server.peer.kinds()


async def test_cancelling_a_block_closes_the_session_and_its_tasks(server: CannedServer) -> None:
    tasks = asyncio.all_tasks()

    async def talk() -> None:
        async with connect_async(server) as session:
            await session.pause()
            async for _ in session.receive_events():
                pass

    talking = asyncio.create_task(talk())
    await server.until(lambda peer: ClientKind.FINALIZE in peer.kinds())
    talking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talking
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks
    await server.until(lambda peer: peer.close_code == 1000)
