"""A real HTTP server that answers as it is told, and remembers what it was asked."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

MODEL: dict[str, Any] = {
    "id": "moonshine-tiny",
    "name": "Moonshine tiny",
    "context_version": None,
    "transcription_mode": "real_time",
    "languages": [{"code": "en", "name": "English"}],
    "supports_language_hints_strict": True,
    "translation_targets": [],
    "two_way_translation_pairs": [],
    "one_way_translation": None,
    "two_way_translation": None,
}
LIMITS: dict[str, Any] = {
    scope: {
        "current": {"transcribe_concurrent": 3, "tts_concurrent": 0},
        "limits": {"transcribe_concurrent": limit, "tts_concurrent": None},
    }
    for scope, limit in (("project", 10), ("organization", None))
}
_DAY_COSTS = ("cost_usd", "input_cost_usd", "output_cost_usd", "duration_cost_usd")
_DAY_COUNTS = (
    "num_requests",
    "input_text_tokens",
    "input_audio_tokens",
    "input_audio_duration_ms",
    "output_text_tokens",
    "output_audio_tokens",
    "output_audio_duration_ms",
    "duration_ms",
)


def usage_entry(model: str | None) -> dict[str, Any]:
    """One day's usage of a model."""
    return {
        "model": model,
        "days": ["2026-11-22"],
        **{name: ["0"] for name in _DAY_COSTS},
        **{f"total_{name}": "0" for name in _DAY_COSTS},
        **{name: [5] for name in _DAY_COUNTS},
        **{f"total_{name}": 5 for name in _DAY_COUNTS},
    }


SUMMARY = {"total": usage_entry(None), "models": [usage_entry("moonshine-tiny")]}
HISTORY = {
    "kind": "stt",
    "entries": [
        {
            "period_start": "2026-11-22T00:00:00Z",
            "period_sec": 3600,
            "sample_min": 0,
            "sample_max": 4,
            "sample_sum": 9,
            "sample_count": 3,
            "total_count": 60,
        }
    ],
}
KEY_MADE = {"api_key": "temp-secret", "expires_at": "2026-11-22T18:05:00.250000Z"}


def log_entry(name: str) -> dict[str, Any]:
    """One ended stream."""
    costs = ("", "input_", "input_text_", "input_audio_", "output_", "output_text_")
    return {
        "uuid": name,
        "request_scope": "public_api",
        "client_reference_id": "",
        "model": "moonshine-tiny",
        "start_time": "2026-11-22T17:00:00Z",
        "end_time": "2026-11-22T17:00:10Z",
        "input_text_tokens": 0,
        "input_audio_tokens": 0,
        "input_audio_duration_ms": 10_000,
        "output_text_tokens": 20,
        "output_audio_tokens": 0,
        "output_audio_duration_ms": 0,
        **{f"{name}cost_usd": "0" for name in (*costs, "output_audio_")},
    }


def page(names: str, cursor: str | None = None) -> "Reply":
    """A page of the usage logs, an entry for each letter."""
    return Reply({"usage_logs": [log_entry(name) for name in names], "next_page_cursor": cursor})


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What to answer."""

    content: Any
    """A str or bytes as they are, anything else as JSON."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drops: bool = False
    """Whether it comes a byte at a time, and has no end."""
    after_s: float = 0.0

    def response(self) -> Response:
        if self.drops:
            return StreamingResponse(_drops(), self.status, self.headers)
        is_text = isinstance(self.content, str | bytes)
        content = self.content if is_text else json.dumps(self.content)
        return Response(content, self.status, self.headers)


async def _drops() -> Any:
    while True:
        yield b" "
        await asyncio.sleep(0.05)


class RestServer:
    """Answers with `replies`, one after the other; the last one again and again."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.replies: list[Reply] = []
        self.asked: list[Asked] = []

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    def reset(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked = []

    async def answer(self, request: Request) -> Response:
        content = await request.body()
        self.asked.append(
            Asked(
                request.method,
                request.url.path,
                dict(request.query_params),
                dict(request.headers),
                json.loads(content) if content else None,
            )
        )
        reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
        await asyncio.sleep(reply.after_s)
        return reply.response()


@contextmanager
def rest_server() -> Iterator[RestServer]:
    """Run one on a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RestServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
    routes = [Route("/{path:path}", server.answer, methods=["GET", "POST"])]
    config = uvicorn.Config(
        Starlette(routes=routes), log_config=None, lifespan="off", timeout_graceful_shutdown=0
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([listener],), name="rest")
    thread.start()
    try:
        yield server
    finally:
        running.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive()


@contextmanager
def hanging_up(after_bytes: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """A listener that closes each connection after so many bytes; also how many there were."""
    count = 0

    def hang_up() -> None:
        nonlocal count
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                count += 1
                connection.settimeout(20)
                if after_bytes:
                    connection.recv(65_536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", lambda: count
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=20)
