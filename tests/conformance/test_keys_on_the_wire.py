"""Every way to present a key. A bad one never fails the handshake: the answer is a frame."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from oyez.server.run import ServerThread
from server.wire import (
    END,
    FOX,
    KEEPALIVE,
    KEY,
    Message,
    converse,
    dial,
    fox_audio,
    refusal,
    rest,
    say,
    start,
    text,
)

SUBPROTOCOL = "soniox-api-key"


@dataclass(frozen=True)
class Way:
    """How a key is presented, and what comes of it."""

    name: str
    header: str | None = None
    subprotocols: tuple[str, ...] = ()
    in_start: str | None = None
    says: str = ""
    error_type: str = "unauthenticated"
    code: int = 401

    @property
    def handshake(self) -> dict[str, Any]:
        headers = {} if self.header is None else {"Authorization": self.header}
        return {"key": None, "headers": headers, "subprotocols": self.subprotocols}

    @property
    def start(self) -> str:
        return start(api_key=self.in_start)


TWICE: dict[str, Any] = {"error_type": "invalid_request", "code": 400}

GOOD = (
    Way("header", f"Bearer {KEY}"),
    Way("header in lower case", f"bearer {KEY}"),
    Way("subprotocol", subprotocols=(SUBPROTOCOL, KEY)),
    Way("start message", in_start=KEY),
    Way("the same twice", f"Bearer {KEY}", in_start=KEY),
    Way("subprotocol and start", subprotocols=(SUBPROTOCOL, KEY), in_start=KEY),
)
BAD = (
    Way("none", says="No API key was presented: send it as `Authorization: Bearer KEY`"),
    Way("empty in start", in_start="", says="No API key was presented"),
    Way("wrong header", "Bearer other", says="The API key is wrong: use the key"),
    Way("empty header", "Bearer ", says="Authorization"),
    Way("wrong scheme", f"Token {KEY}", says="must have the form `Bearer KEY`"),
    Way("no scheme", KEY, says="must have the form `Bearer KEY`"),
    Way("wrong subprotocol", subprotocols=(SUBPROTOCOL, "other"), says="The API key is wrong"),
    Way("subprotocol without key", subprotocols=(SUBPROTOCOL,), says="No API key was presented"),
    Way("wrong in start", in_start="other", says="The API key is wrong"),
    Way("the start differs", f"Bearer {KEY}", in_start="other", says="present one", **TWICE),
    Way(
        "header and subprotocol",
        f"Bearer {KEY}",
        (SUBPROTOCOL, KEY),
        says="as a header or as a subprotocol, not both",
        **TWICE,
    ),
)


@pytest.mark.parametrize("way", GOOD, ids=lambda way: way.name)
async def test_good(scripted_server: ServerThread, way: Way) -> None:
    async with dial(scripted_server.websocket_url, **way.handshake) as ws:
        assert ws.subprotocol == (SUBPROTOCOL if way.subprotocols else None)
        await say(ws, [way.start, fox_audio(4_000), END])
        messages = await rest(ws)
    assert text(messages) == FOX
    assert messages[-1]["finished"] is True


@pytest.mark.parametrize("way", BAD, ids=lambda way: way.name)
async def test_bad(scripted_server: ServerThread, way: Way) -> None:
    async with dial(scripted_server.websocket_url, **way.handshake) as ws:
        assert ws.subprotocol == (SUBPROTOCOL if way.subprotocols else None), "browsers need it"
        await say(ws, [way.start])
        frame = await refusal(ws)
    assert (frame["error_code"], frame["error_type"]) == (way.code, way.error_type)
    assert way.says in frame["error_message"]
    assert KEY not in json.dumps(frame)
    assert "other" not in json.dumps(frame)


async def test_an_early_socket_with_a_bad_key_is_told(scripted_server: ServerThread) -> None:
    """Clients that open the socket long before they start learn of a bad key without starting."""
    async with dial(scripted_server.websocket_url, key="other") as ws:
        frame = await refusal(ws)
    assert frame["error_code"] == 401


async def test_a_bad_key_is_refused_before_the_start_is_judged(
    scripted_server: ServerThread,
) -> None:
    frame: Message
    (frame,) = await converse(scripted_server.websocket_url, [start(model="nova-3")], key="other")
    assert frame["error_code"] == 401


async def test_keepalives_need_no_key_but_audio_does(scripted_server: ServerThread) -> None:
    async with dial(scripted_server.websocket_url, key=None) as ws:
        await say(ws, [KEEPALIVE, KEEPALIVE, start()])
        frame = await refusal(ws)
    assert frame["error_code"] == 401
