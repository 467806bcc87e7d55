"""Calls of the REST API, the same for threads and asyncio, over real HTTP."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from oyez import OyezValidationError
from oyez.errors import RemoteProtocolError

from . import rest_server
from .rest_calls import KEY, Caller
from .rest_server import Reply, RestServer, page

WINDOW = ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")


async def test_a_temporary_key_is_asked_for_with_the_defaults_of_the_official_sdk(
    client: Caller, rest: RestServer
) -> None:
    rest.reset(Reply(rest_server.KEY_MADE, 201))
    made = await client.call("auth.create_temporary_api_key")
    assert made.api_key == "temp-secret"
    assert made.expires_at == datetime(2026, 11, 22, 18, 5, 0, 250_000, tzinfo=UTC)
    assert (rest.last.method, rest.last.path) == ("POST", "/v1/auth/temporary-api-key")
    assert rest.last.body == {"usage_type": "transcribe_websocket", "expires_in_seconds": 300}
    assert rest.last.headers["authorization"] == f"Bearer {KEY}"
    assert rest.last.headers["content-type"] == "application/json"


async def test_a_temporary_key_is_asked_for_with_every_option(
    client: Caller, rest: RestServer
) -> None:
    rest.reset(Reply(rest_server.KEY_MADE, 201))
    asked = {
        "usage_type": "tts_rt",
        "expires_in_seconds": 3600,
        "client_reference_id": "Jürgen",
        "single_use": False,
        "max_session_duration_seconds": 18_000,
    }
    await client.call("auth.create_temporary_api_key", **asked)
    assert rest.last.body == asked


async def test_models_are_listed(client: Caller, rest: RestServer) -> None:
    rest.reset(Reply({"models": [rest_server.MODEL | {"a_field_of_tomorrow": 1}]}))
    (model,) = (await client.call("models.list")).models
    assert (rest.last.method, rest.last.path, rest.last.query) == ("GET", "/v1/models", {})
    assert (model.id, model.languages[0].name) == ("moonshine-tiny", "English")
    assert model.aliased_model_id is None
    assert not model.supports_endpoint_latency_adjustment, "left out by older servers"


async def test_limits_are_read(client: Caller, rest: RestServer) -> None:
    rest.reset(Reply(rest_server.LIMITS))
    limits = await client.call("concurrency_limits.get")
    assert rest.last.path == "/v1/concurrency-limits"
    assert limits.project.current.transcribe_concurrent == 3
    assert limits.project.limits.transcribe_concurrent == 10
    assert limits.organization.limits.transcribe_concurrent is None


async def test_the_history_of_streams_is_read(client: Caller, rest: RestServer) -> None:
    rest.reset(Reply(rest_server.HISTORY))
    history = await client.call("concurrency_limits.history", *WINDOW, period_sec=3600, kind="stt")
    assert rest.last.path == "/v1/concurrent-streams-history"
    assert rest.last.query == {
        "start_time": WINDOW[0],
        "end_time": WINDOW[1],
        "period_sec": "3600",
        "kind": "stt",
    }
    assert history.entries[0].period_start == datetime(2026, 11, 22, tzinfo=UTC)
    assert history.entries[0].sample_max == 4


async def test_usage_is_added_up(client: Caller, rest: RestServer) -> None:
    rest.reset(Reply(rest_server.SUMMARY))
    summary = await client.call("usage.summary", *WINDOW)
    assert (rest.last.path, set(rest.last.query)) == (
        "/v1/usage/summary",
        {"start_time", "end_time"},
    )
    assert summary.total.model is None
    assert summary.total.days == [date(2026, 11, 22)]
    assert summary.models[0].total_num_requests == 5


async def test_a_page_of_usage_logs(client: Caller, rest: RestServer) -> None:
    rest.reset(page("ab", "more"))
    logs = await client.call("usage_logs.list", *WINDOW, 2, "end_time_desc", "from here")
    assert rest.last.path == "/v1/usage-logs"
    assert rest.last.query == {
        "start_time": WINDOW[0],
        "end_time": WINDOW[1],
        "limit": "2",
        "sort": "end_time_desc",
        "cursor": "from here",
    }
    assert [entry.uuid for entry in logs.usage_logs] == ["a", "b"]
    assert logs.usage_logs[0].end_time - logs.usage_logs[0].start_time == timedelta(seconds=10)
    assert logs.next_page_cursor == "more"


async def test_all_pages_of_usage_logs_are_fetched_as_they_are_needed(
    client: Caller, rest: RestServer
) -> None:
    rest.reset(page("ab", "2"), page("", "3"), page("c", ""))
    walk = client.iterate(*WINDOW, limit=2)
    assert [(await anext(walk)).uuid for _ in range(2)] == ["a", "b"]
    assert len(rest.asked) == 1
    assert [entry.uuid async for entry in walk] == ["c"]
    assert [asked.query.get("cursor") for asked in rest.asked] == [None, "2", "3"]
    assert {asked.query["limit"] for asked in rest.asked} == {"2"}


async def test_a_server_that_says_the_same_page_for_ever_is_found_out(
    client: Caller, rest: RestServer
) -> None:
    rest.reset(page("a", "1"))
    with pytest.raises(RemoteProtocolError, match="for ever"):
        _ = [entry async for entry in client.iterate(*WINDOW)]
    assert len(rest.asked) == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        (
            datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=1))),
            "2026-11-23T02:00:00+02:00",
        ),
        ("2026-11-22", "2026-11-23"),
    ],
)
async def test_times_may_be_given_in_any_zone(
    client: Caller, rest: RestServer, start: Any, end: Any
) -> None:
    rest.reset(page(""))
    await client.call("usage_logs.list", start, end)
    assert (rest.last.query["start_time"], rest.last.query["end_time"]) == WINDOW


@pytest.mark.parametrize(
    ("method", "arguments", "options", "problem"),
    [
        ("auth.create_temporary_api_key", (), {"expires_in_seconds": 0}, "expires_in_seconds"),
        ("auth.create_temporary_api_key", (), {"expires_in_seconds": 3601}, "expires_in_seconds"),
        ("auth.create_temporary_api_key", (), {"usage_type": "all"}, "usage_type"),
        ("auth.create_temporary_api_key", (), {"client_reference_id": "x" * 257}, "client_ref"),
        ("usage_logs.list", WINDOW, {"limit": 1001}, "limit"),
        ("usage_logs.list", WINDOW, {"sort": "newest"}, "sort"),
        ("usage_logs.list", ("yesterday", WINDOW[1]), {}, "start_time.*ISO 8601"),
        ("usage.summary", (datetime(2026, 1, 1), WINDOW[1]), {}, r"no time zone.*now\(UTC\)"),  # noqa: DTZ001
        ("concurrency_limits.history", WINDOW, {"period_sec": 61, "kind": "stt"}, "period_sec"),
        ("concurrency_limits.history", WINDOW, {"period_sec": 60, "kind": "x"}, "kind"),
    ],
)
async def test_wrong_arguments_are_refused_before_anything_is_sent(
    client: Caller,
    rest: RestServer,
    method: str,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    problem: str,
) -> None:
    with pytest.raises(OyezValidationError, match=problem):
        await client.call(method, *arguments, **options)
    assert rest.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>Welcome</html>"),
        Reply({"models": "none"}),
        Reply([]),
        Reply(b"\xff"),
        Reply("", 204),
        Reply("[" * 100_000),
    ],
    ids=["page", "field", "list", "bytes", "empty", "deep"],
)
async def test_a_success_that_is_not_understood(
    client: Caller, rest: RestServer, reply: Reply
) -> None:
    rest.reset(reply)
    with pytest.raises(RemoteProtocolError, match="answer to GET /models is not understood"):
        await client.call("models.list")
    assert len(rest.asked) == 1


async def test_an_answer_that_is_too_long_is_not_gathered(client: Caller, rest: RestServer) -> None:
    rest.reset(Reply(b" " * (16 * 1024 * 1024 + 1)))
    with pytest.raises(RemoteProtocolError, match="longer than 16777216 bytes"):
        await client.call("models.list")
