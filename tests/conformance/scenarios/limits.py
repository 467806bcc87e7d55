"""Time, sizes and numbers of streams."""

import asyncio
from dataclasses import replace

from conformance.promises import EVERYWHERE, HANDSHAKE, SERVER, TRANSPORT, holds
from conformance.wires import PLAIN, SocketLine, Wire, with_limits
from server.wire import (
    END,
    FINALIZE,
    FOX,
    KEEPALIVE,
    fox_audio,
    pieces,
    start,
    text,
)

IDLE_S = 0.6
STEP_S = 0.2
SPEECH = fox_audio(2_800)


@holds("LIM-01", settings=with_limits(idle_timeout_s=IDLE_S))
async def silence_is_not_borne(wire: Wire) -> None:
    before: list[list[str | bytes]] = [[], [SPEECH], [SPEECH, FINALIZE]]
    for frames in before:
        async with wire.open() as line:
            await line.say(start(), frames)
            said = await line.refusal(408, "request_timeout")
        assert "Neither audio nor a keepalive arrived for 0.6 s" in said


@holds("LIM-02", settings=with_limits(idle_timeout_s=2.0))
async def keepalives_hold_a_stream(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start())
        for _ in range(5):
            await line.say(KEEPALIVE)
            await line.wait(0.5)  # a busy machine may take four times as long
        await line.say(fox_audio(4_000), END)
        assert text(await line.rest()) == FOX


@holds("AUD-14", settings=with_limits(idle_timeout_s=IDLE_S))
async def empty_audio_holds_nothing(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start())
        for _ in range(5):
            await line.say(b"")
            await line.wait(STEP_S)
        await line.refusal(408, "request_timeout")


@holds("LIM-03", wires=HANDSHAKE, settings=with_limits(start_timeout_s=0.3))
async def an_unstarted_socket_is_closed(wire: Wire) -> None:
    async with wire.open() as line:
        said = await line.refusal(408, "request_timeout", close_code=1001)
    assert "No start message arrived" in said


@holds("LIM-04", settings=with_limits(start_timeout_s=0.6, max_opening_s=0.9))
async def keepalives_do_not_hold_it_for_ever(wire: Wire) -> None:
    async with wire.open() as line:
        for _ in range(6):
            await line.say(KEEPALIVE)
            await line.wait(STEP_S)
        said = await line.refusal(408, "request_timeout", close_code=1001)
    assert "No start message arrived" in said


@holds("LIM-05", settings=with_limits(max_duration_s=0.8))
async def a_stream_has_a_longest_duration(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start())
        for piece in pieces(fox_audio(1_000), 3_200):
            await line.say(piece, KEEPALIVE)
            await line.wait(0.1)
        said = await line.refusal(413, "max_duration_reached")
    assert "The stream reached" in said


@holds(
    "LIM-06",
    settings=with_limits(slow_input_window_s=0.8, min_input_pace=0.5, decode_timeout_s=60.0),
)
async def crawling_audio_is_not_borne(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start())
        for piece in pieces(fox_audio(200), 640):
            await line.say(piece)
            await line.wait(0.1)
        said = await line.refusal(408, "request_timeout")
    assert "arrives too slowly" in said


@holds("LIM-07", wires=SERVER, settings=replace(PLAIN, max_sessions=0))
async def streams_are_counted(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start())
        said = await line.refusal(429, "limit_exceeded")
    assert "0 streams at a time" in said


@holds("LIM-08", wires=("socket",), settings=replace(PLAIN, shutdown_grace_s=1.0))
async def streams_are_told_that_the_server_stops(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, FINALIZE)
        await line.until(lambda so_far: "<fin>" in text(so_far))
        stopping = asyncio.create_task(asyncio.to_thread(wire.servers(wire.settings).stop))
        said = await line.refusal(503, "service_unavailable")
        assert "shutting down" in said
        await stopping


@holds("LIM-09", wires=(*EVERYWHERE, "socket"), settings=replace(PLAIN, max_text_bytes=50_000))
async def large_texts_are_refused(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(context="x" * 50_000))
        assert "at most 50000 bytes" in await line.refusal()
    async with wire.open() as line:
        await line.say(start(), " " * 50_001)
        assert "at most 50000 bytes" in await line.refusal()


@holds("LIM-10", wires=TRANSPORT, settings=replace(PLAIN, max_message_bytes=100_000))
async def larger_messages_close_the_socket(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), bytes(100_001))
        await line.rest()
        assert line.close_code == 1009


@holds(
    "LIM-11",
    wires=TRANSPORT,
    settings=replace(PLAIN, ping_interval_s=0.3, ping_timeout_s=1.5),
)
async def a_dead_client_is_found(wire: Wire) -> None:
    """Its kernel still holds the connection, but nobody answers."""
    server = wire.servers(wire.settings)
    async with wire.open() as line:
        assert isinstance(line, SocketLine)
        await line.say(start(), SPEECH)
        while server.hub.stream_count == 0:
            await asyncio.sleep(0.01)
        line.ws.transport.pause_reading()
        async with asyncio.timeout(10):
            while server.hub.stream_count:
                await asyncio.sleep(0.05)
        line.ws.transport.abort()


@holds("LIM-12")
async def a_long_recording_at_once(wire: Wire) -> None:
    minutes = 2
    async with wire.open() as line:
        await line.say(start())
        saying = asyncio.create_task(line.say(pieces(fox_audio(minutes * 60_000), 64_000), END))
        messages = await line.rest()
        await saying
    assert text(messages) == " ".join([FOX] * (minutes * 15))
    assert messages[-1]["total_audio_proc_ms"] == minutes * 60_000
