"""The runtime of one machine: worker threads that share one loaded recognizer.

Threads suffice, because the engines release the interpreter while they compute; two threads were
measured to do 1.8 times the work of one.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from oyez.engines.base import Capabilities, Recognizer, RecognizerStream, StreamOptions
from oyez.errors import EngineBusyError, EngineClosedError, EngineError
from oyez.runtime.base import Work
from oyez.transcript.hypothesis import Hypothesis

CLOSE_TIMEOUT_S = 10.0
"""Longest wait for a worker's last window."""


@dataclass(slots=True, eq=False)
class _Job:
    work: Work
    ticket: int
    future: "Future[Hypothesis]" = field(default_factory=Future)


class LocalRuntime:
    """Reads the most urgent windows first, several at a time where the engine profits.

    Work that may expire waits for all other: what must be read holds up its whole stream.

    Args:
        recognizer: The loaded model; closed with the runtime.
        workers: Threads that read, at least 1. More than there are cores brings nothing.
        clock: Returns seconds; never goes back.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        workers: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recognizer = recognizer
        self._clock = clock
        self._queue: list[tuple[bool, float, int]] = []
        """Tickets by urgency. Some are void: under load they may stay, so they hold nothing."""
        self._tickets: dict[int, Work] = {}
        self._jobs: dict[Work, _Job] = {}
        self._order = itertools.count()
        self._ready = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"oyez-worker-{index}", daemon=True)
            for index in range(max(workers, 1))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def name(self) -> str:
        """Name of the recognizer."""
        return self._recognizer.name

    @property
    def capabilities(self) -> Capabilities:
        """What the recognizer can do."""
        return self._recognizer.capabilities

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio it reads."""
        return self._recognizer.sample_rate_hz

    @property
    def queue_length(self) -> int:
        """Work that has not begun."""
        return len(self._jobs)

    def now_s(self) -> float:
        """Return the time on the runtime's clock."""
        return self._clock()

    def open_stream(self, options: StreamOptions) -> RecognizerStream:
        """Return the recognizer's state for a new session."""
        return self._recognizer.open_stream(options)

    def submit(self, work: Work) -> "Future[Hypothesis]":
        """Have a window read; see `Runtime.submit`."""
        job = _Job(work, next(self._order))
        # Not the job: what was answered would hold itself until the garbage collector comes.
        job.future.add_done_callback(lambda future: self._settle(future, work))
        with self._ready:
            if not self._is_closed:
                self._jobs[work] = job
                self._queue_up(job)
                return job.future
        job.future.set_exception(EngineClosedError("The runtime is shut down."))
        return job.future

    def _queue_up(self, job: _Job) -> None:
        work = job.work
        self._tickets[job.ticket] = work
        heapq.heappush(self._queue, (work.may_expire, work.deadline_s, job.ticket))
        self._ready.notify()

    def _settle(self, future: "Future[Hypothesis]", work: Work) -> None:
        """Let go of work that is not wanted any more."""
        if future.cancelled():
            with self._ready:
                self._take(work)

    def _take(self, work: Work) -> _Job | None:
        """Take work out of the queue, if it is in it."""
        job = self._jobs.pop(work, None)
        if job is not None:
            del self._tickets[job.ticket]
        return job

    def hurry(self, work: Work, *, deadline_s: float) -> None:
        """Let submitted work no longer expire, and move it to a deadline if that is earlier."""
        with self._ready:
            was_optional, work.may_expire = work.may_expire, False
            job = self._jobs.get(work)
            if job is not None and (was_optional or deadline_s < work.deadline_s):
                work.deadline_s = min(deadline_s, work.deadline_s)
                del self._tickets[job.ticket]
                job.ticket = next(self._order)
                self._queue_up(job)

    def close(self) -> None:
        """Stop after the work that has begun; the rest fails with `EngineClosedError`."""
        with self._ready:
            if self._is_closed:
                return
            self._is_closed = True
            waiting = list(self._jobs.values())
            self._jobs.clear()
            self._tickets.clear()
            self._queue.clear()
            self._ready.notify_all()
        for job in waiting:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(EngineClosedError("The runtime is shut down."))
        for thread in self._threads:
            thread.join(CLOSE_TIMEOUT_S)
        self._recognizer.close()

    def _work(self) -> None:
        while self._read_next():
            pass

    def _read_next(self) -> bool:
        """Wait for work and do it; return whether there may be more.

        A function of its own: a worker that waits must not hold on to what it read last.
        """
        batch = self._next_batch()
        if batch:
            self._read(batch)
        return batch is not None

    def _next_batch(self) -> list[_Job] | None:
        """Wait for work; return what to read now, or None when the runtime is closed."""
        with self._ready:
            while not self._queue:
                if self._is_closed:
                    return None
                self._ready.wait()
            batch: list[_Job] = []
            while self._queue and len(batch) < self._recognizer.capabilities.max_batch:
                *_, ticket = heapq.heappop(self._queue)
                work = self._tickets.get(ticket)
                job = self._take(work) if work is not None else None
                if job is not None:
                    batch.append(job)
        return [job for job in batch if self._is_still_wanted(job)]

    def _is_still_wanted(self, job: _Job) -> bool:
        if not job.future.set_running_or_notify_cancel():
            return False
        if job.work.may_expire and job.work.deadline_s < self._clock():
            job.future.set_exception(EngineBusyError("The work waited past its deadline."))
            return False
        return True

    def _read(self, batch: list[_Job]) -> None:
        try:
            hypotheses = self._recognize(batch)
        except EngineError as error:
            failure: Exception = error
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises, its sessions hear of it
            failure = EngineError(f"The engine {self.name} failed: {type(error).__name__}.")
            failure.__cause__ = error
        else:
            for job, hypothesis in zip(batch, hypotheses, strict=True):
                job.future.set_result(hypothesis)
            return
        for job in batch:
            job.future.set_exception(failure)

    def _recognize(self, batch: list[_Job]) -> list[Hypothesis]:
        hypotheses = self._recognizer.recognize([job.work.window for job in batch])
        if len(hypotheses) != len(batch):
            raise EngineError(
                f"The engine {self.name} gave {len(hypotheses)} readings of {len(batch)} windows."
            )
        return hypotheses
