"""Audio that is wrong, and refusals through all SDKs: one error that says what to do, then 1000.

The start message and control messages are in `scenarios`.
"""

import asyncio
import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import soniox.errors
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

import oyez
from oyez.server.run import ServerThread
from server.wire import (
    END,
    FINALIZE,
    KEY,
    check_error,
    converse,
    dial,
    fox_audio,
    refusal,
    say,
    start,
)

from .sdks import Sdk

NOISE = bytes(range(1, 256)) * 40
BAD_WAV = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + bytes(16) + NOISE
GOOD_WAV = (
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data"
    b"\xff\xff\xff\xff" + NOISE
)
AUTO: dict[str, Any] = {"audio_format": "auto", "sample_rate": None, "num_channels": None}


@dataclass(frozen=True)
class Bad:
    """Frames that end in an error, and what the error must mention."""

    name: str
    frames: tuple[str | bytes, ...]
    says: tuple[str, ...]
    error_type: str = "invalid_request"
    code: int = 400


BAD_INPUT = (
    Bad("noise as auto", (start(**AUTO), NOISE), ("not recognised", "send WAV, MP3")),
    Bad(
        "short noise as auto", (start(**AUTO), b"\1\2\3", END), ("not recognised", "send WAV, MP3")
    ),
    Bad("text as auto", (start(**AUTO), b"This is not audio at all."), ("not recognised",)),
    Bad("noise as wav", (start(**AUTO | {"audio_format": "wav"}), NOISE), ("WAV",)),
    Bad("broken wav", (start(**AUTO), BAD_WAV), ("WAV",)),
    Bad("noise as mp3", (start(**AUTO | {"audio_format": "mp3"}), NOISE, END), ("MP3",)),
    Bad("noise behind a tag", (start(**AUTO), b"ID3\4\0\0\0\0\0\0" + NOISE, END), ("MP3",)),
    Bad("wav as mp3", (start(**AUTO | {"audio_format": "mp3"}), GOOD_WAV), ("MP3", "WAV", "'wav'")),
    Bad("no audio", (start(), END), ("No audio was received",)),
    Bad("empty audio", (start(), b"", b"", END), ("No audio was received",)),
    Bad("half a sample", (start(), b"\1", END), ("No audio was received",)),
)


@pytest.mark.parametrize("bad", BAD_INPUT, ids=lambda bad: bad.name)
async def test_raw(scripted_server: ServerThread, bad: Bad) -> None:
    messages = await converse(scripted_server.websocket_url, bad.frames)
    assert len(messages) == 1, "one frame, nothing before it"
    (frame,) = messages
    check_error(frame)
    assert (frame["error_code"], frame["error_type"]) == (bad.code, bad.error_type)
    for words in bad.says:
        assert words in frame["error_message"]
    assert scripted_server.hub.stream_count == 0


async def test_every_problem_is_named_at_once(scripted_server: ServerThread) -> None:
    message = start(model="nova-3", sample_rate=None, language_hints=["xx"])
    (frame,) = await converse(scripted_server.websocket_url, [message])
    assert frame["error_type"] == "model_not_available"
    for words in ("nova-3", "sample_rate", "'xx'"):
        assert words in frame["error_message"]


async def test_more_info_leads_to_what_the_error_means(scripted_server: ServerThread) -> None:
    (frame,) = await converse(scripted_server.websocket_url, ["hello"])
    page, anchor = frame["more_info"].split("#")
    response = await asyncio.to_thread(httpx.get, page)
    assert response.status_code == 200
    assert f'id="{anchor}"' in response.text


# Through the SDKs.


@dataclass(frozen=True)
class Refused:
    """A session that the server refuses, and how our SDK calls that."""

    name: str
    config: dict[str, Any]
    audio: bytes
    says: tuple[str, ...]
    kind: type[oyez.OyezServerError] = oyez.OyezInvalidRequestError
    error_type: str = "invalid_request"
    code: int = 400
    key: str = KEY


RAW: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}

REFUSED = (
    Refused(
        "unknown model",
        {"model": "nova-3"},
        b"",
        ("nova-3", "Choose a model", "stt-rt-v5"),
        oyez.OyezModelNotAvailableError,
        "model_not_available",
    ),
    Refused(
        "async model",
        {"model": "stt-async-v5"},
        b"",
        ("transcribes files", "stt-rt-v5"),
        oyez.OyezModelNotAvailableError,
        "model_not_available",
    ),
    Refused(
        "wrong key",
        {},
        b"",
        ("The API key is wrong", "Set OYEZ_API_KEY", "api_key="),
        oyez.OyezAuthenticationError,
        "unauthenticated",
        401,
        key="another-key",
    ),
    Refused("noise", {}, NOISE, ("not recognised", "send WAV, MP3", "open a new session")),
    Refused("wav as mp3", {"audio_format": "mp3"}, GOOD_WAV, ("MP3", "WAV", "'wav'")),
    Refused("no audio", RAW, b"", ("No audio was received",)),
    Refused("unknown hint", {"language_hints": ["xx"]}, b"", ("'xx'", "use a code such as en")),
    Refused(
        "translation",
        {"translation": {"type": "one_way", "target_language": "de"}},
        b"",
        ("does not support `translation`", "leave the field out"),
    ),
)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
async def test_through_the_sdks(sdk: Sdk, scripted_server: ServerThread, refused: Refused) -> None:
    config = dict(refused.config)
    if "translation" in config:
        config["translation"] = sdk.types.TranslationConfig(**config["translation"])
    session = sdk.connect(scripted_server.websocket_url, key=refused.key, **config)
    async with session:
        # A refusal may be quicker: the official SDK then fails to send, and can still be read.
        with suppress(soniox.errors.SonioxRealtimeError):
            if refused.audio:
                await session.send_byte_chunk(refused.audio)
            elif refused.name == "no audio":
                await session.finish()
        if sdk.is_ours:
            with pytest.raises(oyez.OyezServerError) as caught:
                await session.receive_event()
            facts: Any = caught.value
            assert type(facts) is refused.kind
            for words in refused.says:
                assert words in str(facts)
            with pytest.raises(refused.kind):
                await session.receive_event()
        else:
            (facts,) = [event async for event in session.receive_events()]
            assert refused.says[0] in facts.error_message
        assert (facts.error_code, facts.error_type) == (refused.code, refused.error_type)
        assert facts.request_id
        assert await session.recv_bytes() == b""
        assert session._ws.close_code == 1000


def test_what_the_sdks_refuse_themselves(sdk: Sdk) -> None:
    for missing in ("sample_rate", "num_channels"):
        config = {name: value for name, value in RAW.items() if name != missing}
        with pytest.raises(ValueError, match=missing):
            sdk.connect("ws://127.0.0.1:1/", **config)


@pytest.mark.parametrize("client", [oyez.OyezClient, oyez.AsyncOyezClient])
def test_ours_says_which_field_is_missing(client: Any) -> None:
    stt = client(api_key=KEY).realtime.stt
    with pytest.raises(oyez.OyezValidationError, match="sample_rate"):
        stt.connect(config={"audio_format": "pcm_s16le", "num_channels": 1})


# Whoever is still talking hears the answer.

MEGABYTES = 12


class Deaf:
    """A client on a plain socket that says all it has before it reads."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        request = self._protocol.connect()
        request.headers["Authorization"] = f"Bearer {key}"
        self._protocol.send_request(request)
        for data in self._protocol.data_to_send():
            self._socket.sendall(data)
        self._events: list[object] = []
        while not self._events:
            self._protocol.receive_data(self._socket.recv(4096))
            self._events += self._protocol.events_received()

    def say(self, frame: str | bytes) -> None:
        opcode = Opcode.TEXT if isinstance(frame, str) else Opcode.BINARY
        data = frame.encode() if isinstance(frame, str) else frame
        self._socket.sendall(Frame(opcode, data).serialize(mask=True))

    def listen(self) -> list[Frame]:
        """Read until the server has closed the connection; a reset raises."""
        with self._socket:
            for answer in self._protocol.data_to_send():
                self._socket.sendall(answer)
            while data := self._socket.recv(65_536):
                self._protocol.receive_data(data)
                if self._protocol.close_rcvd is not None:
                    for answer in self._protocol.data_to_send():
                        self._socket.sendall(answer)
        self._events += self._protocol.events_received()
        response, *frames = self._events
        assert isinstance(response, Response)
        assert response.status_code == 101
        return [frame for frame in frames if isinstance(frame, Frame)]


@pytest.mark.parametrize(
    ("key", "first", "error_type"),
    [
        ("another-key", [start()], "unauthenticated"),
        (KEY, [start(model="nova-3")], "model_not_available"),
        (KEY, [start(sample_rate=None)], "invalid_request"),
        (KEY, [], "invalid_request"),
        (KEY, [start(**AUTO)], "invalid_request"),
        (KEY, [start(), '{"type":"pause"}'], "invalid_request"),
    ],
    ids=["key", "model", "rate", "no start", "noise", "control"],
)
async def test_a_flood_does_not_drown_the_answer(
    scripted_server: ServerThread, key: str, first: list[str], error_type: str
) -> None:
    def flood() -> list[Frame]:
        client = Deaf(scripted_server.websocket_url, key)
        for text in first:
            client.say(text)
        piece = os.urandom(64) * 1024
        for _ in range(MEGABYTES * 16):
            client.say(piece)
        client.say(END)
        return client.listen()

    *frames, closing = await asyncio.to_thread(flood)
    assert [frame.opcode for frame in frames] == [Opcode.TEXT]
    message = json.loads(bytes(frames[0].data))
    check_error(message)
    assert message["error_type"] == error_type
    assert closing.opcode is Opcode.CLOSE
    assert closing.data[:2] == (1000).to_bytes(2, "big")


async def test_a_broken_stream_ends_after_what_was_heard(scripted_server: ServerThread) -> None:
    """An error in mid-stream does not swallow the results before it."""
    async with dial(scripted_server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(4_000), FINALIZE])
        heard = ""
        while "<fin>" not in heard:
            message = json.loads(await ws.recv())
            heard += "".join(token["text"] for token in message["tokens"] if token["is_final"])
        await ws.send("nonsense")
        frame = await refusal(ws)
    assert "lazy dog." in heard
    assert frame["error_type"] == "invalid_request"
