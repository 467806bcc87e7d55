"""A session's readings on their way to the runtime and back."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, TypeAlias

from oyez.runtime.base import Runtime, Work
from oyez.session.readings import Purpose, Reading
from oyez.transcript.hypothesis import Hypothesis

_Callback: TypeAlias = "Callable[[Future[Hypothesis]], None]"

DEADLINES_S: Final = {Purpose.FINAL: 0.05, Purpose.COMMIT: 0.5, Purpose.PARTIAL: 0.35}
"""How soon a reading is wanted. Finals go first under load, and partial readings last; those that
were not begun in time are skipped, because a newer one says more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a reading."""

    reading: Reading
    future: "Future[Hypothesis]"
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
            errand.future.add_done_callback(self._told_on_loop(self._answered(reading)))

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

    @staticmethod
    def _told_on_loop(take: "_Callback") -> "_Callback":
        """Return a callback that has another called on the loop's thread.

        `asyncio.wrap_future` does so too, but ties the future to itself: what was answered, which
        may be megabytes, would then stay until the garbage collector comes by.
        """
        loop = asyncio.get_running_loop()

        def tell(future: "Future[Hypothesis]") -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(take, future)

        return tell

    def _answered(self, reading: Reading) -> "_Callback":
        def take(future: "Future[Hypothesis]") -> None:
            errand = self._errands.pop(reading, None)
            if future.cancelled():
                return
            if errand is not None:
                waited_s = self._runtime.now_s() - errand.asked_s
                self._take(Answer(reading, future, round(1000 * waited_s)))

        return take
