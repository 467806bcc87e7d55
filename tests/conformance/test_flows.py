"""The flows of the official SDK's users, run by its clients and by ours, against a real model."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engines.speech import BECKETT, word_error_rate
from oyez.server.run import ServerThread

from .sdks import ALLOW_OLD_STYLE, SDKS, Sdk
from .talk import END, FIN, Talk, utterances

pytestmark = pytest.mark.real

RAW: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
BYTES_PER_MS = 32
PIECE_BYTES = 120 * BYTES_PER_MS
SPEED = 4
"""How much faster than speech the audio is sent; slow enough for non-final words."""
WORST_WER = 0.25
"""Three of the twelve words; the smallest model mishears two of them."""
PAUSE_S = 25.0
AFTER_NO_MATTER = 4_700 * BYTES_PER_MS
"""A place in the pause after the third sentence."""


async def send(session: Any, audio: bytes, *, speed: float = SPEED) -> None:
    for position in range(0, len(audio), PIECE_BYTES):
        await session.send_byte_chunk(audio[position : position + PIECE_BYTES])
        await asyncio.sleep(PIECE_BYTES / BYTES_PER_MS / 1000 / speed)


async def assert_closed_well(session: Any) -> None:
    """After the last event the server closes the socket, with the code for a normal end."""
    assert await session.recv_bytes() == b""
    assert session._ws.close_code == 1000


@ALLOW_OLD_STYLE
async def test_pause_across_25_seconds(server: ServerThread, beckett: bytes) -> None:
    """All four SDKs at once: the pause is longer than the 20 s a silent client may take."""

    async def converse(sdk: Sdk) -> Talk:
        talk = Talk()
        async with sdk.connect(server.websocket_url, **RAW) as session:
            receiving = asyncio.create_task(talk.listen(session))
            await send(session, beckett[:AFTER_NO_MATTER], speed=2)
            await session.pause()
            assert session.paused
            await send(session, beckett[: 2_000 * BYTES_PER_MS], speed=2)  # not heard
            await asyncio.sleep(PAUSE_S - 1)
            async with asyncio.timeout(60):
                while not talk.count(FIN):  # a busy machine takes its time
                    await asyncio.sleep(0.1)
            assert "no matter" in talk.text.lower()
            await session.resume()
            assert not session.paused
            await send(session, beckett[AFTER_NO_MATTER:], speed=2)
            await session.finish()
            await receiving
            await assert_closed_well(session)
        return talk

    talks = await asyncio.gather(*map(converse, SDKS))
    for talk in talks:
        assert talk.is_finished
        assert talk.marked_text.count(FIN) == 1
        assert word_error_rate(BECKETT, talk.text) <= WORST_WER
        assert talk.total_ms == 9_963, "the clock of the stream stands still in a pause"
    assert len({talk.marked_text for talk in talks}) == 1


async def test_stream_a_file(sdk: Sdk, server: ServerThread, beckett_path: Path) -> None:
    async with sdk.connect(server.websocket_url) as session:
        sending = sdk.send_file(
            session, beckett_path, chunk_size_bytes=PIECE_BYTES, delay_seconds=0.12 / SPEED
        )
        talk = await Talk().listen(session)
        await sending
        await assert_closed_well(session)

    assert talk.is_finished
    assert word_error_rate(BECKETT, talk.text) <= WORST_WER
    assert not talk.count(END)
    assert not talk.count(FIN)
    assert talk.total_ms == 9_963, "the whole file"
    assert any(talk.guesses), "words show before they are final, if few on a busy machine"
    assert sdk.utils.render_tokens(talk.finals, talk.pending) == talk.text


async def test_endpoints(sdk: Sdk, server: ServerThread, beckett_path: Path) -> None:
    options: dict[str, Any] = {
        "enable_endpoint_detection": True,
        "enable_language_identification": True,
    }
    async with sdk.connect(server.websocket_url, **options) as session:
        sending = sdk.send_file(
            session, beckett_path, chunk_size_bytes=PIECE_BYTES, delay_seconds=0.12 / SPEED
        )
        talk = await Talk().listen(session)
        await sending
        await assert_closed_well(session)

    assert talk.is_finished
    assert word_error_rate(BECKETT, talk.text) <= WORST_WER
    *said, rest = utterances(talk, END)
    assert 3 <= len(said) <= 6, "a pause follows each of the six sentences"
    assert all(said), "an utterance has words"
    assert "ever tried" in said[0].lower()
    assert rest == ""
    for event in talk.events:
        texts = [token.text for token in event.tokens]
        if END in texts:
            words = [token for token in event.tokens if token.is_final and token.text != END]
            last_ms = (words or [token for token in talk.finals if token.text != END])[-1].end_ms
            assert event.total_audio_proc_ms - last_ms <= 2_000, "the longest delay"
    spoken = [token for token in talk.finals if token.text != END]
    assert {token.language for token in spoken} == {"en"}
    assert sdk.utils.render_tokens(spoken, []).startswith("\n[en] Ever")


async def test_raw_chunks_and_finalize_in_mid_stream(
    sdk: Sdk, server: ServerThread, beckett: bytes
) -> None:
    async with sdk.connect(server.websocket_url, **RAW) as session:
        await send(session, beckett[:AFTER_NO_MATTER])
        await session.finalize()
        talk = await Talk().listen(session, until=lambda talk: talk.count(FIN))
        assert talk.pending == []
        assert talk.finals[-1].text == FIN
        assert talk.final_ms == talk.total_ms == 4_700, "everything heard is final"
        assert "no matter" in talk.text.lower()
        before = talk.text

        await send(session, beckett[AFTER_NO_MATTER:])
        await session.finish()
        await talk.listen(session)
        await assert_closed_well(session)

    assert talk.is_finished
    first, second = utterances(talk, FIN)
    assert first == before
    assert "again" in second.lower()
    assert word_error_rate(BECKETT, talk.text) <= WORST_WER


async def test_two_quick_finalizes_give_two_markers(
    sdk: Sdk, server: ServerThread, beckett: bytes
) -> None:
    async with sdk.connect(server.websocket_url, **RAW) as session:
        await session.send_bytes(beckett[: 2_000 * BYTES_PER_MS], finish=False)
        await session.finalize()
        await session.finalize()
        await session.finish()
        talk = await Talk().listen(session)
        await assert_closed_well(session)
    assert talk.count(FIN) == 2
    assert "ever tried" in utterances(talk, FIN)[0].lower()
    assert utterances(talk, FIN)[1:] == ["", ""]


async def test_finish_makes_everything_final(
    sdk: Sdk, server: ServerThread, beckett: bytes
) -> None:
    """The end comes in the middle of a sentence; nothing heard is lost."""
    async with sdk.connect(server.websocket_url, **RAW) as session:
        await send(session, beckett[: 2_700 * BYTES_PER_MS], speed=2 * SPEED)
        await session.finish()
        talk = await Talk().listen(session)
        await assert_closed_well(session)
    assert talk.is_finished
    assert talk.total_ms == 2_700
    assert talk.text.lower().startswith("ever tried")
    assert len(talk.text.split()) >= 4


async def test_everything_at_once_in_one_frame(
    sdk: Sdk, server: ServerThread, beckett: bytes
) -> None:
    async with sdk.connect(server.websocket_url, **RAW) as session:
        await session.send_byte_chunk(beckett)
        await session.finish()
        talk = await Talk().listen(session)
        await assert_closed_well(session)
    assert word_error_rate(BECKETT, talk.text) <= WORST_WER
