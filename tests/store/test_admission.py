"""Limits, requests per minute, and the places of open streams, in both databases."""

import itertools
import uuid
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oyez.errors import OyezValidationError
from oyez.store.base import LEASE_TTL_MS, DefaultLimits, Lease, LimitReached, ScopeLimits, Store
from oyez.store.opening import open_store

NOW = 1_800_000_000_000
EPOCHS = itertools.count(NOW + 10**9, 10**9)
SAME_STORE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def acquire(store: Store, project: str = "default", *, now_ms: int = NOW) -> Lease:
    lease = store.admit(project, now_ms=now_ms)
    assert isinstance(lease, Lease), lease
    return lease


def counts(store: Store, project: str = "default", *, now_ms: int = NOW) -> tuple[int, int]:
    found = store.concurrency(project, now_ms=now_ms)
    return found.project.concurrent_sessions, found.organization.concurrent_sessions


def test_without_limits_everything_is_admitted_and_counted(store: Store) -> None:
    for _ in range(12):
        acquire(store)
    acquire(store, "other")
    assert counts(store) == (12, 13)
    assert store.concurrency("default", now_ms=NOW).project.limits == ScopeLimits()


def test_the_projects_limit_of_sessions_is_named(store: Store) -> None:
    store.set_limits(ScopeLimits(concurrent_sessions=2), project="small")
    acquire(store, "small")
    acquire(store, "small")
    assert store.admit("small", now_ms=NOW) == LimitReached(
        "project", "concurrent_sessions", limit=2, current=2, retry_after_ms=None
    )
    acquire(store, "other")
    assert counts(store, "small") == (2, 3)


def test_the_whole_servers_limit_of_sessions_comes_first(store: Store) -> None:
    store.set_limits(ScopeLimits(concurrent_sessions=1), project=None)
    store.set_limits(ScopeLimits(concurrent_sessions=1), project="a")
    acquire(store, "a")
    for project in ("a", "b"):
        assert store.admit(project, now_ms=NOW) == LimitReached(
            "organization", "concurrent_sessions", limit=1, current=1, retry_after_ms=None
        )


def test_a_limit_of_zero_admits_nobody(store: Store) -> None:
    store.set_limits(ScopeLimits(0, 0), project="closed")
    refused = store.admit("closed", now_ms=NOW)
    assert refused == LimitReached("project", "requests_per_minute", 0, 0, retry_after_ms=None)
    store.set_limits(ScopeLimits(0), project="closed")
    refused = store.admit("closed", now_ms=NOW)
    assert refused == LimitReached("project", "concurrent_sessions", 0, 0, retry_after_ms=None)


def test_a_place_that_is_given_back_is_free_at_once(store: Store) -> None:
    store.set_limits(ScopeLimits(concurrent_sessions=1), project=None)
    lease = acquire(store)
    store.release_leases([lease], now_ms=NOW)
    assert counts(store) == (0, 0)
    acquire(store)
    store.release_leases([lease], now_ms=NOW)
    assert counts(store) == (1, 1)


def test_a_crashed_processs_places_are_free_when_their_leases_lapse(store: Store) -> None:
    store.set_limits(ScopeLimits(concurrent_sessions=1), project=None)
    lease = acquire(store)
    assert isinstance(store.admit("default", now_ms=lease.expires_at_ms - 1), LimitReached)
    assert counts(store, now_ms=lease.expires_at_ms) == (0, 0)
    acquire(store, now_ms=lease.expires_at_ms)


def test_a_lease_that_is_renewed_does_not_lapse(store: Store) -> None:
    leases = [acquire(store), acquire(store, "other")]
    store.renew_leases(leases, now_ms=NOW + 20_000, ttl_ms=30_000)
    assert counts(store, now_ms=NOW + 49_999) == (1, 2)
    assert counts(store, now_ms=NOW + 50_000) == (0, 0)


def test_a_stream_whose_lease_has_lapsed_counts_again_when_it_is_renewed(store: Store) -> None:
    """Its process stood still; the stream runs, so the limit has to make do with it."""
    store.set_limits(ScopeLimits(concurrent_sessions=1), project=None)
    lease = acquire(store)
    later = lease.expires_at_ms + 1
    acquire(store, now_ms=later)
    store.purge(now_ms=later)
    store.renew_leases([lease], now_ms=later)
    assert counts(store, now_ms=later) == (2, 2)


def test_renewing_and_releasing_nothing_is_no_error(store: Store) -> None:
    store.renew_leases([], now_ms=NOW)
    store.release_leases([], now_ms=NOW)
    assert counts(store) == (0, 0)


def test_the_limit_of_requests_is_named_with_the_time_to_wait(store: Store) -> None:
    store.set_limits(ScopeLimits(requests_per_minute=2), project="small")
    assert isinstance(store.admit("small", now_ms=NOW), Lease)
    assert isinstance(store.admit("small", now_ms=NOW + 20_000), Lease)
    refused = store.admit("small", now_ms=NOW + 30_000)
    assert refused == LimitReached("project", "requests_per_minute", 2, 2, retry_after_ms=31_000)
    assert isinstance(store.admit("small", now_ms=NOW + 30_000 + 30_999), LimitReached)
    assert isinstance(store.admit("small", now_ms=NOW + 30_000 + 31_000), Lease)
    assert isinstance(store.admit("other", now_ms=NOW + 30_000), Lease)


def test_requests_of_all_projects_count_for_the_whole_server(store: Store) -> None:
    store.set_limits(ScopeLimits(requests_per_minute=2), project=None)
    store.set_limits(ScopeLimits(requests_per_minute=1), project="a")
    assert isinstance(store.admit("a", now_ms=NOW), Lease)
    assert isinstance(store.admit("b", now_ms=NOW), Lease)
    refused = store.admit("a", now_ms=NOW)
    assert isinstance(refused, LimitReached)
    assert (refused.scope, refused.limit, refused.current) == ("organization", 2, 2)


def test_what_finds_no_place_is_no_request(store: Store) -> None:
    store.set_limits(ScopeLimits(concurrent_sessions=1, requests_per_minute=2), project="small")
    lease = acquire(store, "small")
    for _ in range(3):
        refused = store.admit("small", now_ms=NOW)
        assert isinstance(refused, LimitReached)
        assert refused.limit_name == "concurrent_sessions"
    store.release_leases([lease], now_ms=NOW)
    lease = acquire(store, "small")
    store.release_leases([lease], now_ms=NOW)
    refused = store.admit("small", now_ms=NOW)
    assert isinstance(refused, LimitReached)
    assert (refused.limit_name, refused.current) == ("requests_per_minute", 2)


def test_what_is_too_many_requests_takes_no_place(store: Store) -> None:
    store.set_limits(ScopeLimits(requests_per_minute=1), project=None)
    acquire(store)
    assert isinstance(store.admit("default", now_ms=NOW), LimitReached)
    assert counts(store) == (1, 1)


@given(
    steps=st.lists(st.integers(0, 30_000), min_size=1, max_size=30),
    limit=st.integers(1, 4),
    offset_ms=st.integers(0, 999),
)
@SAME_STORE
def test_no_60_seconds_see_more_requests_than_the_limit(
    store: Store, steps: list[int], limit: int, offset_ms: int
) -> None:
    project = uuid.uuid4().hex
    store.set_limits(ScopeLimits(requests_per_minute=limit), project=project)
    now_ms = NOW + offset_ms
    admitted: list[int] = []
    for step in steps:
        now_ms += step
        recent = sum(now_ms - 61_000 < at_ms for at_ms in admitted)
        refused = store.admit(project, now_ms=now_ms)
        if isinstance(refused, Lease):
            admitted.append(now_ms)
            assert sum(now_ms - 60_000 < at_ms for at_ms in admitted) <= limit
        else:
            assert recent >= limit
            assert refused.retry_after_ms is not None
            assert 0 < refused.retry_after_ms <= 61_000
            again = store.admit(project, now_ms=now_ms + refused.retry_after_ms - 1)
            assert isinstance(again, LimitReached)


@dataclass
class Place:
    """A lease as the model sees it."""

    lease: Lease
    expires_at_ms: int


@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["acquire", "acquire", "renew", "release", "purge"]),
            st.integers(0, 1),
            st.integers(0, 25_000),
        ),
        max_size=25,
    ),
    limits=st.tuples(st.integers(0, 5), st.integers(0, 3)),
)
@SAME_STORE
def test_places_are_what_a_simple_model_says(
    store: Store, moves: list[tuple[str, int, int]], limits: tuple[int, int]
) -> None:
    projects = [uuid.uuid4().hex, uuid.uuid4().hex]
    store.set_limits(ScopeLimits(limits[0]), project=None)
    store.set_limits(ScopeLimits(limits[1]), project=projects[0])
    places: list[Place] = []
    # Later than all that the examples before have left behind.
    now_ms = next(EPOCHS)

    def open_in(project: str | None) -> int:
        live = [place.lease for place in places if place.expires_at_ms > now_ms]
        return sum(project in (None, lease.project) for lease in live)

    for move, which, pause_ms in moves:
        now_ms += pause_ms
        project = projects[which]
        if move == "acquire":
            got = store.admit(project, now_ms=now_ms)
            if open_in(None) >= limits[0]:
                expected = LimitReached("organization", "concurrent_sessions", limits[0], 0, None)
            elif which == 0 and open_in(project) >= limits[1]:
                expected = LimitReached("project", "concurrent_sessions", limits[1], 0, None)
            else:
                assert isinstance(got, Lease)
                places.append(Place(got, got.expires_at_ms))
                continue
            assert isinstance(got, LimitReached)
            assert replace(got, current=0) == expected
        elif move == "renew":
            chosen = [place for place in places if place.lease.project == project]
            store.renew_leases([place.lease for place in chosen], now_ms=now_ms)
            for place in chosen:
                place.expires_at_ms = now_ms + LEASE_TTL_MS
        elif move == "release" and places:
            store.release_leases([places.pop(which - 1).lease], now_ms=now_ms)
        elif move == "purge":
            store.purge(now_ms=now_ms)
        assert counts(store, project, now_ms=now_ms) == (open_in(project), open_in(None))


def test_stored_limits_stand_above_the_defaults_until_they_are_reset(url: str) -> None:
    defaults = DefaultLimits(ScopeLimits(10, 100), ScopeLimits(5, 50))
    store = open_store(url, defaults=defaults)
    assert store.limits(project=None) == ScopeLimits(10, 100)
    assert store.limits(project="a") == ScopeLimits(5, 50)
    store.set_limits(ScopeLimits(None, 7), project="a")
    store.set_limits(ScopeLimits(3, None), project=None)
    store.set_limits(ScopeLimits(4, None), project=None)
    assert store.limits(project="a") == ScopeLimits(None, 7)
    assert store.limits(project="b") == ScopeLimits(5, 50)
    assert store.limits(project=None) == ScopeLimits(4, None)
    found = store.concurrency("a", now_ms=NOW)
    assert (found.project.limits, found.organization.limits) == (
        ScopeLimits(None, 7),
        ScopeLimits(4, None),
    )
    store.reset_limits(project="a")
    store.reset_limits(project=None)
    assert store.limits(project="a") == defaults.project
    assert store.limits(project=None) == defaults.organization
    store.close()


@pytest.mark.parametrize("limits", [ScopeLimits(-1), ScopeLimits(None, -1), ScopeLimits(10**7)])
def test_a_limit_that_makes_no_sense_is_refused(store: Store, limits: ScopeLimits) -> None:
    with pytest.raises(OyezValidationError):
        store.set_limits(limits, project=None)


def test_what_nobody_can_ask_for_any_more_is_purged(store: Store) -> None:
    day_ms = 86_400_000
    store.create_temporary_key(now_ms=NOW, usage_type="tts_rt", expires_in_s=1)
    acquire(store)
    assert store.purge(now_ms=NOW) == 0
    # The lease and the count of requests.
    assert store.purge(now_ms=NOW + 100_000) == 2
    # The temporary key, and after 400 days the minute's peak.
    assert store.purge(now_ms=NOW + day_ms + 2000) == 1
    assert store.purge(now_ms=NOW + 401 * day_ms) == 1
    assert store.purge(now_ms=NOW + 401 * day_ms) == 0


def test_a_purge_removes_no_more_rows_of_a_kind_than_it_may(store: Store) -> None:
    for _ in range(5):
        acquire(store)
    later = NOW + 86_400_000
    removed = [store.purge(now_ms=later, max_rows=2) for _ in range(4)]
    # Five leases, and the count of the requests in their second.
    assert removed == [3, 2, 1, 0]


def test_a_purge_goes_on_in_steps_until_all_is_removed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oyez.store.sql.PURGE_STEP", 2)
    for _ in range(5):
        acquire(store)
    assert store.purge(now_ms=NOW + 86_400_000) == 6


def test_a_purge_keeps_what_counts(store: Store) -> None:
    acquire(store)
    store.set_limits(ScopeLimits(requests_per_minute=1), project=None)
    store.purge(now_ms=NOW + 10_000)
    assert counts(store, now_ms=NOW + 10_000) == (1, 1)
    assert isinstance(store.admit("default", now_ms=NOW + 10_000), LimitReached)
