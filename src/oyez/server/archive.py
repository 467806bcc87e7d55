"""The store, asked from the event loop: never waited for without a bound, never trusted to be up.

Questions (keys, the REST API) go to a few threads. What streams take and give back goes to one
thread of its own, in order: a place that was given back is free for whoever asks next. While the
store cannot be reached, streams with the server's own key go on without it, and what was to be
written waits.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from oyez.errors import OyezError, RemoteProtocolError, StoreUnavailableError
from oyez.observe.logs import EventLog
from oyez.server.access import Grant, unauthenticated
from oyez.store.base import (
    LEASE_TTL_MS,
    KeyProblem,
    Lease,
    LimitReached,
    Store,
    UsageRecord,
)

T = TypeVar("T")

QUESTION_THREADS: Final = 2
MAX_QUESTIONS: Final = 200
"""Questions that may wait; whoever asks more is told at once that there is no room."""
MAX_UNWRITTEN: Final = 10_000
"""Ended streams that wait for a store that is down, a few MB; then the oldest are lost."""
ANSWER_TIMEOUT_S: Final = 15.0
"""Longest wait for an answer, beside the store's own limits."""
OWN_KEY_TIMEOUT_S: Final = 3.0
"""Longest that a stream with the server's own key waits: it needs nothing from the store."""
RETRY_S: Final = 2.0
"""How long a store that failed is left alone; twice as long each time that it fails again."""
MAX_RETRY_S: Final = 30.0
PURGE_EVERY_S: Final = 300.0
STOP_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Ended:
    """What is to be written about a stream that ended."""

    lease: Lease | None
    record: UsageRecord


class Archive:
    """One process's way to the store.

    Args:
        open_store: Opens it; may take seconds; called in a thread, and again after it failed.
        log: Where failures go.
        now_ms: The time of day.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        *,
        log: EventLog,
        now_ms: Callable[[], int],
    ) -> None:
        self._now_ms = now_ms
        self.lost_records = 0
        """Ended streams that were never written, because the store was down for too long."""
        self.unguarded_streams = 0
        """Streams that began without asking the store, because it was down."""
        self._open_store = open_store
        self._log = log
        self._store: Store | None = None
        self._opening = threading.Lock()
        self._questions = ThreadPoolExecutor(QUESTION_THREADS, "oyez-questions")
        self._places = ThreadPoolExecutor(1, "oyez-places")
        self._room = threading.Semaphore(MAX_QUESTIONS)
        self._leases: dict[str, Lease] = {}
        self._unwritten: deque[_Ended] = deque()
        self._down_until_s = 0.0
        self._retry_s = RETRY_S
        self._upkeep: asyncio.Task[None] | None = None

    @property
    def is_down(self) -> bool:
        """Whether the store failed a moment ago."""
        return time.monotonic() < self._down_until_s

    @property
    def unwritten_records(self) -> int:
        """Ended streams that wait to be written."""
        return len(self._unwritten)

    async def start(self) -> None:
        """Open the store; one that cannot be reached is tried again later.

        Raises:
            OyezError: It is there and is of no use: another version, or a wrong address.
        """
        with contextlib.suppress(StoreUnavailableError):
            await self.ask(lambda store: store.check())
        self._upkeep = asyncio.create_task(self._keep_up())

    async def stop(self) -> None:
        """Write what waits, give back all places, close the store; bounded in time."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
            self._upkeep = None
            with contextlib.suppress(OyezError, TimeoutError, RuntimeError):
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self._in_places(self._write_out)
        if self._unwritten:
            self.lost_records += len(self._unwritten)
            self._log.warning("usage_lost", records=self.lost_records, reason="stopped")
            self._unwritten.clear()
        for executor in (self._questions, self._places):
            executor.shutdown(wait=False, cancel_futures=True)
        store, self._store = self._store, None
        if store is not None:
            with contextlib.suppress(OyezError):
                await asyncio.to_thread(store.close)

    # Questions.

    async def ask(self, question: Callable[[Store], T]) -> T:
        """Ask the store something in a thread. Cancelling is safe; the question may still be asked.

        Raises:
            StoreUnavailableError: It is down, or too many others are asking.
            OyezError: What the store says to the question.
        """
        if not self._room.acquire(blocking=False):
            raise StoreUnavailableError("", "Too many questions wait for it.")
        future = self._questions.submit(self._asked, question)
        # Not when the one who asked goes: the thread is busy until it has an answer.
        future.add_done_callback(lambda _: self._room.release())
        return await self._within(future)

    # Streams.

    async def take_place(self, grant: Grant) -> Lease | None:
        """Count a stream that begins, and use its single-use key up.

        Returns:
            Its place; None when the store is down and the server's own key needs none.

        Raises:
            RemoteProtocolError: A limit is reached, or the key was used.
            StoreUnavailableError: It is down, and the key is one of its own.
        """
        try:
            if not (grant.is_own and self.is_down):
                return await self._take_place(grant)
        except RemoteProtocolError:
            raise
        except Exception as error:
            if not isinstance(error, StoreUnavailableError):
                self._log.failure("store_failed", error)
            if not grant.is_own:
                raise
        self.unguarded_streams += 1
        self._log.warning("stream_not_counted", streams=self.unguarded_streams)
        return None

    async def _take_place(self, grant: Grant) -> Lease:
        future = self._places.submit(
            self._asked, lambda store: _take_place(store, grant, self._now_ms())
        )
        timeout_s = OWN_KEY_TIMEOUT_S if grant.is_own else ANSWER_TIMEOUT_S
        try:
            lease = await self._within(future, timeout_s)
        except (asyncio.CancelledError, StoreUnavailableError):
            future.add_done_callback(self._give_back)  # the answer may still come
            raise
        self._leases[lease.id] = lease
        return lease

    def _give_back(self, future: Future[Lease]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        lease = future.result()
        with contextlib.suppress(RuntimeError):  # stopped: it lapses
            self._places.submit(
                self._asked, lambda store: store.release_leases([lease], now_ms=self._now_ms())
            )

    def ended(self, lease: Lease | None, record: UsageRecord) -> None:
        """Give a stream's place back and write its record, soon and elsewhere; never waits."""
        if lease is not None:
            self._leases.pop(lease.id, None)
        if len(self._unwritten) >= MAX_UNWRITTEN:
            self._unwritten.popleft()
            self.lost_records += 1
        self._unwritten.append(_Ended(lease, record))
        with contextlib.suppress(RuntimeError):  # stopped: counted as lost there
            self._places.submit(self._write_out)

    # In threads.

    def _asked(self, question: Callable[[Store], T]) -> T:
        if self.is_down:
            raise StoreUnavailableError("", "It failed a moment ago.")
        try:
            answer = question(self._opened())
        except StoreUnavailableError as error:
            self._down_until_s = time.monotonic() + self._retry_s
            self._retry_s = min(2 * self._retry_s, MAX_RETRY_S)
            # Its text may name the database's address.
            self._log.warning("store_unavailable", problem=error.problem)
            raise
        self._retry_s = RETRY_S
        return answer

    def _opened(self) -> Store:
        with self._opening:
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def _write_out(self) -> None:
        """Write what waits, in order, as long as the store takes it."""
        while self._unwritten and not self.is_down:
            ended = self._unwritten[0]
            try:
                self._asked(partial(_write, ended=ended, now_ms=self._now_ms()))
            except StoreUnavailableError:
                return
            except Exception as error:  # noqa: BLE001 - one bad record must not hold up the others
                self.lost_records += 1
                self._log.failure("usage_lost", error, request=ended.record.uuid)
            with contextlib.suppress(ValueError, IndexError):  # dropped meanwhile
                self._unwritten.remove(ended)

    def _renew(self) -> None:
        leases = list(self._leases.values())
        with contextlib.suppress(OyezError):
            if leases:
                self._asked(lambda store: store.renew_leases(leases, now_ms=self._now_ms()))
        self._write_out()

    async def _keep_up(self) -> None:
        purge_s = time.monotonic() + PURGE_EVERY_S
        while True:
            await asyncio.sleep(LEASE_TTL_MS / 3_000)
            try:
                await self._in_places(self._renew)
                if time.monotonic() >= purge_s:
                    purge_s += PURGE_EVERY_S
                    await self.ask(lambda store: store.purge(now_ms=self._now_ms()))
            except (OyezError, TimeoutError):
                continue  # it was logged, and is tried again
            except Exception as error:  # noqa: BLE001 - upkeep must outlive its own failures
                self._log.failure("upkeep_failed", error)

    async def _in_places(self, work: Callable[[], T]) -> T:
        return await self._within(self._places.submit(work))

    async def _within(self, future: Future[T], timeout_s: float = ANSWER_TIMEOUT_S) -> T:
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise StoreUnavailableError("", "It did not answer in time.") from None


def _take_place(store: Store, grant: Grant, now_ms: int) -> Lease:
    lease = store.admit(grant.project, now_ms=now_ms)
    if isinstance(lease, LimitReached):
        raise _refusal(lease, grant.project)
    key = grant.temporary
    # Last of all: whatever fails before this does not use the key up.
    if key is not None and key.single_use:
        try:
            is_first = store.claim_temporary_key(key.id, now_ms=now_ms)
        except StoreUnavailableError:
            with contextlib.suppress(StoreUnavailableError):
                store.release_leases([lease], now_ms=now_ms)
            raise
        if not is_first:
            store.release_leases([lease], now_ms=now_ms)
            raise unauthenticated(KeyProblem.USED)
    return lease


def _write(store: Store, *, ended: _Ended, now_ms: int) -> None:
    if ended.lease is not None:
        store.release_leases([ended.lease], now_ms=now_ms)
    store.record_usage(ended.record)


def _refusal(reached: LimitReached, project: str) -> RemoteProtocolError:
    whose = (
        f"The project {project}" if reached.scope == "project" else "This server, in all processes,"
    )
    if reached.limit_name == "requests_per_minute":
        wait_s = -(-(reached.retry_after_ms or 0) // 1000)
        text = f"{whose} may begin {reached.limit} streams a minute. Try again in {wait_s} s."
    else:
        text = f"{whose} may have {reached.limit} streams at a time. Close others or wait."
    return RemoteProtocolError("limit_exceeded", [text])
