"""A session's readings on their way to the runtime and back."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from oyez.runtime.base import Runtime, Work
from oyez.session.readings import Purpose, Reading
from oyez.transcript.hypothesis import Hypothesis

DEADLINES_S: Final = {Purpose.FINAL: 0.05, Purpose.COMMIT: 0.5, Purpose.PARTIAL: 0.35}
"""How soon a reading is wanted. Finals go first under load, and partial readings last; those that
were not begun in time are skipped, because a newer one says more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a reading."""

    reading: Reading
    future: "asyncio.Future[Hypothesis]"
    """Done, and not cancelled."""
    waited_ms: int
    """Since the reading was last handed out."""


@dataclass(slots=True)
class _Errand:
    work: Work
    future: "Future[Hypothesis]"
    asked_s: float


class Errands:
    """The readings of one session that the runtime has.

    Args:
        runtime: Reads.
        take: Called on the event loop with each answer, until `withdraw`.
    """

    def __init__(self, runtime: Runtime, take: Callable[[Answer], None]) -> None:
        self._runtime = runtime
        self._take = take
        self._errands: dict[Reading, _Errand] = {}

    def run(self, readings: Iterable[Reading]) -> None:
        """Hand readings to the runtime; hurry those that it has already."""
        for reading in readings:
            asked_s = self._runtime.now_s()
            deadline_s = asked_s + DEADLINES_S[reading.purpose]
            known = self._errands.get(reading)
            if known is not None:
                known.asked_s = asked_s
                self._runtime.hurry(known.work, deadline_s=deadline_s)
                continue
            work = Work(reading.window, deadline_s, reading.purpose is Purpose.PARTIAL)
            errand = _Errand(work, self._runtime.submit(work), asked_s)
            self._errands[reading] = errand
            # Told on the loop's thread.
            asyncio.wrap_future(errand.future).add_done_callback(self._answered(reading))

    def drop(self, readings: Iterable[Reading]) -> list[Reading]:
        """Take readings back that have not begun; return these."""
        dropped = [one for one in readings if self._errands[one].future.cancel()]
        for reading in dropped:
            del self._errands[reading]
        return dropped

    def withdraw(self) -> None:
        """Take all back; nobody waits for any of them."""
        for errand in list(self._errands.values()):
            errand.future.cancel()
        self._errands.clear()

    def _answered(self, reading: Reading) -> "Callable[[asyncio.Future[Hypothesis]], None]":
        def take(future: "asyncio.Future[Hypothesis]") -> None:
            errand = self._errands.pop(reading, None)
            if future.cancelled():
                return
            future.exception()  # looked at even when nobody cares any more: asyncio complains else
            if errand is not None:
                waited_s = self._runtime.now_s() - errand.asked_s
                self._take(Answer(reading, future, round(1000 * waited_s)))

        return take
