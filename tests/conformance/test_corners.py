"""What real clients do besides the straight way."""

import asyncio
from typing import Any

import pytest

import oyez
from oyez.protocol.limits import Limits
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from server.wire import (
    FOX,
    KEY,
    fox_audio,
    pieces,
)

from .sdks import Sdk
from .talk import FIN, Talk

RAW: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}


# Control messages, through the SDKs.


async def test_finalize_with_nothing_pending(sdk: Sdk, scripted_server: ServerThread) -> None:
    async with sdk.connect(scripted_server.websocket_url, **RAW) as session:
        await session.finalize()
        talk = await Talk().listen(session, until=lambda talk: talk.count(FIN))
        (only,) = talk.events
        assert [token.text for token in only.tokens] == [FIN], "it comes alone"

        await session.send_byte_chunk(fox_audio(4_000))
        await session.finalize()
        await talk.listen(session, until=lambda talk: talk.count(FIN) == 2)
        await session.finalize()
        await talk.listen(session, until=lambda talk: talk.count(FIN) == 3)
        assert [token.text for token in talk.events[-1].tokens] == [FIN]
        await session.finish()
        await talk.listen(session)
    assert talk.marked_text == f"{FIN}{FOX}{FIN}{FIN}"


async def test_finish_without_audio(sdk: Sdk, scripted_server: ServerThread) -> None:
    async with sdk.connect(scripted_server.websocket_url, **RAW) as session:
        await session.keep_alive()
        await session.finish()
        if sdk.is_ours:
            with pytest.raises(oyez.OyezInvalidRequestError, match="No audio was received"):
                await session.receive_event()
        else:
            event = await session.receive_event()
            assert event.error_code == 400
            assert "No audio" in event.error_message
            assert await session.receive_event() is None


async def test_an_empty_chunk_means_nothing(sdk: Sdk, scripted_server: ServerThread) -> None:
    async with sdk.connect(scripted_server.websocket_url, **RAW) as session:
        await session.send_byte_chunk(b"")
        for piece in pieces(fox_audio(4_000), 32_000):
            await session.send_byte_chunk(piece)
            await session.send_byte_chunk(b"")
        await session.finish()
        talk = await Talk().listen(session)
    assert talk.marked_text == FOX
    assert talk.is_finished


async def test_silence_is_a_408_and_keepalives_prevent_it(
    sdk: Sdk, hasty_server: ServerThread
) -> None:
    async with sdk.connect(hasty_server.websocket_url, **RAW) as session:
        await session.send_byte_chunk(fox_audio(500))
        for _ in range(5):
            await asyncio.sleep(0.4)
            await session.keep_alive()
        await session.finalize()
        talk = await Talk().listen(session, until=lambda talk: talk.count(FIN))
        assert talk.text == "The"

        event = None
        if sdk.is_ours:
            with pytest.raises(oyez.OyezTimeoutError, match=r"Send audio or keep_alive\(\)"):
                await session.receive_event()
        else:
            event = await session.receive_event()
            assert event.error_code == 408
            assert event.error_type == "request_timeout"
            assert "audio nor a keepalive" in event.error_message
        assert await session.recv_bytes() == b""
        assert session._ws.close_code == 1000


def test_the_time_that_a_silent_client_has() -> None:
    assert Settings(api_key=KEY).limits == Limits()
    assert Limits().idle_timeout_s == 20
    assert Limits().max_duration_s == 300 * 60
