"""Runs of other people's clients: programs in an environment of their own, and what they print."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Self

import pytest

from oyez.server.run import ServerThread

KEY: Final = "test-key"
HERE: Final = Path(__file__).parent
LOCK: Final = HERE / "clients.lock"
ENVIRONMENT: Final = HERE.parents[1] / ".venv" / "clients"
PYTHON: Final = ENVIRONMENT.joinpath(
    *(("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python"))
)
READY: Final = ENVIRONMENT / ".ready"
"""A copy of the lock file that the environment was made from."""
LONGEST_S: Final = 180.0
"""Programs that start together load large libraries, which a busy machine does slowly."""
PATIENT = pytest.mark.timeout(2 * LONGEST_S)

Line = tuple[Any, ...]
"""What happened, and its facts."""
Plans = Mapping[str, tuple[str, ...]]
"""Programs with their options, under a name for each run."""


def missing() -> str | None:
    """Say what is wrong with the clients' environment, if something is."""
    if not READY.exists():
        return (
            f"The clients that these tests run are not installed in {ENVIRONMENT}: `make clients`."
        )
    if READY.read_text() != LOCK.read_text():
        return f"{LOCK.name} has changed since the clients were installed: `make clients`."
    return None


class Run:
    """One program, running or done. A context manager: it leaves no process behind.

    Args:
        program: Name of a file in `programs`.
        url: The server's.
        path: Speech.
        options: As the program takes them.
        key: What it presents.
    """

    def __init__(self, program: str, url: str, path: Path, *options: str, key: str = KEY) -> None:
        self.lines: list[Line] = []
        self.errors = ""
        self._is_over = False
        self._command = f"{program} {' '.join(options)}"
        self._told = threading.Condition()
        self._process = subprocess.Popen(
            [PYTHON, HERE / "programs" / f"{program}.py", url, key, path, *options],
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._listen, self._collect)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe
            pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout
        for text in self._process.stdout:
            with self._told:
                self.lines.append(tuple(json.loads(text)))
                self._told.notify_all()
        with self._told:
            self._is_over = True
            self._told.notify_all()

    def _collect(self) -> None:
        assert self._process.stderr
        self.errors = self._process.stderr.read()

    def wait_until(self, happened: Callable[[], object], timeout_s: float = LONGEST_S) -> None:
        """Wait until something is true of the lines."""
        with self._told:
            self._told.wait_for(lambda: happened() or self._is_over, timeout_s)
        assert happened(), str(self)

    def wait_for(self, *kinds: str) -> Line:
        """Return the first line of one of these kinds, once it was printed."""
        self.wait_until(lambda: self.all(*kinds))
        return self.all(*kinds)[0]

    def end(self, timeout_s: float = LONGEST_S) -> Self:
        """Wait until the program has ended well."""
        deadline_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        assert self._is_over, f"it goes on for more than {timeout_s:g} s: {self}"
        assert self._process.wait(10) == 0, str(self)
        return self

    def all(self, *kinds: str) -> list[Line]:
        """The lines of these kinds, in order."""
        return [line for line in self.lines if line[0] in kinds]

    def facts(self, kind: str) -> list[Any]:
        """The first fact of each line of a kind."""
        return [line[1] for line in self.all(kind)]

    def kinds(self, *kinds: str) -> list[str]:
        """The kinds of the lines of these kinds, in order."""
        return [line[0] for line in self.all(*kinds)]

    def __str__(self) -> str:
        return "\n".join([self._command, *map(str, self.lines), self.errors])


@contextmanager
def launched(
    server: ServerThread, path: Path, plans: Plans, *, key: str = KEY
) -> Iterator[dict[str, Run]]:
    """Start programs against one server, all at a time, and end what is left of them."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Run(program, server.websocket_url, path, *options, key=key))
            for name, (program, *options) in plans.items()
        }
