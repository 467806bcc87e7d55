"""The client without sockets: what it shows is what a socket would show."""

import asyncio
import json

import pytest
from bench.fuzz.peer import Closed, Peer, PeerError, serving
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio
from oyez.server.settings import Settings

KEY = "fuzz"
HEADERS = {"Authorization": f"Bearer {KEY}"}
SETTINGS = Settings(api_key=KEY, model="scripted")
START = json.dumps(
    {"model": "stt-rt-v5", "audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
)
AUDIO = (
    (script_audio(DEFAULT_SCRIPT, 4_000, period_ms=DEFAULT_PERIOD_MS) * 32_767)
    .astype("<i2")
    .tobytes()
)


async def test_a_whole_conversation_needs_no_socket() -> None:
    async with serving(SETTINGS) as app:
        async with Peer(app, headers=HEADERS) as peer:
            assert peer.is_accepted
            assert peer.subprotocol is None
            for frame in (START, AUDIO, ""):
                peer.send(frame)
            messages = [json.loads(frame) for frame in await peer.receive_rest()]
            assert peer.closed == Closed(1000)
            assert await peer.receive() == Closed(1000)
        tokens = [t for message in messages for t in message["tokens"] if t["is_final"]]
        assert "".join(t["text"] for t in tokens) == "The quick brown fox jumps over the lazy dog."
        assert messages[-1]["finished"] is True
        assert app.state.hub.stream_count == 0


async def test_the_subprotocol_carries_a_key() -> None:
    async with serving(SETTINGS) as app, Peer(app, subprotocols=("soniox-api-key", KEY)) as peer:
        assert peer.subprotocol == "soniox-api-key"
        peer.send_text(START)
        peer.send_text("")
        (frame,) = await peer.receive_rest()
        assert json.loads(frame)["error_code"] == 400


async def test_leaving_disconnects_and_the_stream_is_released() -> None:
    async with serving(SETTINGS) as app:
        async with Peer(app, headers=HEADERS) as peer:
            peer.send_text(START)
            peer.send_bytes(AUDIO)
            await peer.receive()
            assert app.state.hub.stream_count == 1
        assert peer.has_returned
        assert app.state.hub.stream_count == 0


async def test_waiting_has_an_end() -> None:
    async with serving(SETTINGS) as app, Peer(app, headers=HEADERS) as peer:
        with pytest.raises(TimeoutError):
            await peer.receive(0.01)


async def test_an_unknown_path_is_not_accepted() -> None:
    async with serving(SETTINGS) as app, Peer(app, path="/nowhere", headers=HEADERS) as peer:
        assert not peer.is_accepted
        assert peer.closed == Closed(1006)


async def test_an_application_that_falls_is_noticed() -> None:
    async def falls(scope: Scope, receive: Receive, send: Send) -> None:
        await WebSocket(scope, receive, send).accept()
        raise ValueError("fell")

    with pytest.raises(ValueError, match="fell"):
        async with Peer(falls) as peer:
            assert isinstance(await peer.receive(), Closed)


async def test_an_application_that_hangs_is_noticed() -> None:
    async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
        await WebSocket(scope, receive, send).accept()
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match="did not return"):
        async with Peer(hangs, patience_s=0.05):
            pass


async def test_an_application_that_sends_what_it_may_not_is_noticed() -> None:
    async def confused(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": b"audio"})

    with pytest.raises(PeerError):
        async with Peer(confused) as peer:
            await peer.receive()


async def test_an_application_that_speaks_after_closing_is_noticed() -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        await send({"type": "websocket.send", "text": "late"})

    with pytest.raises(RuntimeError, match="after the socket was closed"):
        async with Peer(late) as peer:
            await peer.receive()
