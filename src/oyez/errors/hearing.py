"""How decoding and recognition fail."""

from collections.abc import Iterable

from oyez.errors.base import OyezError


class AudioError(OyezError, ValueError):
    """The bytes are not the promised audio.

    Attributes:
        problem: What is wrong and what to send instead, in one sentence.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class EngineError(OyezError):
    """Recognition could not be done."""


class EngineNotFoundError(EngineError, LookupError):
    """No engine of that name is installed.

    Attributes:
        name: The name that was asked for.
        known: The names that are installed.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(name, self.known)

    def __str__(self) -> str:
        return f"No engine is called {self.name!r}. Installed: {', '.join(self.known) or 'none'}."


class ModelNotInstalledError(EngineError):
    """An engine is known, but its weights or libraries are not on this machine.

    Attributes:
        engine: The engine's name.
        remedy: What to run or set, in one sentence.
    """

    def __init__(self, engine: str, remedy: str) -> None:
        self.engine = engine
        self.remedy = remedy
        super().__init__(engine, remedy)

    def __str__(self) -> str:
        return f"The weights of {self.engine} are not installed. {self.remedy}"


class EngineBusyError(EngineError):
    """Work that may be skipped waited past its deadline and was dropped."""


class EngineClosedError(EngineError):
    """Work was handed to a runtime that has been shut down."""
