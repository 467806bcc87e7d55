"""Sync sessions and several threads, and Ctrl-C."""

import asyncio
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import pytest

from oyez import OyezClient
from oyez.protocol.messages import Audio, ClientKind, Finished
from oyez.types import RealtimeEvent, SessionTimings, Utterance

from .canned import CannedServer, FrozenServer, results
from .conftest import KEY, OpenSession
from .test_shells import connect

THREADS = 8
FRAMES = 150


def test_frames_of_many_threads_stay_whole_ordered_and_complete(server: CannedServer) -> None:
    server.script = {ClientKind.END: [Finished(0)]}

    def send(sender: int) -> None:
        sizes = random.Random(sender)
        for number in range(FRAMES):
            size = sizes.choice([0, 1, 300, 70_000])
            session.send_byte_chunk(bytes([sender, number]) + bytes([sender]) * size)
            if number % 10 == 0:
                session.finalize()

    with connect(server) as session:
        threads = [threading.Thread(target=send, args=(sender,)) for sender in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.finish()
        assert [event.finished for event in session.receive_events()] == [True]
        assert session.account().audio_bytes_sent == len(server.peer.audio)

    numbers = defaultdict(list)
    for message in server.peer.heard:
        if isinstance(message, Audio):
            sender, number = message.data[:2]
            assert set(message.data[2:]) <= {sender}
            numbers[sender].append(number)
    assert numbers == {sender: list(range(FRAMES)) for sender in range(THREADS)}
    assert server.peer.kinds().count(ClientKind.FINALIZE) == THREADS * FRAMES / 10


async def test_frames_of_many_tasks_stay_whole_ordered_and_complete(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.END: [Finished(0)]}

    async def send(sender: int) -> None:
        for number in range(40):
            await session.send_byte_chunk(bytes([sender, number]) + bytes([sender]) * 9_000)

    async with open_session(server.base_url) as session:
        await asyncio.gather(*map(send, range(THREADS)))
        await session.finish()
        assert [event.finished async for event in session.receive_events()] == [True]
    numbers = defaultdict(list)
    for message in server.peer.heard:
        if isinstance(message, Audio):
            sender, number = message.data[:2]
            assert message.data[2:] == bytes([sender]) * 9_000
            numbers[sender].append(number)
    assert numbers == {sender: list(range(40)) for sender in range(THREADS)}


@pytest.mark.parametrize("iterate", ["receive_events", "receive_utterances"])
def test_close_from_another_thread_ends_the_iterator(server: CannedServer, iterate: str) -> None:
    server.script = {ClientKind.START: [results("a", is_final=True)]}
    seen: list[RealtimeEvent | Utterance] = []
    with connect(server) as session:
        receiver = threading.Thread(target=lambda: seen.extend(getattr(session, iterate)()))
        receiver.start()
        while session.last_message is None:
            time.sleep(0.001)
        session.close()
        receiver.join(20)
        assert not receiver.is_alive()
    assert len(seen) == (1 if iterate == "receive_events" else 0)


async def test_leaving_on_an_exception_closes_within_a_bound(
    frozen: Callable[..., FrozenServer], open_session: OpenSession
) -> None:
    timings = SessionTimings(close_timeout_sec=0.1)
    began = time.monotonic()
    with pytest.raises(KeyError):
        async with open_session(frozen(shakes_hands=True).base_url, timings=timings) as session:
            raise KeyError
    assert time.monotonic() - began < 10
    assert not session.is_open


def test_leaving_does_not_wait_for_a_ping_that_hangs(
    frozen: Callable[..., FrozenServer],
) -> None:
    timings = SessionTimings(
        send_timeout_sec=30, close_timeout_sec=0.1, ping_interval_sec=0.05, ping_timeout_sec=30
    )
    with connect(frozen(shakes_hands=True), timings=timings) as session:
        sock = session._ws.socket  # type: ignore[union-attr]
        sock.settimeout(0)
        while True:  # nothing that follows fits, pings included
            try:
                sock.send(bytes(1024))
            except BlockingIOError:
                break
        sock.settimeout(30)
        time.sleep(0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 10


PROGRAM = """
import sys, time
from oyez import OyezClient
client = OyezClient(api_key="k", base_url=sys.argv[1])
began = None
try:
    with client.realtime.stt.connect(config={}) as session:
        print("entered", flush=True)
        ACTION
except KeyboardInterrupt:
    print("interrupted", session.is_open, flush=True)
"""


@pytest.mark.parametrize(
    "action",
    [
        "list(session.receive_events())",
        "session.send_bytes(bytes(64_000_000))",
        "list(session.receive_utterances())",
    ],
)
def test_ctrl_c_ends_a_program_that_waits(frozen: Callable[..., FrozenServer], action: str) -> None:
    url = frozen(shakes_hands=True).base_url
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("ACTION", action), url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "entered\n"
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("interrupted False\n", "", 0)
    assert time.monotonic() - began < 10


def test_a_client_is_shared_by_threads(server: CannedServer) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    client = OyezClient(api_key=KEY, base_url=server.base_url)
    ended = []

    def talk() -> None:
        with client.realtime.stt.connect(config={}) as session:
            session.send_bytes(b"x")
            ended.append([event.finished for event in session.receive_events()])

    threads = [threading.Thread(target=talk) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [[True]] * THREADS
