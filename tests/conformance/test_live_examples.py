"""The programs in examples/ that listen to something live, or write files, on real speech."""

import asyncio
import os
import re
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from audio.media import RECIPES, encode
from engines import speech
from oyez.server.run import ServerThread

from .sdks import KEY

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = {"audio/mpeg": "mp3-libmp3lame-live", "application/ogg": "ogg-libopus-live"}
"""What stations send, and the recipe of it. One file of Ogg after the other is how they do it."""
TIMEOUT_S = 60.0
pytestmark = pytest.mark.real

FAKE_MICROPHONE = """
import runpy, sys
from conformance import fake_sounddevice
sys.modules["sounddevice"] = fake_sounddevice
runpy.run_path(sys.argv[1], run_name="__main__")
"""


class Station:
    """A radio station: it sends the same program for ever, at twice the pace of speech.

    Args:
        media_type: Of the program. Who tunes in to MP3 does so in the middle of a frame.
    """

    PACE = 2.0
    PROGRAM_S = 10.0

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        self.program = program(media_type)
        self.listeners = 0
        self.lose_next_after_s: float | None = None
        """When to hang up on the next listener, by the program's clock."""
        self.has_closed = threading.Event()

    def broadcast(self, handler: BaseHTTPRequestHandler) -> None:
        """Send to one listener until it hangs up, or is to be lost."""
        self.listeners += 1
        lose_after_s, self.lose_next_after_s = self.lose_next_after_s, None
        handler.send_response(200)
        handler.send_header("Content-Type", self.media_type)
        handler.end_headers()
        began = time.monotonic()
        sent = 1_234 if self.media_type == "audio/mpeg" else 0
        while not self.has_closed.wait(0.05):
            played_s = (time.monotonic() - began) * self.PACE
            if lose_after_s is not None and played_s >= lose_after_s:
                return
            due = int(played_s / self.PROGRAM_S * len(self.program))
            while sent < due:
                place = sent % len(self.program)
                piece = self.program[place : place + due - sent]
                handler.wfile.write(piece)
                sent += len(piece)


@cache
def program(media_type: str) -> bytes:
    """Beckett, ten seconds long."""
    recipe = next(recipe for recipe in RECIPES if str(recipe) == PROGRAMS[media_type])
    return encode(recipe, speech.sample("beckett.wav"))


@contextmanager
def on_the_air(media_type: str = "audio/mpeg") -> Iterator[tuple[Station, str]]:
    """Run a station; also its address."""
    station = Station(media_type)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                station.broadcast(self)
            except ConnectionError:
                return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="station")
        thread.start()
        try:
            yield station, f"http://127.0.0.1:{server.server_port}/live"
        finally:
            station.has_closed.set()
            server.shutdown()
            thread.join()


@asynccontextmanager
async def running(
    *arguments: object, server: ServerThread, **environment: object
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python program that finds the server in its environment."""
    known = {"OYEZ_API_KEY": KEY, "OYEZ_BASE_URL": server.websocket_url, **environment}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(str(argument) for argument in arguments),
        env=os.environ | {name: str(value) for name, value in known.items()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def heard_until(process: asyncio.subprocess.Process, words: str) -> list[str]:
    """The words of the lines that a program prints, up to a line with these, in lower case."""
    assert process.stdout
    lines: list[str] = []
    async with asyncio.timeout(TIMEOUT_S):
        while not lines or words not in lines[-1]:
            line = await process.stdout.readline()
            assert line, (lines, await process.communicate())
            lines.append(" ".join(re.findall(r"\w+", line.decode().lower())))
    return lines


async def rest_of(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    """Its exit status and the rest of what it prints and complains."""
    async with asyncio.timeout(TIMEOUT_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("media_type", PROGRAMS)
async def test_radio_is_read_while_it_plays_and_ctrl_c_brings_the_last_words(
    server: ServerThread, media_type: str
) -> None:
    with on_the_air(media_type) as (station, url):
        async with running(EXAMPLES / "radio.py", url, server=server) as process:
            heard = await heard_until(process, "no matter")
            assert process.returncode is None, "the station is still on the air"
            process.send_signal(signal.SIGINT)
            code, rest, err = await rest_of(process)
    assert (code, err) == (0, "")
    assert heard == ["ever tried", "ever failed", "no matter"]
    assert "<" not in rest
    assert station.listeners == 1


async def test_radio_goes_on_when_the_station_is_back(server: ServerThread) -> None:
    with on_the_air() as (station, url):
        station.lose_next_after_s = 3.0
        async with running(EXAMPLES / "radio.py", url, server=server) as process:
            first = await heard_until(process, "ever tried")
            second = await heard_until(process, "no matter")
            process.send_signal(signal.SIGINT)
            code, _, err = await rest_of(process)
    assert (code, err) == (0, "")
    assert len(first) == 1
    assert second[-3:] == ["ever tried", "ever failed", "no matter"]
    assert station.listeners == 2


async def test_radio_says_when_there_is_no_station(server: ServerThread) -> None:
    nowhere = "http://127.0.0.1:1/live"
    async with running(EXAMPLES / "radio.py", nowhere, server=server) as process:
        assert process.stderr
        async with asyncio.timeout(TIMEOUT_S):
            line = await process.stderr.readline()
        assert process.returncode is None
        process.send_signal(signal.SIGINT)
        code, out, _ = await rest_of(process)
    assert line.startswith(b"[ConnectError: ")
    assert (code, out) == (0, "")


async def test_radio_ends_when_the_key_is_wrong(server: ServerThread) -> None:
    with on_the_air() as (_, url):
        radio = running(EXAMPLES / "radio.py", url, server=server, OYEZ_API_KEY="other")
        async with radio as process:
            code, out, err = await rest_of(process)
    assert (code, out) == (1, "")
    assert "Set OYEZ_API_KEY" in err


async def test_the_microphone_is_transcribed_and_ctrl_c_brings_the_last_words(
    server: ServerThread, beckett_path: Path
) -> None:
    microphone = running(
        "-c",
        FAKE_MICROPHONE,
        EXAMPLES / "microphone.py",
        server=server,
        FAKE_MICROPHONE=beckett_path,
        PYTHONPATH=Path(__file__).parents[1],
    )
    async with microphone as process:
        heard = await heard_until(process, "ever tried")
        await asyncio.sleep(1)
        assert process.returncode is None
        process.send_signal(signal.SIGINT)
        code, rest, err = await rest_of(process)
    assert (code, err) == (0, "")
    assert heard == ["ever tried"]
    assert rest.lower().startswith("ever"), "said before Ctrl-C"


@pytest.mark.parametrize(
    ("suffix", "first"),
    [
        (".srt", r"1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nEver tried"),
        (".vtt", r"WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\nEver tried"),
    ],
)
async def test_captions_are_written(
    server: ServerThread, tmp_path: Path, suffix: str, first: str
) -> None:
    recording, captions = tmp_path / "talk.mp3", tmp_path / f"talk{suffix}"
    recording.write_bytes(program("audio/mpeg"))
    script = EXAMPLES / "captions.py"
    async with running(script, recording, captions, server=server) as process:
        assert await rest_of(process) == (0, "", "")
    text = captions.read_text(encoding="utf-8")
    assert re.match(first, text)
    ends_ms = [_ms(match) for match in re.findall(r"--> (\S+)", text)]
    assert len(ends_ms) >= 3
    assert ends_ms == sorted(ends_ms)
    assert ends_ms[-1] <= 11_000
    assert max(map(len, text.splitlines())) <= 42
    assert "<end>" not in text


def _ms(clock: str) -> int:
    hours, minutes, seconds, ms = (int(part) for part in re.split(r"[:.,]", clock))
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms
