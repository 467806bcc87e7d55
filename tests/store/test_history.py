"""The history of concurrent streams, beside a simple model of it."""

import uuid
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oyez.errors import OyezValidationError
from oyez.store.base import HistoryEntry, HistoryPeriod, Lease, Store

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START = 20_000 * DAY_MS
SLOTS = {60: 1, 3600: 60, 86400: 24}
TTL_MS = 30_000


@dataclass
class Model:
    """How many streams were open in each minute, at most."""

    open: int = 0
    now_ms: int = START
    peaks: dict[int, int] = field(default_factory=dict)

    def note(self) -> None:
        if self.open:
            minute = self.now_ms // 60_000
            self.peaks[minute] = max(self.peaks.get(minute, 0), self.open)

    def entry(self, start_ms: int, period_s: HistoryPeriod) -> HistoryEntry:
        slots = SLOTS[period_s]
        slot_minutes = period_s // slots // 60
        first = start_ms // 60_000
        values = [
            max(
                self.peaks.get(first + slot * slot_minutes + minute, 0)
                for minute in range(slot_minutes)
            )
            for slot in range(slots)
        ]
        active = [value for value in values if value]
        if not active:
            return HistoryEntry(start_ms, period_s, 0, 0, 0, 0, 0)
        return HistoryEntry(start_ms, period_s, 0, max(active), sum(active), len(active), slots)


@given(
    moves=st.lists(
        st.tuples(st.sampled_from("+++-"), st.integers(0, 40) | st.integers(0, 2000)), max_size=12
    )
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_history_is_what_was_open(store: Store, moves: list[tuple[str, int]]) -> None:
    project = uuid.uuid4().hex
    model = Model()
    leases: list[Lease] = []
    for move, pause_minutes in moves:
        if move == "+":
            lease = store.admit(project, now_ms=model.now_ms, ttl_ms=10 * DAY_MS)
            assert isinstance(lease, Lease)
            leases.append(lease)
            model.open += 1
            model.note()
        elif leases:
            model.note()
            store.release_leases([leases.pop()], now_ms=model.now_ms)
            model.open -= 1
        for _ in range(min(pause_minutes, 3)):
            model.now_ms += 60_000
            model.note()
            store.renew_leases(leases, now_ms=model.now_ms, ttl_ms=10 * DAY_MS)
        if not leases:
            model.now_ms += 60_000 * pause_minutes
    end_ms = model.now_ms + 1
    for period_s in (60, 3600, 86400):
        found = store.concurrency_history(project, start_ms=START, end_ms=end_ms, period_s=period_s)
        starts = range(START, end_ms, 1000 * period_s)
        assert list(found) == [model.entry(start, period_s) for start in starts]


def test_periods_are_aligned_and_filtered_by_their_start(store: Store) -> None:
    found = store.concurrency_history(
        "default", start_ms=START + 1, end_ms=START + 2 * HOUR_MS + 1, period_s=3600
    )
    assert [entry.period_start_ms for entry in found] == [START + HOUR_MS, START + 2 * HOUR_MS]
    empty = store.concurrency_history(
        "default", start_ms=START + 1, end_ms=START + HOUR_MS, period_s=3600
    )
    assert empty == ()


def test_a_project_sees_its_own_streams_only(store: Store) -> None:
    store.admit("theirs", now_ms=START)
    (entry,) = store.concurrency_history("ours", start_ms=START, end_ms=START + 1, period_s=60)
    assert entry == HistoryEntry(START, 60, 0, 0, 0, 0, 0)


def test_a_stream_that_lapsed_is_not_in_the_minutes_after(store: Store) -> None:
    store.admit("default", now_ms=START, ttl_ms=TTL_MS)
    store.admit("default", now_ms=START + 60_000, ttl_ms=TTL_MS)
    found = store.concurrency_history(
        "default", start_ms=START, end_ms=START + 120_000, period_s=60
    )
    assert [entry.sample_max for entry in found] == [1, 1]


@pytest.mark.parametrize(
    ("length_ms", "period_s"), [(DAY_MS * 8, 60), (-1, 60), (60_000, 61), (60_000, 0)]
)
def test_a_history_that_makes_no_sense_is_refused(
    store: Store, length_ms: int, period_s: HistoryPeriod
) -> None:
    with pytest.raises(OyezValidationError):
        store.concurrency_history(
            "default", start_ms=START, end_ms=START + length_ms, period_s=period_s
        )


def test_a_week_of_minutes_and_a_year_of_days_may_be_asked_for(store: Store) -> None:
    for days, period_s, periods in ((7, 60, 10_080), (366, 86400, 366)):
        found = store.concurrency_history(
            "default",
            start_ms=START,
            end_ms=START + days * DAY_MS,
            period_s=period_s,  # type: ignore[arg-type]
        )
        assert len(found) == periods
