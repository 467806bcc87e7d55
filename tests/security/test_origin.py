"""Pages of other origins: refused on WebSockets, whatever key they know."""

import asyncio
from typing import Any

import pytest
from starlette.datastructures import Headers

from oyez.server.origins import is_allowed, is_loopback_name, normal_origin
from oyez.server.settings import Settings
from server.rest.conftest import Start
from server.rest.test_stream_keys import temporary
from server.wire import END, FOX, KEY, converse, dial, fox_audio, rest, start, text

EVIL = "https://evil.example"
GOOD = "https://captions.example"
SPEECH = fox_audio(4_000)


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "127.0.0.1:8484", True),
        ("http://127.0.0.1:8484", "127.0.0.1:8484", True),
        ("http://localhost:3000", "127.0.0.1:8484", True),
        ("https://app.localhost", "localhost:8484", True),
        ("http://[::1]:8484", "localhost:8484", True),
        (GOOD, "127.0.0.1:8484", True),
        ("HTTPS://Captions.Example", "127.0.0.1:8484", True),
        (EVIL, "127.0.0.1:8484", False),
        ("http://127.0.0.1.evil.example", "127.0.0.1:8484", False),
        ("http://localhost.evil.example", "localhost:8484", False),
        ("http://evil.example:8484", "evil.example:8484", False),  # DNS rebinding
        ("http://localhost:8484", "evil.example:8484", False),
        ("https://captions.example.evil.example", "127.0.0.1:8484", False),
        ("https://captions.example:444", "127.0.0.1:8484", False),
        ("http://captions.example", "127.0.0.1:8484", False),
        ("null", "127.0.0.1:8484", False),
        ("", "127.0.0.1:8484", False),
        ("file://", "127.0.0.1:8484", False),
        ("file://localhost", "127.0.0.1:8484", False),
        ("chrome-extension://abc", "127.0.0.1:8484", False),
        ("http://[", "127.0.0.1:8484", False),
        ("http://127.0.0.1:x", "127.0.0.1:8484", False),
        ("http://localhost", "[", False),
        ("http://localhost", "", False),
        ("http://user@127.0.0.1", "127.0.0.1", True),
        ("http://127.0.0.1@evil.example", "127.0.0.1", False),
    ],
)
def test_which_pages_may_use_a_server_on_loopback(
    origin: str | None, host: str, allowed: bool
) -> None:
    settings = Settings(api_key="k", allowed_origins=(GOOD,))
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert is_allowed(Headers(headers), settings) is allowed


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("https://stt.example", "stt.example", True),
        ("https://stt.example:8443", "stt.example", True),
        ("http://192.168.1.5:3000", "192.168.1.5:8484", True),
        ("https://STT.example", "stt.example:8484", True),
        (EVIL, "stt.example", False),
        ("https://a.stt.example", "stt.example", False),
        ("https://stt.example", "", False),
        ("http://localhost", "stt.example", False),
    ],
)
def test_which_pages_may_use_a_server_for_others(origin: str, host: str, allowed: bool) -> None:
    settings = Settings(api_key="k", host="0.0.0.0")
    assert is_allowed(Headers({"host": host, "origin": origin}), settings) is allowed


def test_a_star_is_every_page() -> None:
    settings = Settings(api_key="k", allowed_origins=("*",))
    assert is_allowed(Headers({"host": "x", "origin": EVIL}), settings)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://Captions.Example/", GOOD),
        ("https://captions.example:443", GOOD),
        ("http://a.example:80", "http://a.example"),
        ("http://a.example:8080", "http://a.example:8080"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        (" null ", "null"),
        ("*", "*"),
    ],
)
def test_origins_as_people_write_them(given: str, normal: str) -> None:
    assert normal_origin(given) == normal


@pytest.mark.parametrize(
    "given",
    [
        "",
        "captions.example",
        "https://",
        "https://a.example/x",
        "https://a.example?x",
        "https://[",
        "https://u@a.example",
        "https://a.example:x",
        "*.example",
    ],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"origin|Invalid|[Pp]ort"):
        normal_origin(given)


def test_names_of_this_machine() -> None:
    for name in ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"):
        assert is_loopback_name(name)
    for name in ("", "0.0.0.0", "localhost.example", "127.0.0.1.example", "10.0.0.1"):
        assert not is_loopback_name(name)


def refused(messages: list[Any]) -> None:
    (frame,) = messages
    assert (frame["error_code"], frame["error_type"]) == (403, "permission_denied")
    assert "origin" in frame["error_message"]
    assert EVIL not in frame["error_message"]


async def test_a_foreign_page_is_refused_in_a_frame_that_it_can_read(start_server: Start) -> None:
    server = start_server(allowed_origins=(GOOD,))
    url = server.websocket_url
    key = temporary(server, single_use=True)
    foreign: dict[str, Any] = {"headers": {"Origin": EVIL}}
    refused(await converse(url, [start(), SPEECH, END], **foreign))
    refused(await converse(url, [start(api_key=KEY)], key=None, **foreign))
    refused(
        await converse(url, [start()], key=None, subprotocols=["soniox-api-key", key], **foreign)
    )
    refused(await converse(url, [start()], key="wrong", **foreign))
    async with dial(url, **foreign) as silent, asyncio.timeout(15):
        refused(await rest(silent))
    assert server.hub.stream_count == 0
    # The key that it tried is as good as before.
    allowed = await converse(url, [start(), SPEECH, END], key=key, headers={"Origin": GOOD})
    assert text(allowed) == FOX


async def test_pages_of_this_machine_and_programs_are_let_in(start_server: Start) -> None:
    url = start_server().websocket_url
    for origin in ("http://localhost:3000", "http://127.0.0.1", None):
        headers = {} if origin is None else {"Origin": origin}
        assert text(await converse(url, [start(), SPEECH, END], headers=headers)) == FOX
