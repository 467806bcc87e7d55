"""Senders faster than the server and readers slower than it: bounded, and nothing is lost."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oyez.client import handshake
from oyez.protocol.messages import ClientKind, Finished

from .canned import CannedServer, results
from .conftest import OpenSession
from .tcp_proxy import TcpProxy

FRAME = bytes(range(256)) * 64
FRAMES = 1000
"""16 MB."""
ON_THE_WAY = 8 * 1024 * 1024
"""More than the buffers of four sockets on one machine take; measured: 0.6 to 5 MB."""
SHORT_QUEUE = 64


@pytest.fixture
def proxy(server: CannedServer) -> Iterator[TcpProxy]:
    with TcpProxy(server.base_url) as running:
        yield running


async def standstill(count: Callable[[], int]) -> int:
    """Return the count once it has not changed for a while."""
    before = -1
    async with asyncio.timeout(20):
        while count() != before:
            before = count()
            await asyncio.sleep(0.3)
    return before


async def test_a_sender_waits_for_the_server_and_takes_no_more_from_its_source(
    server: CannedServer, proxy: TcpProxy, open_session: OpenSession
) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    pulled = 0

    def source() -> Iterator[bytes]:
        nonlocal pulled
        for _ in range(FRAMES):
            pulled += 1
            yield FRAME

    async with open_session(proxy.url) as session:
        proxy.flows.clear()
        sending = asyncio.create_task(session.send_bytes(source()))
        assert 0 < await standstill(lambda: pulled) * len(FRAME) < ON_THE_WAY
        assert not sending.done()
        proxy.flows.set()
        await sending
        assert [event.finished async for event in session.receive_events()] == [True]
    assert pulled == FRAMES
    assert server.peer.audio == FRAME * FRAMES


async def test_a_control_message_waits_its_turn_behind_audio_that_waits(
    server: CannedServer, proxy: TcpProxy, open_session: OpenSession
) -> None:
    async with open_session(proxy.url) as session:
        proxy.flows.clear()
        sending = asyncio.create_task(session.send_bytes([FRAME] * FRAMES, finish=False))
        await asyncio.sleep(0.3)
        finalizing = asyncio.create_task(session.finalize())
        await asyncio.sleep(0.1)
        assert not finalizing.done()
        proxy.flows.set()
        await asyncio.wait_for(asyncio.gather(sending, finalizing), 20)
        await server.until(lambda peer: ClientKind.FINALIZE in peer.kinds())
        await server.until(lambda peer: peer.kinds().count(ClientKind.AUDIO) == FRAMES)


async def test_a_slow_reader_slows_the_server_down_and_loses_nothing(
    server: CannedServer, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "MAX_WAITING_MESSAGES", SHORT_QUEUE)
    said = 0
    count = 1500
    done = threading.Event()

    def say() -> None:
        nonlocal said
        for number in range(count):
            server.peer.say(results(f"{number}{'.' * 16_000}"))
            said += 1
        done.set()

    server.script = {ClientKind.START: [say], ClientKind.END: [Finished(0)]}
    async with open_session(server.base_url) as session:
        assert 0 < await standstill(lambda: said) < count
        await session.finish()
        texts = [text_of(event) async for event in session.receive_events()]
    assert done.is_set()
    assert texts == [*map(str, range(count)), ""]


def text_of(event: Any) -> str:
    return "".join(token.text for token in event.tokens).rstrip(".")
