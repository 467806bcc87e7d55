"""What a server bears: sessions, time, clients that vanish, never read, or send everything."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Frame, Opcode

import oyez
from oyez.engines.base import Recognizer
from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, ScriptedRecognizer
from oyez.protocol.limits import Limits
from oyez.protocol.messages import ClientMessage
from oyez.server.inbox import Inbox
from oyez.server.run import ServerThread
from oyez.session.inlet import Heard
from oyez.session.session import Session

from .conftest import Serve
from .wire import (
    BYTES_PER_MS,
    END,
    FINALIZE,
    FOX,
    KEY,
    converse,
    dial,
    fox_audio,
    pieces,
    refusal,
    rest,
    say,
    script,
    start,
    text,
)

PATIENCE_S = 3.0
RAW: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}


async def eventually(condition: Callable[[], bool]) -> bool:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)
    return True


# Sessions.


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


# The client goes.


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


def slow_engine(seconds_per_call: float) -> ScriptedRecognizer:
    return ScriptedRecognizer(
        DEFAULT_SCRIPT, period_ms=DEFAULT_PERIOD_MS, seconds_per_call=seconds_per_call
    )


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


class Silent:
    """A client that shakes hands, says what it is told to, and reads nothing after that."""

    def __init__(self, server: ServerThread) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.connect(("127.0.0.1", server.port))
        self._socket.settimeout(PATIENCE_S)
        self._socket.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n"
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(64)
        assert answer.startswith(b"HTTP/1.1 101")

    def say(self, *frames: str | bytes) -> None:
        data = bytearray()
        for frame in frames:
            opcode = Opcode.TEXT if isinstance(frame, str) else Opcode.BINARY
            payload = frame.encode() if isinstance(frame, str) else frame
            data += Frame(opcode, payload).serialize(mask=True)
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()


async def test_a_dead_client_is_noticed(serve: Serve) -> None:
    """Its machine is gone, so that nothing says that the connection is."""
    server = serve(ping_interval_s=0.2, ping_timeout_s=0.2)
    client = await asyncio.to_thread(Silent, server)
    await asyncio.to_thread(client.say, start(), fox_audio(500))
    await eventually(lambda: server.hub.stream_count == 1)
    await eventually(lambda: server.hub.stream_count == 0)
    client.close()


# Clients that do not read.


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


# Much at once.


async def test_ten_minutes_at_once(
    serve: Serve, recognizer: ScriptedRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file comes faster than it is read: the socket waits, nothing piles up or is lost."""
    peaks = {"pending": 0, "backlog_ms": 0, "buffered": 0}

    class WatchedInbox(Inbox):
        def put(self, message: ClientMessage) -> None:
            super().put(message)
            peaks["pending"] = max(peaks["pending"], self._bytes)

    class WatchedSession(Session):
        def hear(self, heard: Heard) -> None:
            super().hear(heard)
            peaks["backlog_ms"] = max(peaks["backlog_ms"], self.backlog_ms)
            peaks["buffered"] = max(peaks["buffered"], self._buffer.end - self._buffer.start)

    monkeypatch.setattr("oyez.server.conversation.Inbox", WatchedInbox)
    monkeypatch.setattr("oyez.server.opening.Session", WatchedSession)
    server = serve()
    settings = server._settings
    minutes = 10
    audio = fox_audio(minutes * 60_000)
    async with dial(server.websocket_url) as ws:
        sending = asyncio.create_task(say(ws, script(start(), pieces(audio, 64 * 1024), END)))
        messages = await rest(ws)
        await sending
    assert text(messages).replace(".The", ". The") == " ".join([FOX] * (minutes * 15))
    assert messages[-1]["total_audio_proc_ms"] == minutes * 60_000
    assert peaks["pending"] <= settings.max_pending_bytes + 64 * 1024
    assert peaks["backlog_ms"] <= settings.max_backlog_ms + 1_100
    assert peaks["buffered"] <= 60 * 16_000


async def test_a_whole_file_in_one_message(serve: Serve) -> None:
    server = serve()
    messages = await converse(server.websocket_url, [start(), fox_audio(500_000), END])
    assert text(messages).count(" lazy dog.") == 125


async def test_a_message_that_is_too_large_ends_the_stream_only(serve: Serve) -> None:
    server = serve(max_message_bytes=100_000)
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(4_000)])
        with pytest.raises(ConnectionClosedError, match="1009"):
            await rest(ws)
    await eventually(lambda: server.hub.stream_count == 0)
    frames = script(start(), pieces(fox_audio(4_000), 50_000), END)
    assert text(await converse(server.websocket_url, frames)) == FOX


async def test_a_recognizer_that_cannot_keep_up_skips_guesses_only(serve: Serve) -> None:
    """Words come later under load, but they are the same words."""
    server = serve(slow_engine(0.05), workers=1)
    frames = script(start(), pieces(fox_audio(8_000), 3_840), END)
    talks = await asyncio.gather(*(converse(server.websocket_url, frames) for _ in range(4)))
    for messages in talks:
        assert text(messages) == f"{FOX} {FOX}"


class Failing(ScriptedRecognizer):
    """Fails from the second reading on."""

    def recognize(self, windows: Any) -> Any:
        if self.calls:
            raise RuntimeError("out of luck")
        return super().recognize(windows)


async def test_a_recognizer_that_fails_ends_the_stream_with_a_500(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    engine: Recognizer = Failing(DEFAULT_SCRIPT)
    server = serve(engine)
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(4_000), END])
        frame = await refusal(ws)
    assert (frame["error_code"], frame["error_type"]) == (500, "internal_error")
    assert "open a new session" in frame["error_message"]
    assert "luck" not in json.dumps(frame), "what happened is in the log"
    assert server.hub.stream_count == 0


def test_a_server_stops_twice_and_leaves_no_threads(serve: Serve) -> None:
    before = {thread.name for thread in threading.enumerate()}
    server = serve()
    server.stop()
    server.stop()
    after = {thread.name for thread in threading.enumerate() if not thread.daemon}
    assert {name for name in after - before if not name.startswith("oyez-listening")} == set()
