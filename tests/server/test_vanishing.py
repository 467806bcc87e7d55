"""Clients that vanish, wait, or never read."""

import asyncio
import json
import socket
import threading

import pytest

import oyez
from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, ScriptedRecognizer
from oyez.protocol.limits import Limits
from oyez.server.run import ServerThread

from .conftest import Serve
from .parties import RAW, Silent, eventually, slow_engine
from .wire import (
    BYTES_PER_MS,
    END,
    FINALIZE,
    FOX,
    KEY,
    converse,
    dial,
    fox_audio,
    refusal,
    rest,
    say,
    script,
    start,
    text,
)


async def test_pings_are_answered_while_a_reading_goes_on(serve: Serve) -> None:
    """Nothing is measured: the reading ends only after its stream has had its pongs."""
    may_end = threading.Event()
    engine = ScriptedRecognizer(
        DEFAULT_SCRIPT,
        period_ms=DEFAULT_PERIOD_MS,
        seconds_per_call=1.0,
        sleep=lambda _: None if engine.open_streams == 1 and engine.calls == 1 else wait(may_end),
    )
    server = serve(engine)
    try:
        async with dial(server.websocket_url, ping_interval=None) as ws:
            await say(ws, [start(), fox_audio(3_000)])
            await eventually(lambda: engine.calls > 1)
            for _ in range(5):
                await asyncio.wait_for(await ws.ping(), 30)
            may_end.set()
            await ws.send(END)
            assert text(await rest(ws)) == FOX
    finally:
        may_end.set()


def wait(gate: threading.Event) -> None:
    assert gate.wait(60)


async def test_a_client_that_waits_for_a_slow_server_is_not_idle(serve: Serve) -> None:
    server = serve(slow_engine(0.8), limits=Limits(idle_timeout_s=0.4))
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(2_800), FINALIZE])
        messages = [json.loads(await asyncio.wait_for(ws.recv(), 20))]
        while "<fin>" not in text(messages):
            messages.append(json.loads(await asyncio.wait_for(ws.recv(), 20)))
        assert text(messages) == f"{FOX}<fin>"
        frame = await refusal(ws)
    assert frame["error_type"] == "request_timeout", "afterwards it is"


@pytest.mark.parametrize(
    "frames",
    [
        [start()],
        [start(), fox_audio(700)],
        [start(), fox_audio(2_000), FINALIZE],
        [start(), fox_audio(60_000)],
        [start(), fox_audio(4_000), END],
    ],
    ids=["started", "speaking", "waiting for fin", "far ahead", "waiting for finished"],
)
async def test_a_client_that_vanishes_leaves_nothing(
    serve: Serve, frames: list[str | bytes]
) -> None:
    server = serve(slow_engine(0.1))
    async with dial(server.websocket_url) as ws:
        await say(ws, frames)
        await eventually(lambda: server.hub.stream_count == 1)
        ws.transport.abort()
        await eventually(lambda: server.hub.stream_count == 0)
    messages = await converse(server.websocket_url, [start(), fox_audio(4_000), END])
    assert text(messages) == FOX
    runtime = server.hub.runtime
    await eventually(lambda: runtime.queue_length == 0)


@pytest.mark.parametrize("ends_well", [True, False], ids=["finished", "vanished"])
async def test_the_engines_stream_is_closed(
    serve: Serve, recognizer: ScriptedRecognizer, ends_well: bool
) -> None:
    server = serve()
    assert recognizer.open_streams == 0
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(1_000)])
        await eventually(lambda: recognizer.open_streams == 1)
        if ends_well:
            await ws.send(END)
            await rest(ws)
        else:
            ws.transport.abort()
    await eventually(lambda: server.hub.stream_count == recognizer.open_streams == 0)


async def test_a_client_that_leaves_through_the_sdk_leaves_nothing(serve: Serve) -> None:
    server = serve()
    client = oyez.AsyncOyezClient(api_key=KEY, websocket_base_url=server.websocket_url)
    async with client.realtime.stt.connect(config=RAW) as session:
        await session.send_byte_chunk(fox_audio(1_000))
        await eventually(lambda: server.hub.stream_count == 1)
    await eventually(lambda: server.hub.stream_count == 0)


async def test_a_dead_client_is_noticed(serve: Serve) -> None:
    """Its machine is gone, so that nothing says that the connection is."""
    server = serve(ping_interval_s=0.2, ping_timeout_s=1.0)
    client = await asyncio.to_thread(Silent, server)
    await asyncio.to_thread(client.say, start(), fox_audio(500))
    await eventually(lambda: server.hub.stream_count == 1)
    await eventually(lambda: server.hub.stream_count == 0)
    client.close()


def write_buffers(server: ServerThread) -> list[int]:
    """Bytes that wait in the server's sockets to be sent."""
    connections = server._server.server_state.connections
    return [connection.transport.get_write_buffer_size() for connection in list(connections)]


async def test_a_slow_reader_takes_little_memory_and_misses_nothing(serve: Serve) -> None:
    server = serve(send_buffer_bytes=4_096)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.connect(("127.0.0.1", server.port))
    raw.setblocking(False)
    sentences = 80
    async with dial(server.websocket_url, sock=raw, max_queue=1, ping_interval=None) as ws:
        await ws.send(start())
        pauses: list[str | bytes] = [FINALIZE, bytes(40 * BYTES_PER_MS)] * 33  # 1,320 ms
        for _ in range(sentences):
            await say(ws, script(fox_audio(2_680), *pauses))
        await asyncio.sleep(0.5)
        (waiting,) = write_buffers(server)
        assert 10_000 < waiting < 200_000, "the server holds back"
        await ws.send(END)
        messages = await rest(ws)
    assert text(messages).replace("<fin>", "").replace(".The", ". The") == " ".join(
        [FOX] * sentences
    )
    assert text(messages).count("<fin>") == 33 * sentences


PESTER: list[str | bytes] = [fox_audio(40), FINALIZE] * 3_000
NEVER_READ = [start(), *PESTER]


async def test_a_client_that_never_reads_is_given_up(serve: Serve) -> None:
    server = serve(send_buffer_bytes=4_096, send_timeout_s=0.3)
    client = await asyncio.to_thread(Silent, server)
    await asyncio.to_thread(client.say, *NEVER_READ)
    await eventually(lambda: server.hub.stream_count == 1)
    await eventually(lambda: server.hub.stream_count == 0)
    client.close()


async def test_the_socket_of_a_client_that_never_reads_is_freed(serve: Serve) -> None:
    server = serve(send_buffer_bytes=4_096, send_timeout_s=0.3, close_timeout_s=0.3)
    client = await asyncio.to_thread(Silent, server)
    await asyncio.to_thread(client.say, *NEVER_READ)
    await eventually(lambda: server.hub.stream_count == 1)
    await eventually(lambda: server.hub.stream_count == 0)
    try:
        await eventually(lambda: write_buffers(server) == [])
    finally:
        client.close()
