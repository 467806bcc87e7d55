"""Keys that a store knows, pages, and sockets."""

from dataclasses import replace
from typing import Any, Final

import httpx

from conformance.promises import SDK, TRANSPORT, holds
from conformance.wires import PLAIN, Line, Wire
from oyez.store.base import Permission, Store
from server.wire import END, FOX, KEY, fox_audio, start, text

STORED: Final = replace(PLAIN, store_url="sqlite://")
"""With a store of its own, which ends with the server."""
PAGE: Final = "https://captions.example"


def store_of(wire: Wire) -> Store:
    archive = wire.servers(wire.settings).hub.archive
    assert archive is not None
    return archive._opened()


def now_ms(wire: Wire) -> int:
    return wire.servers(wire.settings).hub.now_ms()


def temporary(wire: Wire, **changes: Any) -> str:
    asked = {"usage_type": "transcribe_websocket", "expires_in_seconds": 60} | changes
    made = httpx.post(
        f"http://127.0.0.1:{wire.servers(wire.settings).port}/v1/auth/temporary-api-key",
        json=asked,
        headers={"Authorization": f"Bearer {KEY}"},
    )
    key: str = made.json()["api_key"]
    return key


async def transcribes(line: Line) -> None:
    await line.say(start(), fox_audio(4_000), END)
    assert text(await line.rest()) == FOX


@holds("KEY-01", wires=SDK, settings=STORED)
async def a_stored_key_opens_streams(wire: Wire) -> None:
    made = store_of(wire).create_key("k", now_ms=now_ms(wire))
    for key in (made.secret, temporary(wire)):
        for _ in range(2):
            async with wire.open(key=key) as line:
                await transcribes(line)


@holds("KEY-02", wires=SDK, settings=STORED)
async def keys_that_open_nothing(wire: Wire) -> None:
    store, now = store_of(wire), now_ms(wire)
    revoked = store.create_key("r", now_ms=now)
    store.revoke_key(revoked.key.id, now_ms=now)
    expired = store.create_key("e", now_ms=now - 2_000, expires_at_ms=now - 1_000)
    for key, says in (
        ("wrong", "is wrong"),
        (revoked.secret, "revoked"),
        (expired.secret, "expired"),
        (temporary(wire, usage_type="tts_rt"), "made for tts_rt"),
    ):
        async with wire.open(key=key) as line:
            await line.say(start())
            assert says in await line.refusal(401, "unauthenticated")


@holds("KEY-03", wires=SDK, settings=STORED)
async def a_key_needs_the_permission(wire: Wire) -> None:
    made = store_of(wire).create_key("k", now_ms=now_ms(wire), permissions=[Permission.FILES])
    async with wire.open(key=made.secret) as line:
        await line.say(start())
        assert "stt_real_time" in await line.refusal(403, "permission_denied")


@holds("KEY-04", wires=SDK, settings=STORED)
async def a_single_use_key_opens_one_stream(wire: Wire) -> None:
    key = temporary(wire, single_use=True)
    async with wire.open(key=key) as line:
        await line.say(start(language_hints=[]))
        await line.refusal()
    async with wire.open(key=key) as line:
        await transcribes(line)
    async with wire.open(key=key) as line:
        await line.say(start())
        assert "for one stream" in await line.refusal(401, "unauthenticated")


@holds("KEY-05", wires=SDK, settings=STORED)
async def an_open_stream_outlives_its_key(wire: Wire) -> None:
    key = temporary(wire, expires_in_seconds=1)
    async with wire.open(key=key) as line:
        await line.say(start())
        await line.wait(1.1)
        await line.say(fox_audio(4_000), END)
        assert text(await line.rest()) == FOX
    async with wire.open(key=key) as line:
        await line.say(start())
        assert "expired" in await line.refusal(401, "unauthenticated")


@holds("KEY-06", wires=SDK, settings=STORED)
async def the_session_of_a_temporary_key_is_cut(wire: Wire) -> None:
    async with wire.open(key=temporary(wire, max_session_duration_seconds=1)) as line:
        await line.say(start(), fox_audio(4_000))
        said = await line.refusal(403, "temp_api_key_session_expired")
    assert "sessions of 1 s" in said


@holds("KEY-07", wires=SDK, settings=replace(PLAIN, max_connections=1))
async def sockets_are_counted(wire: Wire) -> None:
    async with wire.open() as first:
        await first.say(start())
        async with wire.open() as second:
            await second.say(start())
            said = await second.refusal(429, "max_concurrent_connections_reached")
        await first.say(fox_audio(4_000), END)
        assert text(await first.rest()) == FOX
    assert "1 connections" in said


@holds("KEY-08", wires=TRANSPORT, settings=replace(PLAIN, allowed_origins=(PAGE,)))
async def pages_need_to_be_allowed(wire: Wire) -> None:
    async with wire.open(headers={"Origin": "https://evil.example"}) as line:
        await line.say(start())
        assert "origin" in await line.refusal(403, "permission_denied")
    for origin in (PAGE, "http://localhost:3000"):
        async with wire.open(headers={"Origin": origin}) as line:
            await transcribes(line)
