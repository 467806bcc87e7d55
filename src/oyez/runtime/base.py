"""The seam between sessions and computation.

A session wants windows read by certain times. Who reads them, where, and together with whose
windows is a runtime's business: threads on this machine, several processes, or a cluster.
"""

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from oyez.engines.base import Capabilities, RecognizerStream, StreamOptions, Window
from oyez.transcript.hypothesis import Hypothesis


@dataclass(slots=True, eq=False)
class Work:
    """One window that somebody wants read."""

    window: Window = field(repr=False)
    deadline_s: float
    """When the answer is wanted, on the runtime's clock. Work is done in this order; what may
    expire comes after all other."""
    may_expire: bool = False
    """Whether work that has not begun by its deadline is dropped with `EngineBusyError`."""


class Runtime(Protocol):
    """Reads windows. All methods may be called from any thread."""

    @property
    def name(self) -> str:
        """Name of the recognizer it runs."""

    @property
    def capabilities(self) -> Capabilities:
        """What that recognizer can do."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio it reads."""

    def now_s(self) -> float:
        """Return the time on the runtime's clock."""

    def open_stream(self, options: StreamOptions) -> RecognizerStream:
        """Return the engine's state for a new session."""

    def submit(self, work: Work) -> "Future[Hypothesis]":
        """Have a window read.

        The future fails with `EngineBusyError` when the work expired, with `EngineClosedError`
        when the runtime was closed, with `EngineError` when the engine failed. Cancelling it
        withdraws work that has not begun.
        """

    def hurry(self, work: Work, *, deadline_s: float) -> None:
        """Let submitted work no longer expire, and move it to a deadline if that is earlier."""

    @property
    def queue_length(self) -> int:
        """Work that has not begun."""

    def close(self) -> None:
        """Stop after the work that has begun; the rest fails. Idempotent."""
