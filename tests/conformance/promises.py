"""The catalogue of promises, and the scenarios that hold it.

A scenario is a coroutine that is given a `Wire` and asserts what it hears. It runs on every way to
a server that can say what it needs said.
"""

import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oyez.server.settings import Settings

from .wires import PLAIN, Wire

EVERYWHERE: Final = ("machine", "asgi", "sync", "async")
HANDSHAKE: Final = ("machine", "asgi", "socket")
"""The SDK presents its key in the header alone, and opens no socket before it has a start."""
TRANSPORT: Final = ("socket",)
"""What WebSocket itself does has no meaning without one."""
SERVER: Final = ("asgi", "sync", "async")
"""What streams share has no meaning in one stream's state machine."""
SDK: Final = ("sync", "async")

Test = Callable[[Wire], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """A test of one promise."""

    promise: str
    """Its id."""
    test: Test
    wires: tuple[str, ...]
    settings: Settings


SCENARIOS: Final[list[Scenario]] = []


def holds(
    promise: str, *, wires: tuple[str, ...] = EVERYWHERE, settings: Settings = PLAIN
) -> Callable[[Test], Test]:
    """Register a scenario for a promise."""

    def register(test: Test) -> Test:
        SCENARIOS.append(Scenario(promise, test, wires, settings))
        return test

    return register


def catalogue() -> dict[str, str]:
    """Return the sentence of every promise, by id."""
    path = Path(__file__).parents[2] / "docs" / "promises.toml"
    groups = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: sentence for group in groups.values() for name, sentence in group["promises"].items()
    }
