"""The local runtime: in which order work is done, and what happens when it is not."""

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager

import numpy as np
import pytest

from oyez.engines.base import Capabilities, StreamOptions, Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedWord
from oyez.errors import EngineBusyError, EngineClosedError, EngineError
from oyez.runtime.base import Runtime, Work
from oyez.runtime.local import LocalRuntime
from oyez.transcript.hypothesis import Hypothesis

PATIENCE_S = 5.0
"""Longest wait for something that should happen at once."""


class Clock:
    """A clock that stands still unless it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Engine(ScriptedRecognizer):
    """Records the windows it is given by their first sample, and waits at a gate."""

    def __init__(self, *, max_batch: int = 1) -> None:
        super().__init__(
            [ScriptedWord("word", 0, 10)],
            capabilities=Capabilities(languages=("en",), max_batch=max_batch),
        )
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.batches: list[list[int]] = []
        self.failures: dict[int, Exception] = {}
        self.answer: Callable[[list[Hypothesis]], object] = lambda hypotheses: hypotheses

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        numbers = [window.start_sample for window in windows]
        self.batches.append(numbers)
        self.entered.release()
        assert self.gate.wait(PATIENCE_S)
        for number in self.failures.keys() & set(numbers):
            raise self.failures[number]
        return self.answer(super().recognize(windows))  # type: ignore[return-value]


class Shop:
    """A runtime with one engine, a clock that stands still, and work that has numbers."""

    def __init__(self, *, max_batch: int = 1, workers: int = 1) -> None:
        self.engine = Engine(max_batch=max_batch)
        self.clock = Clock()
        self.runtime = LocalRuntime(self.engine, workers=workers, clock=self.clock)
        self.stream = self.runtime.open_stream(StreamOptions())

    def work(self, number: int, *, in_s: float = 1.0, may_expire: bool = False) -> Work:
        window = Window(self.stream, np.zeros(160, np.float32), number)
        return Work(window, self.clock.now_s + in_s, may_expire)

    def submit(
        self, number: int, *, in_s: float = 1.0, may_expire: bool = False
    ) -> Future[Hypothesis]:
        return self.runtime.submit(self.work(number, in_s=in_s, may_expire=may_expire))

    @contextmanager
    def busy(self) -> Iterator[Future[Hypothesis]]:
        """Keep the worker busy with work 0 while the body queues more."""
        self.engine.gate.clear()
        try:
            first = self.submit(0)
            assert self.engine.entered.acquire(timeout=PATIENCE_S)
            yield first
        finally:
            self.engine.gate.set()

    @property
    def order(self) -> list[int]:
        return [number for batch in self.engine.batches for number in batch]


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.runtime.close()


def wait(*futures: Future[Hypothesis]) -> list[Hypothesis]:
    return [future.result(PATIENCE_S) for future in futures]


def failure(future: Future[Hypothesis]) -> BaseException | None:
    return future.exception(PATIENCE_S)


def test_a_window_is_read(shop: Shop) -> None:
    [hypothesis] = wait(shop.submit(0))
    assert hypothesis.text == " word"
    assert shop.runtime.queue_length == 0


def test_it_is_a_runtime_and_answers_for_its_engine(shop: Shop) -> None:
    runtime: Runtime = shop.runtime
    assert runtime.name == "scripted"
    assert runtime.capabilities is shop.engine.capabilities
    assert runtime.sample_rate_hz == 16_000
    assert runtime.now_s() == shop.clock.now_s
    assert shop.engine.open_streams == 1


def test_the_earliest_deadline_is_first(shop: Shop) -> None:
    with shop.busy():
        futures = [shop.submit(number, in_s=in_s) for number, in_s in [(1, 3), (2, 1), (3, 2)]]
    wait(*futures)
    assert shop.order == [0, 2, 3, 1]


def test_equal_deadlines_are_served_in_the_order_of_asking(shop: Shop) -> None:
    with shop.busy():
        futures = [shop.submit(number) for number in range(1, 6)]
    wait(*futures)
    assert shop.order == [0, 1, 2, 3, 4, 5]


def test_the_queue_counts_what_has_not_begun(shop: Shop) -> None:
    with shop.busy():
        assert shop.runtime.queue_length == 0
        futures = [shop.submit(number) for number in (1, 2)]
        assert shop.runtime.queue_length == 2
    wait(*futures)
    assert shop.runtime.queue_length == 0


@pytest.mark.parametrize(
    ("max_batch", "batches"),
    [(1, [[1], [2], [3], [4], [5]]), (2, [[1, 2], [3, 4], [5]]), (8, [[1, 2, 3, 4, 5]])],
)
def test_windows_are_read_together_up_to_the_engines_batch(
    max_batch: int, batches: list[list[int]]
) -> None:
    shop = Shop(max_batch=max_batch)
    with shop.busy():
        futures = [shop.submit(number, in_s=number) for number in range(1, 6)]
    wait(*futures)
    assert shop.engine.batches == [[0], *batches]
    shop.runtime.close()


def test_everyone_in_a_batch_gets_their_own_answer() -> None:
    shop = Shop(max_batch=4)
    with shop.busy():
        inside, outside = shop.submit(1), shop.submit(16_000)
    assert [hypothesis.text for hypothesis in wait(inside, outside)] == [" word", ""]
    shop.runtime.close()


def test_work_that_may_expire_is_dropped_after_its_deadline(shop: Shop) -> None:
    with shop.busy():
        late = shop.submit(1, in_s=1, may_expire=True)
        kept = shop.submit(2, in_s=1)
        early = shop.submit(3, in_s=3, may_expire=True)
        shop.clock.now_s += 2.0
    assert isinstance(failure(late), EngineBusyError)
    wait(kept, early)
    assert shop.order == [0, 2, 3]


def test_work_that_may_expire_waits_for_all_other(shop: Shop) -> None:
    with shop.busy():
        optional = [shop.submit(number, in_s=number, may_expire=True) for number in (2, 1)]
        needed = [shop.submit(3, in_s=9), shop.submit(4, in_s=8)]
    wait(*optional, *needed)
    assert shop.order == [0, 4, 3, 1, 2]


def test_work_that_becomes_needed_waits_for_other_work_no_longer(shop: Shop) -> None:
    with shop.busy():
        work = shop.work(1, in_s=1, may_expire=True)
        futures = [shop.runtime.submit(work), shop.submit(2, in_s=2)]
        shop.runtime.hurry(work, deadline_s=shop.clock.now_s + 5)
    wait(*futures)
    assert shop.order == [0, 1, 2]


def test_at_its_deadline_work_is_still_done(shop: Shop) -> None:
    with shop.busy():
        future = shop.submit(1, in_s=1, may_expire=True)
        shop.clock.now_s += 1.0
    wait(future)


def test_hurried_work_does_not_expire_and_goes_first(shop: Shop) -> None:
    with shop.busy():
        hurried = shop.work(1, in_s=5, may_expire=True)
        future = shop.runtime.submit(hurried)
        other = shop.submit(2, in_s=3)
        shop.runtime.hurry(hurried, deadline_s=shop.clock.now_s + 1)
        assert shop.runtime.queue_length == 2
        shop.clock.now_s += 10.0
    wait(future, other)
    assert shop.order == [0, 1, 2]


def test_hurrying_to_a_later_deadline_only_spares_the_work(shop: Shop) -> None:
    with shop.busy():
        work = shop.work(1, in_s=1, may_expire=True)
        future = shop.runtime.submit(work)
        other = shop.submit(2, in_s=2)
        shop.runtime.hurry(work, deadline_s=shop.clock.now_s + 3)
        shop.clock.now_s += 10.0
    wait(future, other)
    assert shop.order == [0, 1, 2]


def test_hurried_work_is_done_once(shop: Shop) -> None:
    with shop.busy():
        work = shop.work(1, in_s=9)
        future = shop.runtime.submit(work)
        for in_s in (8, 7, 3):
            shop.runtime.hurry(work, deadline_s=shop.clock.now_s + in_s)
        other = shop.submit(2, in_s=20)
    wait(future, other)
    assert shop.order == [0, 1, 2]


def test_hurrying_what_has_begun_or_is_done_is_harmless(shop: Shop) -> None:
    work = shop.work(1)
    wait(shop.runtime.submit(work))
    shop.runtime.hurry(work, deadline_s=0.0)
    shop.runtime.hurry(shop.work(2), deadline_s=0.0)  # never submitted
    wait(shop.submit(3))
    assert shop.order == [1, 3]


def test_cancelling_withdraws_what_has_not_begun(shop: Shop) -> None:
    with shop.busy() as running:
        withdrawn, other = shop.submit(1), shop.submit(2)
        assert withdrawn.cancel()
        assert not running.cancel()
    wait(running, other)
    assert shop.order == [0, 2]
    with pytest.raises(CancelledError):
        withdrawn.result(0)


def test_what_is_withdrawn_is_let_go_of_at_once(shop: Shop) -> None:
    with shop.busy():
        work = shop.work(1)
        future = shop.runtime.submit(work)
        shop.runtime.hurry(work, deadline_s=shop.clock.now_s + 0.5)
        samples = weakref.ref(work.window.samples)
        del work
        assert samples() is not None
        assert future.cancel()
        del future
        assert samples() is None
        assert shop.runtime.queue_length == 0


def test_a_worker_that_waits_holds_on_to_nothing(shop: Shop) -> None:
    work = shop.work(1)
    samples = weakref.ref(work.window.samples)
    wait(shop.runtime.submit(work))
    del work
    until_s = time.monotonic() + PATIENCE_S
    while samples() is not None and time.monotonic() < until_s:
        time.sleep(0.001)
    assert samples() is None


@pytest.mark.parametrize("raised", [ValueError("secret words"), MemoryError(), AssertionError()])
def test_whatever_an_engine_raises_is_an_engine_error(shop: Shop, raised: Exception) -> None:
    shop.engine.failures[1] = raised
    error = failure(shop.submit(1))
    assert isinstance(error, EngineError)
    assert str(error) == f"The engine scripted failed: {type(raised).__name__}."
    assert error.__cause__ is raised
    wait(shop.submit(2))


def test_an_engines_own_error_passes_through(shop: Shop) -> None:
    shop.engine.failures[1] = raised = EngineError("Out of memory.")
    assert failure(shop.submit(1)) is raised
    wait(shop.submit(2))


def test_a_failure_is_that_of_its_batch_only() -> None:
    shop = Shop(max_batch=2)
    shop.engine.failures[2] = ValueError()
    with shop.busy() as before:
        batch = [shop.submit(1), shop.submit(2)]
        after = shop.submit(3)
    assert all(isinstance(failure(future), EngineError) for future in batch)
    wait(before, after)
    assert shop.engine.batches == [[0], [1, 2], [3]]
    shop.runtime.close()


@pytest.mark.parametrize(
    "answer", [lambda _: [], lambda hypotheses: hypotheses * 2, lambda _: None, lambda _: 7]
)
def test_an_engine_that_answers_nonsense_fails_its_work_not_the_worker(
    shop: Shop, answer: Callable[[list[Hypothesis]], object]
) -> None:
    good, shop.engine.answer = shop.engine.answer, answer
    assert isinstance(failure(shop.submit(1)), EngineError)
    shop.engine.answer = good
    wait(shop.submit(2))


def test_closing_fails_what_waits_and_finishes_what_has_begun(shop: Shop) -> None:
    closer = threading.Thread(target=shop.runtime.close)
    with shop.busy() as running:
        waiting = [shop.submit(1), shop.submit(2, may_expire=True)]
        withdrawn = shop.submit(3)
        withdrawn.cancel()
        closer.start()
        for future in waiting:
            assert isinstance(failure(future), EngineClosedError)
        assert not running.done()
    closer.join(PATIENCE_S)
    assert not closer.is_alive()
    wait(running)
    assert withdrawn.cancelled()
    assert shop.order == [0]
    assert shop.runtime.queue_length == 0


def test_closing_ends_the_threads_and_the_engine() -> None:
    before = set(threading.enumerate())
    shop = Shop(workers=3)
    workers = set(threading.enumerate()) - before
    assert sorted(thread.name for thread in workers) == [f"oyez-worker-{i}" for i in range(3)]
    shop.runtime.close()
    assert not any(thread.is_alive() for thread in workers)
    assert shop.engine.closed
    shop.runtime.close()


def test_work_after_the_close_is_refused(shop: Shop) -> None:
    shop.runtime.close()
    error = failure(shop.submit(1))
    assert isinstance(error, EngineClosedError)
    assert str(error) == "The runtime is shut down."
    assert shop.order == []
    assert shop.runtime.queue_length == 0


def test_workers_read_at_the_same_time() -> None:
    shop = Shop(workers=2)
    shop.engine.gate.clear()
    futures = [shop.submit(number) for number in range(3)]
    for _ in range(2):
        assert shop.engine.entered.acquire(timeout=PATIENCE_S)
    assert not shop.engine.entered.acquire(timeout=0.01)
    assert shop.runtime.queue_length == 1
    shop.engine.gate.set()
    wait(*futures)
    shop.runtime.close()


@pytest.mark.parametrize("workers", [-1, 0, 1])
def test_there_is_always_a_worker(workers: int) -> None:
    shop = Shop(workers=workers)
    wait(shop.submit(1))
    shop.runtime.close()


def test_an_idle_runtime_waits_without_an_answer(shop: Shop) -> None:
    with shop.busy() as running, pytest.raises(FutureTimeoutError):
        running.result(0.01)


def test_many_threads_may_submit_at_once() -> None:
    shop = Shop(max_batch=3, workers=2)
    futures: list[Future[Hypothesis]] = []
    lock = threading.Lock()

    def ask(first: int) -> None:
        for number in range(first, first + 50):
            future = shop.submit(number, in_s=number % 7)
            with lock:
                futures.append(future)

    askers = [threading.Thread(target=ask, args=(50 * index,)) for index in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(PATIENCE_S)
    wait(*futures)
    assert sorted(shop.order) == list(range(200))
    assert all(len(batch) <= 3 for batch in shop.engine.batches)
    shop.runtime.close()
