"""A client without an SDK: frames in, frames out; and audio for the scripted engine."""

import json
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK
from websockets.typing import Subprotocol

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio

KEY = "test-key"
FOX = "The quick brown fox jumps over the lazy dog."
"""What the scripted engine hears, once every four seconds."""
BYTES_PER_MS = 32
KEEPALIVE = '{"type":"keepalive"}'
FINALIZE = '{"type":"finalize"}'
END = ""

Message = dict[str, Any]

ERROR_KEYS = ["tokens", "error_code", "error_type", "error_message", "request_id", "more_info"]


def start(**changes: Any) -> str:
    """A start message for raw 16 kHz audio; changes to None take a field out."""
    fields = {
        "model": "stt-rt-v5",
        "audio_format": "pcm_s16le",
        "sample_rate": 16_000,
        "num_channels": 1,
    } | changes
    return json.dumps({name: value for name, value in fields.items() if value is not None})


@cache
def fox_audio(duration_ms: int) -> bytes:
    """Raw 16-bit audio in which the scripted engine hears `FOX` every four seconds."""
    samples = script_audio(DEFAULT_SCRIPT, duration_ms, period_ms=DEFAULT_PERIOD_MS)
    return (samples * 32_767).astype(np.int16).tobytes()


def pieces(audio: bytes, size: int) -> list[bytes]:
    return [audio[position : position + size] for position in range(0, len(audio), size)]


def script(*parts: str | bytes | list[bytes]) -> list[str | bytes]:
    """Frames to send, from frames and lists of frames."""
    return [frame for part in parts for frame in (part if isinstance(part, list) else [part])]


@asynccontextmanager
async def dial(
    url: str,
    *,
    key: str | None = KEY,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
    **options: Any,
) -> AsyncIterator[ClientConnection]:
    """Open a socket; the key goes into the header."""
    sent = dict(headers or {})
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    async with connect(
        url,
        additional_headers=sent,
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        compression=None,
        proxy=None,
        **options,
    ) as ws:
        yield ws


async def say(ws: ClientConnection, frames: Iterable[str | bytes]) -> None:
    """Send frames; a server that has closed already hears no more of them."""
    with suppress(ConnectionClosedOK):
        for frame in frames:
            await ws.send(frame)


async def rest(ws: ClientConnection) -> list[Message]:
    """Everything the server says until it closes the socket, well."""
    messages = [json.loads(frame) async for frame in ws]
    assert ws.close_code == 1000
    return messages


async def converse(url: str, frames: Iterable[str | bytes], **options: Any) -> list[Message]:
    """Say all frames, then listen to the end."""
    async with dial(url, **options) as ws:
        await say(ws, frames)
        return await rest(ws)


async def refusal(ws: ClientConnection) -> Message:
    """The one error frame with which the server ends the stream."""
    *_, frame = await rest(ws)
    check_error(frame)
    return frame


def check_error(frame: Message) -> None:
    assert list(frame) == ERROR_KEYS
    assert frame["tokens"] == []
    assert type(frame["error_code"]) is int
    assert str(uuid.UUID(frame["request_id"])) == frame["request_id"]
    assert frame["more_info"].startswith(("http://127.0.0.1:", "http://peer.test/"))
    assert frame["more_info"].endswith("/errors#" + frame["error_type"].replace("_", "-"))
    assert frame["error_message"].endswith(".")


def finals(messages: Iterable[Message]) -> list[Message]:
    return [token for message in messages for token in message["tokens"] if token["is_final"]]


def text(messages: Iterable[Message]) -> str:
    """The final text, markers included."""
    return "".join(token["text"] for token in finals(messages))
