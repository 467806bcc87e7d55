"""`oyez serve` as a process of its own: its memory and work can be told from the benchmark's."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

from oyez.bench.streaming import Target

KEY = "bench"
READY_TIMEOUT_S = 180.0
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used."""

    at_s: float
    cpu_s: float
    rss_mb: float

    def cpu_share(self, earlier: "Usage") -> float:
        """Return the mean of cores busy since an earlier look."""
        return (self.cpu_s - earlier.cpu_s) / max(self.at_s - earlier.at_s, 1e-9)


class ServerProcess:
    """A server of ours; a context manager that waits until it is ready.

    It ends with this process, however that ends (`oyez.bench.leash`).

    Args:
        model: Name of the engine.
        options: More of the command line.
        core: The only core that it may use, where the system can hold it there; None for all.
    """

    def __init__(self, model: str, *, options: Sequence[str] = (), core: int | None = None) -> None:
        self._model = model
        self._port = free_port()
        own = ["--port", str(self._port), "--model", model, "--log-level", "error"]
        self._began_s = time.perf_counter()
        with on_cores(None if core is None else {core}):
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter
                [sys.executable, "-m", "oyez.bench.leash", "oyez", "serve", *own, *options],
                env={**os.environ, "OYEZ_API_KEY": KEY, "OYEZ_DATABASE_URL": "sqlite://"},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
        self._usage = psutil.Process(self._process.pid)
        self.ready_s = 0.0
        """From the start of the process to `/readyz` saying so."""

    def __enter__(self) -> Self:
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def target(self) -> Target:
        """Where to stream to."""
        url = f"ws://127.0.0.1:{self._port}/transcribe-websocket"
        return Target(url, KEY, self._model)

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    def usage(self) -> Usage:
        """Return what the server has used so far."""
        times = self._usage.cpu_times()
        rss_mb = self._usage.memory_info().rss / 1e6
        return Usage(time.perf_counter(), times.user + times.system, rss_mb)

    def stop(self) -> None:
        """End the process; idempotent."""
        self._process.terminate()
        try:
            self._process.wait(15.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _wait_until_ready(self) -> None:
        while not is_ready(self.target.url):
            if self._process.poll() is not None:
                raise RuntimeError(f"The server ended with status {self._process.returncode}.")
            if time.perf_counter() - self._began_s > READY_TIMEOUT_S:
                raise RuntimeError(f"The server was not ready within {READY_TIMEOUT_S:.0f} s.")
            time.sleep(POLL_S)
        self.ready_s = time.perf_counter() - self._began_s


@contextlib.contextmanager
def on_cores(cores: set[int] | None) -> Iterator[bool]:
    """Hold this thread, and what it starts, to some cores; yield whether that could be done.

    Only Linux and some relatives can; elsewhere, and for None or no cores, nothing happens.
    """
    if not cores or not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def usable_cores() -> list[int]:
    """Return the cores that this process may use; empty where that cannot be told."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def is_ready(websocket_url: str) -> bool:
    """Return what `/readyz` of a server says."""
    url = f"http://{urlsplit(websocket_url).netloc}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=5.0) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """Return a port that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
