"""What real clients do besides the straight way."""

import asyncio
import json
from typing import Any

import pytest

import oyez
from oyez.protocol.limits import Limits
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from server.wire import (
    END,
    FINALIZE,
    FOX,
    KEEPALIVE,
    KEY,
    check_error,
    converse,
    dial,
    finals,
    fox_audio,
    pieces,
    refusal,
    rest,
    say,
    start,
    text,
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
        for _ in range(6):
            await asyncio.sleep(0.2)
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


# Frames that no SDK sends, or not always.


@pytest.mark.parametrize(
    "after",
    [
        (END, END, END),
        (fox_audio(4_000), END),
        (FINALIZE, KEEPALIVE, FINALIZE),
        ("not JSON", '{"type":"what"}', start(model="nova-3")),
        (b"", b"\1"),
    ],
    ids=["ends", "audio", "control", "nonsense", "bytes"],
)
async def test_whatever_follows_the_end_is_ignored(
    scripted_server: ServerThread, after: tuple[str | bytes, ...]
) -> None:
    frames = [start(), fox_audio(4_000), END, *after]
    messages = await converse(scripted_server.websocket_url, frames)
    assert text(messages) == FOX
    assert [message.get("finished") for message in messages].count(True) == 1
    assert messages[-1] == {
        "tokens": [],
        "final_audio_proc_ms": 4_000,
        "total_audio_proc_ms": 4_000,
        "finished": True,
    }


async def test_results_have_no_error_keys(scripted_server: ServerThread) -> None:
    messages = await converse(
        scripted_server.websocket_url, [start(), fox_audio(8_000), FINALIZE, END]
    )
    keys = {"tokens", "final_audio_proc_ms", "total_audio_proc_ms"}
    for message in messages[:-1]:
        assert set(message) == keys
    assert set(messages[-1]) == keys | {"finished"}
    for token in finals(messages):
        assert {"text", "is_final", "start_ms", "end_ms", "confidence"} <= set(token)
        assert None not in token.values()


async def test_a_socket_may_be_opened_early_and_kept_warm(hasty_server: ServerThread) -> None:
    async with dial(hasty_server.websocket_url) as ws:
        for _ in range(4):
            await asyncio.sleep(0.25)
            await ws.send('{"type": "keepalive"}')
        assert hasty_server.hub.stream_count == 0, "a warm socket is not a stream yet"
        await say(ws, [start(), fox_audio(4_000), END])
        messages = await rest(ws)
    assert text(messages) == FOX
    assert messages[-1]["total_audio_proc_ms"] == 4_000, "the clock starts with the audio"


async def test_a_socket_that_never_starts_is_told_why_and_closed_as_idle(
    hasty_server: ServerThread,
) -> None:
    async with dial(hasty_server.websocket_url) as ws:
        (frame,) = [json.loads(frame) async for frame in ws]
        check_error(frame)
        assert (frame["error_code"], frame["error_type"]) == (408, "request_timeout")
        assert "No start message arrived" in frame["error_message"]
        assert ws.close_code == 1001


async def test_a_stream_has_a_longest_duration() -> None:
    limits = Limits(max_duration_s=0.6)
    settings = Settings(api_key=KEY, port=0, model="scripted", limits=limits)
    with ServerThread(settings) as server:
        async with dial(server.websocket_url) as ws:
            await ws.send(start())
            for _ in range(2):
                await ws.send(fox_audio(500))
                await asyncio.sleep(0.1)
            frame = await refusal(ws)
        assert (frame["error_code"], frame["error_type"]) == (413, "max_duration_reached")
        client = oyez.AsyncOyezClient(api_key=KEY, websocket_base_url=server.websocket_url)
        async with client.realtime.stt.connect(config=RAW) as session:
            with pytest.raises(oyez.OyezMaxDurationError, match="Open a new session"):
                await session.receive_event()


@pytest.mark.parametrize("path", ["/", "", "/transcribe-websocket"])
async def test_both_paths_are_served(scripted_server: ServerThread, path: str) -> None:
    url = f"ws://127.0.0.1:{scripted_server.port}{path}"
    assert text(await converse(url, [start(), fox_audio(4_000), END])) == FOX


async def test_nulls_unknown_fields_and_old_names(scripted_server: ServerThread) -> None:
    """What LiveKit, Pipecat and clients of 2025 send."""
    message = json.dumps(
        {
            "api_key": None,
            "model": "stt-rt-v3-preview",
            "audio_format": "s16le",
            "sample_rate": 16_000,
            "num_channels": 1,
            "language_hints": None,
            "language_hints_strict": None,
            "context": {"general": None, "text": None, "terms": None},
            "enable_speaker_diarization": True,
            "enable_non_final_tokens": False,
            "max_non_final_tokens_duration_ms": 1_000,
            "translation": None,
            "client_reference_id": None,
            "colour": "green",
        }
    )
    finalize = '{"type": "finalize", "trailing_silence_ms": 300}'
    messages = await converse(
        scripted_server.websocket_url, [message, *pieces(fox_audio(4_000), 3_840), finalize, END]
    )
    assert text(messages) == FOX + FIN
    assert all(token["is_final"] for message in messages for token in message["tokens"])


async def test_messages_in_fragments(scripted_server: ServerThread) -> None:
    async with dial(scripted_server.websocket_url) as ws:
        await ws.send(iter([start()[:20], start()[20:]]))
        await ws.send(iter(pieces(fox_audio(4_000), 1_001)))
        await ws.send(END)
        assert text(await rest(ws)) == FOX


async def test_pings_are_answered(scripted_server: ServerThread) -> None:
    async with dial(scripted_server.websocket_url, ping_interval=None) as ws:
        assert await (await ws.ping()) < 1
        await ws.send(start())
        assert await (await ws.ping(b"still there?")) < 1
        await ws.send(fox_audio(100))
        await ws.send(END)
        await rest(ws)
