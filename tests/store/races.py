"""Several processes that do the same at the same time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROCESSES = 4
RACER = Path(__file__).with_name("racer.py")
STOP_TIMEOUT_S = 20.0


class Racers:
    """Processes that wait to be told. The test's own time limit bounds what they take."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "error", str(RACER)]
        self._processes = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]

    def race(self, url: str, action: str, argument: str = "", *, threads: int = 1) -> list[bool]:
        """Return what each thread of each process got, all started at once."""
        self._tell(json.dumps([url, threads, action, argument]))
        assert self._hear() == ["ready"] * PROCESSES
        self._tell("go")
        return [won for results in self._hear() for won in json.loads(results)]

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate(timeout=STOP_TIMEOUT_S)

    def _tell(self, line: str) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(line + "\n")
            process.stdin.flush()

    def _hear(self) -> list[str]:
        return [process.stdout.readline().strip() for process in self._processes if process.stdout]


@contextmanager
def racers() -> Iterator[Racers]:
    started = Racers()
    try:
        yield started
    finally:
        started.close()
