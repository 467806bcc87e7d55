"""Streams beside each other, and audio cut in every way."""

import asyncio
import itertools
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oyez.server.run import ServerThread

from .conftest import Serve
from .wire import (
    BYTES_PER_MS,
    END,
    FINALIZE,
    FOX,
    Message,
    converse,
    dial,
    finals,
    fox_audio,
    pieces,
    rest,
    say,
    script,
    start,
    text,
)

ENDPOINTS = start(enable_endpoint_detection=True)


async def test_the_servers_own_name_of_its_model_is_accepted(serve: Serve) -> None:
    """`oyez serve --model moonshine` runs moonshine-base or -tiny; clients may say either name."""
    server = serve(model="fox")
    for name in ("fox", "scripted", "stt-rt-v5"):
        async with dial(server.websocket_url) as ws:
            await say(ws, [start(model=name), FINALIZE])
            assert "<fin>" in await asyncio.wait_for(ws.recv(), 10)


async def test_twenty_streams_at_once(scripted_server: ServerThread) -> None:
    """Each has its own length, pieces, pace and finalizes, and hears its own words."""

    async def one(number: int) -> None:
        duration_ms = 1_000 + 517 * number
        audio = fox_audio(duration_ms)
        rng = random.Random(number)
        frames = pieces(audio, rng.randrange(500, 20_000))
        middle = len(frames) // 2
        async with dial(scripted_server.websocket_url) as ws:
            await say(ws, [start()])
            for index, frame in enumerate(frames):
                if index == middle:
                    await ws.send(FINALIZE)
                await ws.send(frame)
                await asyncio.sleep(rng.random() * 0.02)
            await ws.send(END)
            messages = await rest(ws)
        spoken = fox_words(duration_ms)
        tokens = [token["text"].strip() for token in finals(messages) if token["text"] != "<fin>"]
        assert tokens == spoken
        assert text(messages).count("<fin>") == 1
        assert messages[-1]["total_audio_proc_ms"] == duration_ms

    await asyncio.gather(*map(one, range(20)))
    assert scripted_server.hub.stream_count == 0


def fox_words(duration_ms: int) -> list[str]:
    """The words that end within so much audio."""
    words = FOX.split()
    return [
        words[index]
        for turn, index in itertools.product(range(duration_ms // 4_000 + 1), range(len(words)))
        if turn * 4_000 + index * 300 + 240 <= duration_ms
    ]


@pytest.mark.real
async def test_pings_are_answered_while_others_are_read(
    real_server: ServerThread, beckett: bytes
) -> None:
    async def talk() -> None:
        frames = script(start(), pieces(beckett * 2, 3_840), END)
        assert "again" in text(await converse(real_server.websocket_url, frames))

    async with dial(real_server.websocket_url, ping_interval=None) as ws:
        await ws.send(start())
        talking = asyncio.gather(talk(), talk())
        answered = 0
        while not talking.done():
            await (await ws.ping())
            answered += 1
            await asyncio.sleep(0.02)
        await talking
        await say(ws, [fox_audio(100), END])
        await rest(ws)
    assert answered > 10


# However the audio is cut, the final tokens are the same, times included.


AUDIO = fox_audio(9_500)
FIN_AT = 5_300 * BYTES_PER_MS


@given(
    sizes=st.lists(st.integers(1, 40_000), min_size=1, max_size=8).filter(lambda s: sum(s) > 400),
    opening=st.sampled_from([start(), ENDPOINTS]),
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_cutting_changes_nothing(
    scripted_server: ServerThread, sizes: list[int], opening: str
) -> None:
    url = scripted_server.websocket_url
    whole = await converse(url, [opening, AUDIO[:FIN_AT], FINALIZE, AUDIO[FIN_AT:], END])
    cut = await converse(
        url,
        script(opening, cuts(AUDIO[:FIN_AT], sizes), FINALIZE, cuts(AUDIO[FIN_AT:], sizes), END),
    )
    assert finals(cut) == finals(whole)
    assert cut[-1] == whole[-1]


def cuts(audio: bytes, sizes: list[int]) -> list[bytes]:
    found: list[bytes] = []
    position = 0
    for size in itertools.cycle(sizes):
        if position >= len(audio):
            return found
        found.append(audio[position : position + size])
        position += size
    raise AssertionError


@pytest.mark.real
async def test_cutting_real_speech_changes_nothing(
    real_server: ServerThread, beckett: bytes
) -> None:
    url = real_server.websocket_url
    samples = np.frombuffer(beckett, np.int16)[: 3 * 16_000].reshape(-1, 2).mean(axis=1)
    audio = samples.astype(np.int16).tobytes()
    opening = start(sample_rate=8_000, enable_endpoint_detection=True)
    whole = await converse(url, [opening, audio, END])
    assert "ever" in text(whole).lower()
    assert "<end>" in text(whole)
    rng = random.Random(7)
    ways = {
        "random": cuts(audio, [rng.randrange(1, 6_000) for _ in range(20)]),
        "small": cuts(audio, [rng.randrange(1, 60) for _ in range(20)]),
        "bytes": cuts(audio, [1]),
    }
    for name, frames in ways.items():
        messages = await converse(url, script(opening, frames, END))
        assert finals(messages) == finals(whole), name
        assert messages[-1] == whole[-1], name


@pytest.mark.real
async def test_pace_changes_nothing(real_server: ServerThread, beckett: bytes) -> None:
    """Nor does it matter how fast the audio comes, or what else the server does meanwhile."""
    url = real_server.websocket_url
    whole = await converse(url, [ENDPOINTS, beckett, END])

    async def paced(speed: float) -> list[Message]:
        async with dial(url) as ws:
            await ws.send(ENDPOINTS)
            for piece in pieces(beckett, 3_840):
                await ws.send(piece)
                await asyncio.sleep(0.12 / speed)
            await ws.send(END)
            return await rest(ws)

    for messages in await asyncio.gather(paced(3), paced(6)):
        assert finals(messages) == finals(whole)
