"""What must be exact is exact, however many processes and threads try at once."""

from collections.abc import Iterator

import pytest

from oyez.store.base import KeyProblem, ScopeLimits
from oyez.store.opening import open_store

from .racer import NOW
from .races import PROCESSES, Racers
from .races import racers as start_racers


@pytest.fixture(scope="module")
def racers() -> Iterator[Racers]:
    with start_racers() as started:
        yield started


def test_of_200_simultaneous_claims_of_a_single_use_key_exactly_one_wins(
    racers: Racers, url: str
) -> None:
    store = open_store(url)
    made = store.create_temporary_key(
        now_ms=NOW, usage_type="transcribe_websocket", expires_in_s=60, single_use=True
    )
    results = racers.race(url, "claim", made.key.id, threads=200 // PROCESSES)
    assert len(results) == 200
    assert results.count(True) == 1
    assert store.find_key(made.secret, now_ms=NOW) is KeyProblem.USED
    store.close()


@pytest.mark.parametrize("project", [None, "busy"])
def test_simultaneous_streams_fill_a_limit_and_never_exceed_it(
    racers: Racers, url: str, project: str | None
) -> None:
    store = open_store(url)
    store.set_limits(ScopeLimits(concurrent_sessions=17), project=project)
    results = racers.race(url, "admit", "busy", threads=20)
    assert results.count(True) == 17
    assert store.concurrency("busy", now_ms=NOW).organization.concurrent_sessions == 17
    (minute,) = store.concurrency_history("busy", start_ms=NOW, end_ms=NOW + 1, period_s=60)
    assert minute.sample_max == 17
    store.close()


def test_simultaneous_requests_fill_a_limit_and_never_exceed_it(racers: Racers, url: str) -> None:
    store = open_store(url)
    store.set_limits(ScopeLimits(requests_per_minute=17), project=None)
    results = racers.race(url, "admit", "busy", threads=20)
    assert results.count(True) == 17
    store.close()


def test_many_processes_may_open_a_new_database_at_once(racers: Racers, empty_url: str) -> None:
    assert racers.race(empty_url, "open") == [True] * PROCESSES
    store = open_store(empty_url)
    assert store.list_keys() == ()
    store.close()
