"""Everything at once, and an engine that cannot keep up or fails."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from oyez.engines.base import Recognizer
from oyez.engines.scripted import DEFAULT_SCRIPT, ScriptedRecognizer
from oyez.protocol.messages import ClientMessage
from oyez.server.inbox import Inbox
from oyez.session.inlet import Heard
from oyez.session.session import Session

from .conftest import Serve
from .parties import eventually, slow_engine
from .wire import (
    END,
    FOX,
    converse,
    dial,
    fox_audio,
    pieces,
    refusal,
    rest,
    say,
    script,
    start,
    text,
)


async def test_ten_minutes_at_once(
    serve: Serve, recognizer: ScriptedRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file comes faster than it is read: the socket waits, nothing piles up or is lost."""
    peaks = {"pending": 0, "backlog_ms": 0, "buffered": 0}

    class WatchedInbox(Inbox):
        def put(self, message: ClientMessage) -> None:
            super().put(message)
            peaks["pending"] = max(peaks["pending"], self._bytes)

    class WatchedSession(Session):
        def hear(self, heard: Heard) -> None:
            super().hear(heard)
            peaks["backlog_ms"] = max(peaks["backlog_ms"], self.backlog_ms)
            peaks["buffered"] = max(peaks["buffered"], self._buffer.end - self._buffer.start)

    monkeypatch.setattr("oyez.server.conversation.Inbox", WatchedInbox)
    monkeypatch.setattr("oyez.server.opening.Session", WatchedSession)
    server = serve()
    settings = server._settings
    minutes = 10
    audio = fox_audio(minutes * 60_000)
    async with dial(server.websocket_url) as ws:
        sending = asyncio.create_task(say(ws, script(start(), pieces(audio, 64 * 1024), END)))
        messages = await rest(ws)
        await sending
    assert text(messages).replace(".The", ". The") == " ".join([FOX] * (minutes * 15))
    assert messages[-1]["total_audio_proc_ms"] == minutes * 60_000
    assert peaks["pending"] <= settings.max_pending_bytes + 64 * 1024
    assert peaks["backlog_ms"] <= settings.max_backlog_ms + 1_100
    assert peaks["buffered"] <= 60 * 16_000


async def test_a_whole_file_in_one_message(serve: Serve) -> None:
    server = serve()
    messages = await converse(server.websocket_url, [start(), fox_audio(500_000), END])
    assert text(messages).count(" lazy dog.") == 125


async def test_a_message_that_is_too_large_ends_the_stream_only(serve: Serve) -> None:
    server = serve(max_message_bytes=100_000)
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(4_000)])
        with pytest.raises(ConnectionClosedError, match="1009"):
            await rest(ws)
    await eventually(lambda: server.hub.stream_count == 0)
    frames = script(start(), pieces(fox_audio(4_000), 50_000), END)
    assert text(await converse(server.websocket_url, frames)) == FOX


async def test_a_recognizer_that_cannot_keep_up_skips_guesses_only(serve: Serve) -> None:
    """Words come later under load, but they are the same words."""
    server = serve(slow_engine(0.05), workers=1)
    frames = script(start(), pieces(fox_audio(8_000), 3_840), END)
    talks = await asyncio.gather(*(converse(server.websocket_url, frames) for _ in range(4)))
    for messages in talks:
        assert text(messages) == f"{FOX} {FOX}"


class Failing(ScriptedRecognizer):
    """Fails from the second reading on."""

    def recognize(self, windows: Any) -> Any:
        if self.calls:
            raise RuntimeError("out of luck")
        return super().recognize(windows)


async def test_a_recognizer_that_fails_ends_the_stream_with_a_500(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    engine: Recognizer = Failing(DEFAULT_SCRIPT)
    server = serve(engine)
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(4_000), END])
        frame = await refusal(ws)
    assert (frame["error_code"], frame["error_type"]) == (500, "internal_error")
    assert "open a new session" in frame["error_message"]
    assert "luck" not in json.dumps(frame), "what happened is in the log"
    assert server.hub.stream_count == 0
