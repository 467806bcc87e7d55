"""Connecting and presenting a key."""

import asyncio
import json

from conformance.promises import EVERYWHERE, HANDSHAKE, TRANSPORT, holds
from conformance.wires import Line, SdkLine, SocketLine, Wire, with_limits
from server.wire import (
    END,
    FINALIZE,
    FOX,
    KEEPALIVE,
    KEY,
    finals,
    fox_audio,
    pieces,
    start,
    text,
)

TOKEN = ("soniox-api-key", KEY)
WRONG = "another-key"


async def transcribes(line: Line, **fields: object) -> None:
    await line.say(start(**fields), fox_audio(4_000), END)
    assert text(await line.rest()) == FOX


@holds("CON-01")
async def takes_streams_at_its_path(wire: Wire) -> None:
    async with wire.open(path="/transcribe-websocket") as line:
        await transcribes(line)


@holds("CON-02")
async def takes_streams_at_the_root(wire: Wire) -> None:
    async with wire.open(path="/") as line:
        await transcribes(line)


@holds("CON-03")
async def says_nothing_first(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start())
        await line.wait(0.05)
        await line.say(FINALIZE)
        (first,) = await line.until(bool)
    assert [token["text"] for token in first["tokens"]] == ["<fin>"]


@holds("CON-04")
async def takes_a_key_in_the_header(wire: Wire) -> None:
    async with wire.open(key=KEY) as line:
        await transcribes(line)


@holds("CON-05", wires=HANDSHAKE)
async def takes_a_key_as_subprotocol(wire: Wire) -> None:
    async with wire.open(key=None, subprotocols=TOKEN) as line:
        assert line.subprotocol == "soniox-api-key"
        await transcribes(line)


@holds("CON-06", wires=HANDSHAKE)
async def takes_a_key_in_the_start_message(wire: Wire) -> None:
    async with wire.open(key=None) as line:
        await transcribes(line, api_key=KEY)


@holds("CON-07")
async def takes_the_same_key_twice(wire: Wire) -> None:
    async with wire.open(key=KEY) as line:
        await transcribes(line, api_key=KEY)


@holds("CON-08")
async def refuses_two_keys(wire: Wire) -> None:
    for key in (WRONG, KEY + "x"):
        async with wire.open(key=KEY) as line:
            await line.say(start(api_key=key))
            assert "different keys" in await line.refusal()


@holds("CON-09", wires=HANDSHAKE)
async def refuses_header_and_subprotocol(wire: Wire) -> None:
    async with wire.open(key=KEY, subprotocols=TOKEN) as line:
        assert line.subprotocol == "soniox-api-key"
        await line.say(start())
        assert "as a header or as a subprotocol" in await line.refusal()


@holds("CON-10")
async def refuses_a_wrong_header(wire: Wire) -> None:
    async with wire.open(key=WRONG) as line:
        await line.say(start())
        assert "key is wrong" in await line.refusal(401, "unauthenticated")


@holds("CON-11", wires=HANDSHAKE)
async def refuses_a_wrong_subprotocol(wire: Wire) -> None:
    async with wire.open(key=None, subprotocols=("soniox-api-key", WRONG)) as line:
        assert line.subprotocol == "soniox-api-key"
        await line.say(start())
        assert "key is wrong" in await line.refusal(401, "unauthenticated")


@holds("CON-12", wires=HANDSHAKE)
async def refuses_a_wrong_key_in_the_start_message(wire: Wire) -> None:
    async with wire.open(key=None) as line:
        await line.say(start(api_key=WRONG))
        assert "key is wrong" in await line.refusal(401, "unauthenticated")


@holds("CON-13", wires=HANDSHAKE)
async def refuses_no_key(wire: Wire) -> None:
    for key in (None, ""):
        async with wire.open(key=None) as line:
            await line.say(start(api_key=key))
            said = await line.refusal(401, "unauthenticated")
            assert "Authorization: Bearer KEY" in said


@holds("CON-14", wires=HANDSHAKE)
async def refuses_another_scheme(wire: Wire) -> None:
    for value in (f"Basic {KEY}", KEY, f"Token {KEY}"):
        async with wire.open(key=None, headers={"Authorization": value}) as line:
            await line.say(start())
            assert "Bearer KEY" in await line.refusal(401, "unauthenticated")


@holds("CON-15", wires=HANDSHAKE)
async def selects_no_other_subprotocol(wire: Wire) -> None:
    async with wire.open() as line:
        assert line.subprotocol is None
        await transcribes(line)


@holds("CON-16")
async def takes_one_stream_a_socket(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), start())
        assert "finalize and keepalive" in await line.refusal()


@holds(
    "CON-17",
    wires=(*EVERYWHERE, "socket"),
    settings=with_limits(start_timeout_s=2.0, max_opening_s=60.0),
)
async def may_be_opened_early(wire: Wire) -> None:
    async with wire.open() as line:
        for _ in range(5):
            await line.say(KEEPALIVE)
            await line.wait(0.5)
        await line.say(start())
        await line.say(fox_audio(4_000), END)
        messages = await line.rest()
    assert text(messages) == FOX
    assert messages[-1]["total_audio_proc_ms"] == 4_000, "the clock starts with the audio"


@holds("CON-18")
async def closes_with_1000(wire: Wire) -> None:
    async with wire.open() as line:
        await transcribes(line)
        assert line.close_code == 1000


@holds("CON-19", wires=TRANSPORT)
async def answers_pings(wire: Wire) -> None:
    async with wire.open() as line:
        assert isinstance(line, SocketLine)
        await line.say(start(), pieces(fox_audio(60_000), 32_000))
        hearing = asyncio.create_task(line.rest())
        for _ in range(5):
            async with asyncio.timeout(20):
                await (await line.ws.ping())
        await line.say(END)
        assert text(await hearing).count("fox") == 15


@holds("CON-20", wires=TRANSPORT)
async def takes_fragments(wire: Wire) -> None:
    message, audio = start(), fox_audio(4_000)
    async with wire.open() as line:
        assert isinstance(line, SocketLine)
        await line.ws.send([message[:5], message[5:9], message[9:]])
        await line.ws.send(pieces(audio, 1_001))
        await line.say(END)
        assert text(await line.rest()) == FOX


@holds("CON-21")
async def takes_a_burst(wire: Wire) -> None:
    chunks = pieces(fox_audio(20_000), 640)
    assert len(chunks) == 1_000
    async with wire.open() as line:
        await line.say(start(), chunks, END)
        messages = await line.rest()
    assert text(messages).count("fox") == 5
    assert messages[-1]["total_audio_proc_ms"] == 20_000


@holds("CON-22", wires=HANDSHAKE)
async def tells_a_silent_client_about_its_key(wire: Wire) -> None:
    async with wire.open(key=WRONG) as line:
        assert "key is wrong" in await line.refusal(401, "unauthenticated")


@holds("CON-23", wires=("sync", "async", "socket"))
async def names_the_stream(wire: Wire) -> None:
    """The application sends the header as ASGI says; only a real server puts it on the wire."""
    names = set()
    for _ in range(2):
        async with wire.open() as line:
            await line.say(start())
            if isinstance(line, SocketLine):
                assert line.ws.response is not None
                name = line.ws.response.headers["x-request-id"]
            else:
                assert isinstance(line, SdkLine)
                name = (await line.account()).request_id
            await line.say("{}")
            *_, frame = await line.rest()
        assert frame["request_id"] == name
        names.add(name)
    assert len(names) == 2


@holds("ERR-04", wires=("machine", "asgi", "socket"))
async def repeats_no_key(wire: Wire) -> None:
    secret = "snx_secret_0123456789"
    for shake in (
        {"key": secret},
        {"key": None, "subprotocols": ("soniox-api-key", secret)},
        {"key": None, "headers": {"Authorization": f"Basic {secret}"}},
        {"key": KEY},
    ):
        async with wire.open(**shake) as line:
            await line.say(start(api_key=secret, model="nova-3"))
            *_, frame = await line.rest()
            assert secret not in json.dumps(frame)
            assert KEY not in json.dumps(frame)
            assert not finals([frame])
