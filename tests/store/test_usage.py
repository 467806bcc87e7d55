"""Usage records: every one once, in order, whatever the size of a page."""

import base64
import json
import uuid
from collections import defaultdict
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oyez.errors import InvalidCursorError, OyezValidationError
from oyez.store.base import Store, UsageOrder, UsageRecord

DAY_MS = 86_400_000
NOW = 20_000 * DAY_MS
ORDERS = get_args(UsageOrder)
SAME_STORE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def record(end_ms: int = NOW, **facts: Any) -> UsageRecord:
    made = UsageRecord(uuid=str(uuid.uuid4()), model="m", start_ms=end_ms - 10, end_ms=end_ms)
    return replace(made, **facts)


def pages(
    store: Store, project: str, *, order: UsageOrder, limit: int, start_ms: int, end_ms: int
) -> list[UsageRecord]:
    found: list[UsageRecord] = []
    cursor: str | None = ""
    while cursor is not None:
        page = store.usage_page(
            project, start_ms=start_ms, end_ms=end_ms, limit=limit, order=order, cursor=cursor
        )
        assert len(page.records) <= limit
        assert page.records or page.next_cursor is None
        found += page.records
        cursor = page.next_cursor
    return found


def test_a_record_comes_back_as_it_was(store: Store) -> None:
    kept = record(
        project="clinic",
        request_scope="playground",
        client_reference_id="☃ 7",
        model="stt-rt-v5",
        input_text_tokens=1,
        input_audio_tokens=2,
        input_audio_duration_ms=3,
        output_text_tokens=4,
        output_audio_tokens=5,
        output_audio_duration_ms=2**40,
        api_key_id="someone",
    )
    store.record_usage(kept)
    page = store.usage_page("clinic", start_ms=NOW, end_ms=NOW + 1)
    assert page.records == (kept,)
    assert page.next_cursor is None


def test_the_window_is_by_end_time_and_half_open(store: Store) -> None:
    kept = [record(NOW + offset) for offset in (-1, 0, 1, 2)]
    for item in kept:
        store.record_usage(item)
    page = store.usage_page("default", start_ms=NOW, end_ms=NOW + 2)
    assert list(page.records) == kept[1:3]


def test_a_project_sees_its_own_records_only(store: Store) -> None:
    store.record_usage(record(project="theirs"))
    assert store.usage_page("ours", start_ms=0, end_ms=2 * NOW).records == ()
    assert store.usage_summary("ours", start_ms=0, end_ms=2 * NOW) == ()


def test_a_record_that_is_told_twice_counts_once(store: Store) -> None:
    kept = record()
    store.record_usage(kept)
    store.record_usage(replace(kept, model="other"))
    assert store.usage_page("default", start_ms=0, end_ms=2 * NOW).records == (kept,)


def test_a_reference_may_hold_what_the_database_cannot(store: Store) -> None:
    store.record_usage(record(client_reference_id="a\0\ud800"))
    (found,) = store.usage_page("default", start_ms=0, end_ms=2 * NOW).records
    assert found.client_reference_id == "a\ufffd?"


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_ms": NOW + 1},
        {"output_text_tokens": -1},
        {"uuid": ""},
        {"uuid": "x" * 65},
        {"api_key_id": "x" * 37},
    ],
)
def test_an_impossible_record_is_refused(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(OyezValidationError):
        store.record_usage(record(**wrong))


@given(
    ends=st.lists(st.integers(0, 6), max_size=25),
    limit=st.integers(1, 30),
    order=st.sampled_from(ORDERS),
    window=st.tuples(st.integers(0, 7), st.integers(0, 7)),
)
@SAME_STORE
def test_pages_of_any_size_give_every_record_once_and_in_order(
    store: Store, ends: list[int], limit: int, order: UsageOrder, window: tuple[int, int]
) -> None:
    project = uuid.uuid4().hex
    kept = [record(NOW + end, project=project) for end in ends]
    for item in kept:
        store.record_usage(item)
    first, last = NOW + window[0], NOW + window[1]
    inside = [item for item in kept if first <= item.end_ms < last]
    expected = sorted(inside, key=lambda item: (item.end_ms, item.uuid))
    if order == "end_time_desc":
        expected.reverse()
    found = pages(store, project, order=order, limit=limit, start_ms=first, end_ms=last)
    assert found == expected


@pytest.mark.parametrize("order", ORDERS)
def test_records_that_come_while_one_reads_disturb_nothing(store: Store, order: UsageOrder) -> None:
    kept = [record(NOW + 10 * number) for number in range(4)]
    for item in kept:
        store.record_usage(item)
    first = store.usage_page("default", start_ms=0, end_ms=2 * NOW, limit=2, order=order)
    store.record_usage(record(first.records[0].end_ms))
    second = store.usage_page(
        "default", start_ms=0, end_ms=2 * NOW, limit=9, order=order, cursor=first.next_cursor
    )
    seen = [*first.records, *second.records]
    assert len(seen) == len(set(seen))
    assert set(kept) <= set(seen)


def forged(*facts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!",
        "☃",
        "\0",
        "a" * 5000,
        forged(),
        forged("a", 1),
        forged("b", 1, "u"),
        forged("a", "1", "u"),
        forged("a", True, "u"),
        forged("a", -1, "u"),
        forged("a", 2**63, "u"),
        forged("a", 1.5, "u"),
        forged("a", 1, "\0"),
        forged("a", 1, "\ud800"),
        forged("a", 1, None),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
    ],
)
def test_a_cursor_that_the_store_did_not_give_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidCursorError, match="next_page_cursor"):
        store.usage_page("default", start_ms=0, end_ms=2 * NOW, cursor=cursor)


@given(
    cursor=st.one_of(
        st.text(max_size=40),
        st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    )
)
@SAME_STORE
def test_no_cursor_does_harm(store: Store, cursor: str) -> None:
    try:
        page = store.usage_page("nobody", start_ms=0, end_ms=2 * NOW, cursor=cursor)
    except InvalidCursorError:
        return
    assert page.records == ()


def test_a_cursor_belongs_to_its_order(store: Store) -> None:
    for number in range(2):
        store.record_usage(record(NOW + number))
    cursor = store.usage_page("default", start_ms=0, end_ms=2 * NOW, limit=1).next_cursor
    with pytest.raises(InvalidCursorError):
        store.usage_page(
            "default", start_ms=0, end_ms=2 * NOW, order="end_time_desc", cursor=cursor
        )


@pytest.mark.parametrize("limit", [0, 1001, -1])
def test_a_page_has_1_to_1000_records(store: Store, limit: int) -> None:
    with pytest.raises(OyezValidationError, match="limit"):
        store.usage_page("default", start_ms=0, end_ms=1, limit=limit)


streams = st.lists(
    st.tuples(
        st.integers(0, 3 * DAY_MS),
        st.sampled_from(["small", "Large", "ä"]),
        st.integers(0, 2**45),
        st.integers(0, 10**9),
    ),
    max_size=15,
)


@given(streams=streams)
@SAME_STORE
def test_a_summary_adds_up_every_day_and_model(
    store: Store, streams: list[tuple[int, str, int, int]]
) -> None:
    project = uuid.uuid4().hex
    expected: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for offset, model, tokens, duration_ms in streams:
        end_ms = NOW + offset
        store.record_usage(
            record(
                end_ms,
                start_ms=end_ms - duration_ms,
                project=project,
                model=model,
                output_text_tokens=tokens,
                input_audio_duration_ms=duration_ms,
            )
        )
        if offset < 2 * DAY_MS:
            row = expected[end_ms // DAY_MS * DAY_MS, model]
            added = (1, duration_ms, tokens, duration_ms)
            row[:] = [old + new for old, new in zip(row, added, strict=True)]
    found = store.usage_summary(project, start_ms=NOW, end_ms=NOW + 2 * DAY_MS)
    assert [
        (
            (day.day_start_ms, day.model),
            [
                day.num_requests,
                day.duration_ms,
                day.output_text_tokens,
                day.input_audio_duration_ms,
            ],
        )
        for day in found
    ] == sorted(expected.items())
