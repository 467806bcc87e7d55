"""What is measured, how thoroughly, and what every part needs for it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from oyez.bench.corpus import Corpus
from oyez.bench.serving import ServerProcess
from oyez.bench.streaming import Target
from oyez.engines.base import Recognizer
from oyez.engines.registry import load_recognizer


class Size(Enum):
    """How thorough a run is."""

    QUICK = "quick"
    """Minutes: does it work, roughly how well?"""
    STANDARD = "standard"
    """Under an hour for two models: figures to go by."""
    FULL = "full"
    """Hours: more clips for narrower intervals, longer soaks."""


SOAK_S = {Size.STANDARD: 300.0, Size.FULL: 600.0}
"""Length of a soak; a quick one says its own."""


@dataclass(slots=True)
class Plan:
    """One run of the benchmark."""

    corpus: Corpus
    models: tuple[str, ...]
    model: str
    """The one that is being measured."""
    remote: Target | None = None
    """A server that somebody else runs; its memory and work cannot be seen."""
    size: Size = Size.STANDARD
    is_live: bool = False
    """Whether audio is sent at the pace of speech even where nothing depends on it."""
    keeps_pauses: bool = False
    minutes: float | None = None
    """Length of the soaks, where it was asked for."""
    budget_s: float = 1.0
    """How far a server that keeps up may lag; `oyez.bench.sessions` says where it is measured."""
    _recognizer: Recognizer | None = field(default=None, repr=False)
    _local: Target | None = None

    @property
    def is_quick(self) -> bool:
        """Whether a sign of life is enough."""
        return self.size is Size.QUICK

    @property
    def is_full(self) -> bool:
        """Whether it may take hours."""
        return self.size is Size.FULL

    def sized(self, quick: int, standard: int, full: int) -> int:
        """Return the one of three numbers that goes with the size of the run."""
        return {Size.QUICK: quick, Size.STANDARD: standard, Size.FULL: full}[self.size]

    def use(self, model: str) -> None:
        """Measure this model from now on."""
        if model != self.model:
            self.model = model
            self._recognizer = None

    def soak_s(self, *, quick_s: float) -> float:
        """Return how much audio a soak takes."""
        if self.minutes is not None:
            return 60.0 * self.minutes
        return quick_s if self.is_quick else SOAK_S[self.size]

    @property
    def recognizer(self) -> Recognizer | None:
        """The engine itself, where it is ours."""
        if self.remote is None and self._recognizer is None:
            self._recognizer = load_recognizer(self.model)
        return self._recognizer

    @property
    def target(self) -> Target:
        """The server to stream to; ours only inside `server()`."""
        target = self.remote or self._local
        assert target is not None
        return target

    @contextlib.contextmanager
    def server(self) -> Iterator[ServerProcess | None]:
        """Run a fresh server for one measurement; None when the server is somebody else's."""
        if self.remote is not None:
            yield None
            return
        with ServerProcess(self.model) as server:
            self._local = server.target
            try:
                yield server
            finally:
                self._local = None
