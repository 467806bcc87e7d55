"""Whole streams, the same for threads and asyncio."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from oyez import OyezRealtimeError, OyezValidationError, RealtimeSTTConfig
from oyez.client.handshake import SEND_BUFFER_BYTES
from oyez.protocol.messages import ClientKind, Finalize, Finished
from oyez.types import RealtimeControlType, RealtimeEvent

from .canned import CannedServer, Raw, Script, results
from .conftest import KEY, QUICK, OpenSession

HELLO: Script = {
    ClientKind.AUDIO: [results("Hel"), results("Hello", final_ms=80, is_final=True)],
    ClientKind.END: [Finished(100)],
}


async def test_a_stream_from_audio_to_finished(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = HELLO
    async with open_session(server.base_url) as session:
        await session.send_bytes(b"\1\2")
        events = [event async for event in session.receive_events()]

        assert ["".join(token.text for token in event.tokens) for event in events] == [
            "Hel",
            "Hello",
            "",
        ]
        assert [event.finished for event in events] == [False, False, True]
        assert session.last_message is events[-1]
        assert await session.receive_event() is None
        assert not session.is_open
    assert server.peer.kinds() == [ClientKind.START, ClientKind.AUDIO, ClientKind.END]


async def test_the_config_goes_without_nones_and_the_key_in_the_header(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [results("x")]}
    config: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
    async with open_session(server.base_url, config=config) as session:
        await session.receive_event()
        assert session.config == RealtimeSTTConfig(**config)
    assert server.peer.start == {"model": "stt-rt-v5", **config}
    request = server.peer.ws.request
    assert request is not None
    assert request.path == f"{server.prefix}transcribe-websocket"
    assert request.headers["Authorization"] == f"Bearer {KEY}"


async def test_a_key_of_the_sessions_own(server: CannedServer, open_session: OpenSession) -> None:
    async with open_session(server.base_url, api_key="other"):
        pass
    await server.until(lambda peer: peer)
    assert server.peer.ws.request is not None
    assert server.peer.ws.request.headers["Authorization"] == "Bearer other"


@pytest.mark.parametrize(
    "chunks",
    [
        lambda: b"abcd",
        lambda: bytearray(b"abcd"),
        lambda: memoryview(b"abcd"),
        lambda: [b"ab", bytearray(b"cd")],
        lambda: iter([b"abcd"]),
    ],
    ids=["bytes", "bytearray", "memoryview", "list", "iterator"],
)
async def test_send_bytes_takes_bytes_and_iterables_and_finishes(
    server: CannedServer, open_session: OpenSession, chunks: Callable[[], Any]
) -> None:
    server.script = HELLO
    async with open_session(server.base_url) as session:
        await session.send_bytes(chunks())
        assert [event async for event in session.receive_events()][-1].finished
    assert server.peer.audio == b"abcd"


async def test_send_bytes_without_finish(server: CannedServer, open_session: OpenSession) -> None:
    server.script = HELLO
    async with open_session(server.base_url) as session:
        await session.send_bytes(b"ab", finish=False)
        await session.send_bytes([b"cd"], finish=False)
        await session.send_byte_chunk(b"")
        await session.finish()
        assert [event async for event in session.receive_events()][-1].finished
    assert server.peer.audio == b"abcd"
    assert server.peer.kinds().count(ClientKind.AUDIO) == 2


async def test_long_pieces_are_cut_into_frames(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    audio = bytes(range(256)) * 1024
    async with open_session(server.base_url) as session:
        await session.send_bytes(audio)
        assert [event async for event in session.receive_events()]
    assert server.peer.audio == audio
    assert server.peer.kinds().count(ClientKind.AUDIO) == 4


async def test_control_messages(server: CannedServer, open_session: OpenSession) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    async with open_session(server.base_url) as session:
        await session.keep_alive()
        await session.finalize()
        await session.send_control_message(RealtimeControlType.KEEP_ALIVE)
        await session.send_control_message("finish")
        assert [event async for event in session.receive_events()]
    assert server.peer.kinds() == [
        ClientKind.START,
        ClientKind.KEEPALIVE,
        ClientKind.FINALIZE,
        ClientKind.KEEPALIVE,
        ClientKind.END,
    ]


async def test_finalize_tells_of_silence_that_was_sent(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    async with open_session(server.base_url) as session:
        await session.finalize(trailing_silence_ms=300)
        await session.finalize(trailing_silence_ms=0)
        await session.finalize()
        for wrong in (-1, 1.5, True):
            with pytest.raises(OyezValidationError, match="trailing_silence_ms"):
                await session.finalize(trailing_silence_ms=wrong)
        assert session.account().finalizes_pending == 3
        await session.finish()
        assert [event async for event in session.receive_events()]
    said = [message for message in server.peer.heard if isinstance(message, Finalize)]
    assert said == [Finalize(300), Finalize(0), Finalize(None)]


async def test_what_cannot_be_sent_is_refused(
    server: CannedServer, open_session: OpenSession
) -> None:
    async with open_session(server.base_url) as session:
        with pytest.raises(OyezValidationError, match="must be bytes"):
            await session.send_bytes("abc")
        with pytest.raises(OyezValidationError, match="must be bytes"):
            await session.send_byte_chunk([1, 2])
        with pytest.raises(OyezValidationError, match="known are finish"):
            await session.send_control_message("stop")


async def test_handle_events_calls_a_function(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = HELLO
    seen: list[RealtimeEvent] = []
    async with open_session(server.base_url) as session:
        await session.send_bytes(b"ab")
        await session.handle_events(seen.append)
    assert len(seen) == 3


async def test_raw_messages(server: CannedServer, open_session: OpenSession) -> None:
    server.script = {
        ClientKind.START: [Raw('{"tokens":[],"new":1}'), Raw(b'{"tokens":[]}')],
        ClientKind.END: [Finished(0)],
    }
    async with open_session(server.base_url) as session:
        raw = await session.recv_bytes()
        event = session.parse_event(raw)
        assert event.model_extra == {"new": 1}
        assert session.last_message is None
        assert await session.recv_bytes() == b'{"tokens":[]}'
        await session.finish()
        assert session.parse_event(await session.recv_bytes()).finished
        assert await session.recv_bytes() == b""


async def test_sends_after_the_end_are_ignored(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = HELLO
    async with open_session(server.base_url) as session:
        await session.send_bytes(b"ab")
        await session.send_byte_chunk(b"late")
        await session.finalize()
        await session.finish()
        assert [event async for event in session.receive_events()][-1].finished
        await session.send_byte_chunk(b"later")
        await session.pause()
        assert not session.paused
    await session.send_bytes(b"latest")
    assert server.peer.audio == b"ab"


async def test_an_iterable_is_left_when_the_stream_has_ended(
    server: CannedServer, open_session: OpenSession
) -> None:
    async with open_session(server.base_url) as session:
        await session.finish()
        source = iter([b"a", b"b"])
        await session.send_bytes(source)
        assert list(source) == [b"b"]


async def test_close_closes_the_socket_and_can_be_repeated(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [results("x")]}
    session = open_session(server.base_url)
    await session.close()
    await session.enter()
    assert session.is_open
    await session.close()
    await session.close()
    await server.until(lambda peer: peer.close_code is not None)
    assert server.peer.close_code == 1000
    assert await session.receive_event() is None
    assert [event async for event in session.receive_events()] == []
    assert not session.is_open


async def test_pause_keeps_the_session_alive_and_drops_audio(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    async with open_session(server.base_url, timings=QUICK) as session:
        await session.pause()
        await session.pause()
        assert session.paused
        await session.send_byte_chunk(b"dropped")
        await server.until(lambda peer: peer.kinds().count(ClientKind.KEEPALIVE) >= 2)
        await session.resume()
        await session.resume()
        assert not session.paused
        await session.send_bytes(b"kept")
        assert [event async for event in session.receive_events()]
    assert server.peer.audio == b"kept"
    assert server.peer.kinds().count(ClientKind.FINALIZE) == 1


async def test_pause_without_finalize(server: CannedServer, open_session: OpenSession) -> None:
    async with open_session(server.base_url, timings=QUICK) as session:
        await session.pause(finalize=False)
        await server.until(lambda peer: ClientKind.KEEPALIVE in peer.kinds())
    assert not session.paused
    assert ClientKind.FINALIZE not in server.peer.kinds()


async def test_a_session_must_be_entered_and_only_once(
    server: CannedServer, open_session: OpenSession
) -> None:
    session = open_session(server.base_url)
    for name, arguments in {
        "send_bytes": [b"x"],
        "send_byte_chunk": [b"x"],
        "finish": [],
        "finalize": [],
        "keep_alive": [],
        "receive_event": [],
        "recv_bytes": [],
        "pause": [],
        "resume": [],
    }.items():
        with pytest.raises(OyezRealtimeError, match="use `with"):
            await getattr(session, name)(*arguments)
    async with session:
        with pytest.raises(OyezRealtimeError, match="entered already"):
            await session.enter()


async def test_little_audio_is_on_its_way(server: CannedServer, open_session: OpenSession) -> None:
    async with open_session(server.base_url) as session:
        raw = getattr(session, "session", session)._ws
        sock = raw.socket if hasattr(raw, "socket") else raw.transport.get_extra_info("socket")
        size = sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        assert SEND_BUFFER_BYTES <= size <= 2 * SEND_BUFFER_BYTES
