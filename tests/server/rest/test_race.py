"""One single-use key, two hundred clients at the same moment, several processes: one stream."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from oyez.store.opening import open_store
from server.wire import END, FOX, KEY, Message, dial, fox_audio, rest, say, start, text
from store.postgres import running

PROCESSES = 3
CLIENTS = 200
READY_S = 60


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A database of a PostgreSQL server that was started for this."""
    with running() as server:
        yield server.create("race")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: Any, tmp_path: Path, tables: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(tables, tmp_path / 'race.db')}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@contextmanager
def server_process(database: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "oyez", "serve", "--port", "0", "--model", "scripted"],
        env={**os.environ, "OYEZ_API_KEY": KEY, "OYEZ_DATABASE_URL": database},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=READY_S)


def address(process: "subprocess.Popen[str]") -> str:
    """Where a server listens, once it says so."""
    assert process.stdout is not None
    for line in process.stdout:
        if "OYEZ_BASE_URL=ws://" in line:
            return line.strip().partition("ws://")[2]
    pytest.fail("the server did not start")


def made_by(server: str) -> str:
    """A new single-use key."""
    asked = {"usage_type": "transcribe_websocket", "expires_in_seconds": 60, "single_use": True}
    made = httpx.post(
        f"http://{server}/v1/auth/temporary-api-key",
        json=asked,
        headers={"Authorization": f"Bearer {KEY}"},
    )
    key: str = made.json()["api_key"]
    return key


async def compete(
    url: str, barrier: asyncio.Barrier, key: str, *, in_header: bool
) -> list[Message]:
    async with dial(url, key=key if in_header else None, open_timeout=READY_S) as ws:
        await barrier.wait()
        await say(ws, [start(api_key=None if in_header else key), fox_audio(4_000), END])
        return await rest(ws)


async def test_exactly_one_of_two_hundred_wins(url: str) -> None:
    open_store(url).close()
    with ExitStack() as servers:
        processes = [servers.enter_context(server_process(url)) for _ in range(PROCESSES)]
        addresses = [await asyncio.to_thread(address, process) for process in processes]
        key = made_by(addresses[0])
        barrier = asyncio.Barrier(CLIENTS)
        tasks = []
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                url_of_one = f"ws://{addresses[number % PROCESSES]}/"
                # Half of the keys are known before the start, half are asked about at the start.
                competing = compete(url_of_one, barrier, key, in_header=number % 2 == 0)
                tasks.append(group.create_task(competing))
    told = [task.result() for task in tasks]
    winners = [messages for messages in told if messages[-1].get("finished")]
    assert [text(messages) for messages in winners] == [FOX]
    errors = Counter(messages[-1]["error_type"] for messages in told if messages not in winners)
    assert errors == {"unauthenticated": CLIENTS - 1}
