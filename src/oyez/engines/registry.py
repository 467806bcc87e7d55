"""Engines by name. oyez's own register through the same entry points as anybody else's."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from oyez.engines.base import Recognizer, Vad
from oyez.errors import EngineNotFoundError

RECOGNIZERS = "oyez.engines"
"""Entry point group. Each entry is a callable without arguments that returns a `Recognizer`."""
VADS = "oyez.vads"
"""Entry point group. Each entry is a callable without arguments that returns a `Vad`."""


def recognizer_names() -> tuple[str, ...]:
    """Names of the installed recognizers, sorted. Loads nothing."""
    return tuple(sorted(_entries(RECOGNIZERS)))


def load_recognizer(name: str) -> Recognizer:
    """Load the recognizer of that name: seconds of work and its whole memory.

    Raises:
        EngineNotFoundError: No such name; the error lists the known ones.
        ModelNotInstalledError: The name is known, its weights are not on this machine.
    """
    recognizer: Recognizer = _factory(RECOGNIZERS, name)()
    return recognizer


def load_vad(name: str = "silero") -> Vad:
    """Load the voice-activity model of that name.

    Raises:
        EngineNotFoundError: No such name; the error lists the known ones.
        ModelNotInstalledError: The name is known, its weights are not on this machine.
    """
    vad: Vad = _factory(VADS, name)()
    return vad


def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


def _factory(group: str, name: str) -> Callable[[], Any]:
    entries = _entries(group)
    if name not in entries:
        raise EngineNotFoundError(name, entries)
    factory: Callable[[], Any] = entries[name].load()
    return factory
