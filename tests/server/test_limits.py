"""How many streams a server bears, and how it goes: told, once, and whole."""

import asyncio
import threading

import pytest

import oyez

from .conftest import Serve
from .parties import RAW, eventually
from .wire import END, FOX, KEY, converse, dial, fox_audio, refusal, rest, say, start, text


async def test_too_many_sessions_are_refused_until_one_ends(serve: Serve) -> None:
    server = serve(max_sessions=2)
    url = server.websocket_url
    async with dial(url) as warm, dial(url) as first, dial(url) as second:
        await say(first, [start(), fox_audio(100)])
        await say(second, [start(), fox_audio(100)])
        await eventually(lambda: server.hub.stream_count == 2)

        (frame,) = await converse(url, [start()])
        assert (frame["error_code"], frame["error_type"]) == (429, "limit_exceeded")
        assert "2 streams" in frame["error_message"]
        client = oyez.AsyncOyezClient(api_key=KEY, websocket_base_url=url)
        async with client.realtime.stt.connect(config=RAW) as session:
            with pytest.raises(oyez.OyezQuotaError, match="close other sessions"):
                await session.receive_event()

        await first.send(END)
        await rest(first)
        assert server.hub.stream_count == 1
        await say(warm, [start(), fox_audio(4_000), END])
        assert text(await rest(warm)) == FOX
        await second.send(END)
        await rest(second)
    assert server.hub.stream_count == 0


async def test_refused_streams_free_their_place(serve: Serve) -> None:
    server = serve(max_sessions=1)
    for frames in ([start(audio_format="mp4a")], [start(), END], [start(), "x"]):
        for _ in range(3):
            (frame,) = await converse(server.websocket_url, frames)
            assert frame["error_code"] == 400
    messages = await converse(server.websocket_url, [start(), fox_audio(4_000), END])
    assert text(messages) == FOX


# The server goes.


async def test_streams_are_told_that_the_server_shuts_down(serve: Serve) -> None:
    server = serve(shutdown_grace_s=600.0)  # streams that are not told would hold it so long
    url = server.websocket_url
    client = oyez.AsyncOyezClient(api_key=KEY, websocket_base_url=url)
    async with (
        dial(url) as warm,
        dial(url) as streaming,
        client.realtime.stt.connect(config=RAW) as session,
    ):
        await say(streaming, [start(), fox_audio(1_000)])
        await session.send_byte_chunk(fox_audio(1_000))
        await eventually(lambda: server.hub.stream_count == 2)
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        for ws in (warm, streaming):
            frame = await refusal(ws)
            assert (frame["error_code"], frame["error_type"]) == (503, "service_unavailable")
            assert "shutting down" in frame["error_message"]
        with pytest.raises(oyez.OyezUnavailableError, match="safe to try again"):
            async for _ in session.receive_events():
                pass
        await stopping
    with pytest.raises(OSError, match=r"refused|Connect"):
        async with dial(url):
            pass


def test_a_server_stops_twice_and_leaves_no_threads(serve: Serve) -> None:
    before = {thread.name for thread in threading.enumerate()}
    server = serve()
    server.stop()
    server.stop()
    after = {thread.name for thread in threading.enumerate() if not thread.daemon}
    assert {name for name in after - before if not name.startswith("oyez-listening")} == set()
