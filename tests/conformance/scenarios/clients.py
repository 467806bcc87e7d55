"""What the SDK makes of it, and the page that errors lead to."""

import asyncio
import contextlib
from typing import Any

import httpx
import pytest

import oyez
from conformance.promises import SDK, TRANSPORT, holds
from conformance.sdks import Threaded
from conformance.wires import KEY, Wire
from server.wire import END, FOX, fox_audio, start, text


def connect(wire: Wire, *, key: str = KEY, **fields: Any) -> Any:
    """Return a session of the SDK, not yet open."""
    raw: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
    config = oyez.types.RealtimeSTTConfig(**(raw | fields))
    kind = oyez.AsyncOyezClient if wire.name == "async" else oyez.OyezClient
    client = kind(api_key=key, websocket_base_url=wire.url())
    session: Any = client.realtime.stt.connect(config=config)
    return session if wire.name == "async" else Threaded(session)


async def read_all(session: Any) -> list[Any]:
    async with contextlib.aclosing(session.receive_events()) as events, asyncio.timeout(20):
        return [event async for event in events]


@holds("SDK-01", wires=SDK)
async def iteration_ends_at_finished(wire: Wire) -> None:
    async with connect(wire) as session:
        await session.send_byte_chunk(fox_audio(4_000))
        await session.finish()
        events = await read_all(session)
    assert events[-1].finished
    tokens = [token.text for event in events for token in event.tokens if token.is_final]
    assert "".join(tokens) == FOX


@holds("SDK-02", wires=SDK)
async def errors_are_raised(wire: Wire) -> None:
    cases: list[tuple[dict[str, Any], type[oyez.OyezServerError], str, int]] = [
        ({"model": "nova-3"}, oyez.OyezModelNotAvailableError, "model_not_available", 400),
        ({"language_hints": ["xx"]}, oyez.OyezInvalidRequestError, "invalid_request", 400),
        ({"key": "wrong"}, oyez.OyezAuthenticationError, "unauthenticated", 401),
    ]
    for fields, kind, error_type, code in cases:
        async with connect(wire, **fields) as session:
            with pytest.raises(kind) as raised:
                await read_all(session)
        error = raised.value
        assert (error.error_type, error.error_code) == (error_type, code)
        assert error.request_id
        assert error.more_info


@holds("SDK-03", wires=SDK)
async def paused_audio_is_dropped(wire: Wire) -> None:
    async with connect(wire) as session:
        await session.send_byte_chunk(fox_audio(4_000))
        await session.pause()
        await session.send_byte_chunk(fox_audio(4_000))
        await session.resume()
        await session.finish()
        events = await read_all(session)
    tokens = [token.text for event in events for token in event.tokens if token.is_final]
    assert "".join(tokens) == f"{FOX}<fin>"
    assert events[-1].total_audio_proc_ms == 4_000


@holds("ERR-03", wires=TRANSPORT)
async def more_info_leads_somewhere(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say("hello")
        *_, frame = await line.rest()
    page, anchor = frame["more_info"].split("#")
    response = await asyncio.to_thread(httpx.get, page)
    assert response.status_code == 200
    assert f'id="{anchor}"' in response.text
    async with wire.open() as line:
        await line.say(start(), fox_audio(4_000), END)
        assert text(await line.rest()) == FOX
