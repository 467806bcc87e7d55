"""A peer as a process that hears audio at the pace of life."""

import json
import os
import queue
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil  # type: ignore[import-untyped]

from oyez.bench.audio import Sound
from oyez.bench.serving import Usage
from oyez.bench.streaming import CHUNK_S
from oyez.bench.views import View, view_of_texts

HEADER = struct.Struct("<cI")
READY_TIMEOUT_S = 120.0
ANSWER_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0


class PeerError(Exception):
    """A peer that ended, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A line that the peer wrote, and when it came."""

    at_s: float
    """On the clock of `time.perf_counter`."""
    final: str
    draft: str
    mark: str | None

    @property
    def text(self) -> str:
        """The whole transcript."""
        return f"{self.final} {self.draft}".strip()


@dataclass(slots=True)
class Playing:
    """What came of one clip; times in seconds since its first sample was spoken."""

    views: list[View] = field(default_factory=list)
    text: str = ""
    asked_s: float | None = None
    """When it was asked to make everything final."""
    answered_s: float | None = None
    """When it had done so."""


class PeerProcess:
    """A worker of `bench/peers/workers`; a context manager that waits until its model is loaded.

    Args:
        command: The program with its arguments.
    """

    def __init__(self, command: list[str]) -> None:
        began_s = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
        )
        self._name = Path(command[1]).stem
        self._usage = psutil.Process(self._process.pid)
        self._said: queue.SimpleQueue[Saying | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, name="bench-peer", daemon=True)
        self._listener.start()
        try:
            self._wait_for("ready", READY_TIMEOUT_S, [])
        except BaseException:
            self.stop()
            raise
        self.ready_s = time.perf_counter() - began_s
        """From the start of the process to a loaded model."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def usage(self) -> Usage:
        """Return what the process has used so far."""
        times = self._usage.cpu_times()
        rss_mb = self._usage.memory_info().rss / 1e6
        return Usage(time.perf_counter(), times.user + times.system, rss_mb)

    def play(self, sound: Sound, *, ask_at_s: float | None = None) -> Playing:
        """Play a sound at 16 kHz at real-time pace and return what the peer made of it.

        Raises:
            PeerError: It ended, or did not answer in time.
        """
        zero_s = time.perf_counter()
        playing = Playing()
        pcm = sound.pcm()
        sent_s = 0.0
        while sent_s < sound.seconds:
            until_s = min(sent_s + CHUNK_S, sound.seconds)
            if ask_at_s is not None and sent_s < ask_at_s < until_s:
                until_s = ask_at_s
            time.sleep(max(zero_s + until_s - time.perf_counter(), 0.0))
            first, last = (2 * round(at_s * sound.rate_hz) for at_s in (sent_s, until_s))
            self._send(b"A", pcm[first:last])
            sent_s = until_s
            if ask_at_s is not None and sent_s >= ask_at_s:
                playing.asked_s = time.perf_counter() - zero_s
                self._send(b"F")
                ask_at_s = None
        self._send(b"E")
        sayings: list[Saying] = []
        self._wait_for("end", ANSWER_TIMEOUT_S, sayings)
        for saying in sayings:
            at_s = saying.at_s - zero_s
            playing.views.append(view_of_texts(at_s, saying.final, saying.draft))
            playing.text = saying.text
            if saying.mark == "fin":
                playing.answered_s = at_s
        return playing

    def stop(self) -> None:
        """End the process; idempotent."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(STOP_TIMEOUT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, kind: bytes, payload: bytes = b"") -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(HEADER.pack(kind, len(payload)) + payload)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise PeerError(f"{self._name} reads no more.") from error

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            at_s = time.perf_counter()
            said = json.loads(line)
            self._said.put(Saying(at_s, said["final"], said["draft"], said["mark"]))
        self._said.put(None)

    def _wait_for(self, mark: str, timeout_s: float, sayings: list[Saying]) -> None:
        until_s = time.perf_counter() + timeout_s
        while True:
            try:
                saying = self._said.get(timeout=max(until_s - time.perf_counter(), 0.0))
            except queue.Empty:
                raise PeerError(f"{self._name} did not say {mark!r} in {timeout_s:g} s.") from None
            if saying is None:
                status = self._process.wait(STOP_TIMEOUT_S)
                raise PeerError(f"{self._name} ended with status {status}.")
            sayings.append(saying)
            if saying.mark == mark:
                return
