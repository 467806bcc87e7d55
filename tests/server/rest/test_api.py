"""What each endpoint of the REST API answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from oyez.protocol.models import REAL_TIME_ALIASES, REAL_TIME_MODEL
from oyez.protocol.rest import (
    GetConcurrencyLimitsResponse,
    GetConcurrentStreamsHistoryResponse,
    GetModelsResponse,
    GetUsageLogsResponse,
    GetUsageSummaryResponse,
)
from oyez.store.base import Store, UsageRecord
from server.wire import END, converse, dial, fox_audio, rest, start

from .conftest import Start, client, eventually

KEYS = "/v1/auth/temporary-api-key"
ASKED = {"usage_type": "transcribe_websocket", "expires_in_seconds": 60}


def window(days: float = 1, **more: Any) -> dict[str, Any]:
    """A query that ends in a minute and began some days before."""
    end = datetime.now(UTC) + timedelta(minutes=1)
    begin = end - timedelta(days=days)
    return {"start_time": begin.isoformat(), "end_time": end.isoformat(), **more}


def test_a_temporary_key_tells_when_it_expires(api: httpx.Client) -> None:
    before = datetime.now(UTC)
    answer = api.post(KEYS, json=ASKED)
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == ["api_key", "expires_at"]
    assert made["expires_at"].endswith("Z")
    expires_at = datetime.fromisoformat(made["expires_at"])
    assert timedelta(0) <= expires_at - before - timedelta(seconds=60) < timedelta(seconds=30)
    assert answer.headers["cache-control"] == "no-store"


def test_null_is_the_same_as_leaving_a_field_out(api: httpx.Client) -> None:
    nothing = dict.fromkeys(("client_reference_id", "single_use", "max_session_duration_seconds"))
    assert api.post(KEYS, json=ASKED | nothing).status_code == 201


@pytest.mark.parametrize(
    ("changes", "location", "error_type"),
    [
        ({"usage_type": "x"}, "usage_type", "literal_error"),
        ({"usage_type": None}, "usage_type", "literal_error"),
        ({"expires_in_seconds": 0}, "expires_in_seconds", "greater_than_equal"),
        ({"expires_in_seconds": 3_601}, "expires_in_seconds", "less_than_equal"),
        ({"expires_in_seconds": "60"}, "expires_in_seconds", "int_type"),
        ({"single_use": "yes"}, "single_use", "bool_type"),
        ({"client_reference_id": "x" * 257}, "client_reference_id", "string_too_long"),
        ({"max_session_duration_seconds": 0}, "max_session_duration_seconds", "greater_than_equal"),
        (
            {"max_session_duration_seconds": 18_001},
            "max_session_duration_seconds",
            "less_than_equal",
        ),
    ],
)
def test_each_wrong_field_is_named(
    api: httpx.Client, changes: dict[str, Any], location: str, error_type: str
) -> None:
    error = api.post(KEYS, json=ASKED | changes).json()
    (problem,) = error["validation_errors"]
    assert problem["location"] == f"body.payload.{location}"
    assert problem["error_type"] == error_type
    assert location in error["message"]


def test_everything_that_is_missing_is_named(api: httpx.Client) -> None:
    error = api.post(KEYS, json={}).json()
    assert [problem["error_type"] for problem in error["validation_errors"]] == ["missing"] * 2
    assert [problem["location"] for problem in error["validation_errors"]] == [
        "body.payload.usage_type",
        "body.payload.expires_in_seconds",
    ]


def test_every_name_of_the_model_is_listed(api: httpx.Client) -> None:
    models = GetModelsResponse.model_validate(api.get("/v1/models").json()).models
    own, *others = models
    assert (own.id, own.aliased_model_id) == ("scripted", None)
    assert [other.id for other in others] == [REAL_TIME_MODEL, *REAL_TIME_ALIASES]
    assert {other.aliased_model_id for other in others} == {"scripted"}
    for model in models:
        assert model.transcription_mode == "real_time"
        assert [language.name for language in model.languages] == ["English"]
        assert model.supports_endpoint_latency_adjustment
        assert model.endpoint_latency_adjustment_max_level == 3
        assert (model.one_way_translation, model.two_way_translation) == (None, None)
        assert model.context_version is None


async def test_a_stream_is_in_the_usage_log_once_it_has_ended(start_server: Start) -> None:
    server = start_server()
    began = datetime.now(UTC)
    opening = start(client_reference_id="call-7", context={"text": "x" * 41})
    messages = await converse(server.websocket_url, [opening, fox_audio(4_000), END])
    assert messages[-1]["finished"]
    with client(server) as api:
        logs = eventually(
            lambda: GetUsageLogsResponse.model_validate(
                api.get("/v1/usage-logs", params=window()).json()
            ),
            lambda seen: seen.usage_logs,
        )
        (entry,) = logs.usage_logs
        assert logs.next_page_cursor is None
        assert (entry.client_reference_id, entry.model) == ("call-7", "scripted")
        assert began - timedelta(seconds=1) <= entry.start_time <= entry.end_time
        assert entry.input_audio_duration_ms == 4_000
        assert entry.input_audio_tokens == 34
        assert entry.input_text_tokens == 11
        assert entry.output_text_tokens == 9
        assert (entry.cost_usd, entry.output_audio_tokens) == ("0", 0)

        usage = GetUsageSummaryResponse.model_validate(
            api.get("/v1/usage/summary", params=window()).json()
        )
    assert usage.total.model is None
    assert [model.model for model in usage.models] == ["scripted"]
    assert usage.total.total_num_requests == sum(usage.total.num_requests) == 1
    assert usage.total.total_input_audio_duration_ms == 4_000
    assert len(usage.total.days) == len(usage.total.cost_usd) in (2, 3)


def record(number: int, end_ms: int) -> UsageRecord:
    return UsageRecord(uuid=f"r{number}", model="m", start_ms=end_ms - 10, end_ms=end_ms)


def test_the_usage_log_comes_in_pages(start_server: Start, store: Store) -> None:
    server = start_server()
    now_ms = server.hub.now_ms()
    for number in range(5):
        store.record_usage(record(number, now_ms - 1_000 + number))
    with client(server) as api:
        for sort, expected in (("end_time_asc", "01234"), ("end_time_desc", "43210")):
            query = window(limit=2, sort=sort, cursor="")
            found = []
            while True:
                page = api.get("/v1/usage-logs", params=query).json()
                found += [entry["uuid"] for entry in page["usage_logs"]]
                if page["next_page_cursor"] is None:
                    break
                query["cursor"] = page["next_page_cursor"]
            assert "".join(found) == "".join(f"r{number}" for number in expected)
        answer = api.get("/v1/usage-logs", params=window(cursor="nonsense"))
    assert (answer.status_code, answer.json()["error_type"]) == (400, "invalid_cursor")


def test_days_without_usage_are_zeros(start_server: Start, store: Store) -> None:
    day_ms = 86_400_000
    first = datetime(2026, 3, 1, tzinfo=UTC)
    first_ms = int(first.timestamp()) * 1_000
    for number, end_ms in enumerate((first_ms - 1, first_ms, first_ms + 2 * day_ms)):
        store.record_usage(record(number, end_ms))
    with client(start_server()) as api:
        # Touches three days; the third begins at its very end and is left out.
        query = {"start_time": "2026-02-28T23:59:00Z", "end_time": "2026-03-03T00:00:00Z"}
        usage = GetUsageSummaryResponse.model_validate(
            api.get("/v1/usage/summary", params=query).json()
        )
    assert [str(day) for day in usage.total.days] == ["2026-02-28", "2026-03-01", "2026-03-02"]
    assert usage.total.num_requests == [1, 1, 0]
    assert usage.total.duration_ms == [10, 10, 0]


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/v1/usage-logs", window(31.1), "end_time"),
        ("/v1/usage-logs", window(-1), "end_time"),
        ("/v1/usage-logs", window(limit=0), "limit"),
        ("/v1/usage-logs", window(limit=1_001), "limit"),
        ("/v1/usage-logs", window(sort="x"), "sort"),
        ("/v1/usage-logs", window(cursor="x" * 513), "cursor"),
        ("/v1/usage-logs", window() | {"start_time": "12345"}, "start_time"),
        ("/v1/usage-logs", window() | {"end_time": "9999-12-31T23:59:59-23:59"}, "end_time"),
        (
            "/v1/usage-logs",
            {"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-02T00:00:00Z"},
            "start_time",
        ),
        ("/v1/usage/summary", window(366.1), "end_time"),
        ("/v1/concurrent-streams-history", window(7.1, period_sec=60, kind="stt"), "end_time"),
        ("/v1/concurrent-streams-history", window(367, period_sec=3600, kind="stt"), "end_time"),
        ("/v1/concurrent-streams-history", window(period_sec=61, kind="stt"), "period_sec"),
        ("/v1/concurrent-streams-history", window(period_sec=60, kind="x"), "kind"),
    ],
)
def test_a_wrong_query_is_named(
    api: httpx.Client, path: str, query: dict[str, Any], location: str
) -> None:
    answer = api.get(path, params=query)
    assert answer.status_code == 400, answer.text
    (problem,) = answer.json()["validation_errors"]
    assert problem["location"] == f"query.payload.{location}"


async def test_open_streams_are_counted(start_server: Start) -> None:
    server = start_server(project_max_sessions=5)
    path = "/v1/concurrency-limits"
    with client(server) as api:
        async with dial(server.websocket_url) as ws:
            await ws.send(start())
            await ws.send(fox_audio(4_000))
            assert await ws.recv()
            open_now = GetConcurrencyLimitsResponse.model_validate(api.get(path).json())
            await ws.send(END)
            await rest(ws)
        for scope, limit in ((open_now.project, 5), (open_now.organization, 100)):
            assert scope.current.transcribe_concurrent == 1
            assert scope.limits.transcribe_concurrent == limit
            assert (scope.current.tts_concurrent, scope.limits.tts_concurrent) == (0, None)
        eventually(
            lambda: GetConcurrencyLimitsResponse.model_validate(api.get(path).json()),
            lambda seen: seen.organization.current.transcribe_concurrent == 0,
        )

        query = window(1 / 24, period_sec=60, kind="stt")
        history = GetConcurrentStreamsHistoryResponse.model_validate(
            api.get("/v1/concurrent-streams-history", params=query).json()
        )
        assert sum(entry.sample_max for entry in history.entries) in (1, 2)
        assert len(history.entries) == 60
        busy = [entry for entry in history.entries if entry.sample_max]
        assert all((entry.sample_count, entry.total_count) == (1, 1) for entry in busy)
        query["kind"] = "tts"
        other = api.get("/v1/concurrent-streams-history", params=query).json()
    assert other["kind"] == "tts"
    assert not any(entry["sample_max"] or entry["total_count"] for entry in other["entries"])


def test_without_a_store_only_what_needs_none_is_there(start_server: Start) -> None:
    server = start_server(store_url=None)
    with client(server) as api:
        assert api.get("/v1/models").status_code == 200
        limits = api.get("/v1/concurrency-limits").json()
        assert limits["organization"]["limits"]["transcribe_concurrent"] == 100
        for answer in (
            api.post(KEYS, json=ASKED),
            api.get("/v1/usage-logs", params=window()),
            api.get("/v1/usage/summary", params=window()),
        ):
            assert (answer.status_code, answer.json()["error_type"]) == (503, "service_unavailable")
            assert "without a store" in answer.json()["message"]
