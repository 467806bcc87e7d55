"""Calls of the REST API, the same for threads and asyncio, over real HTTP."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from oyez import (
    AsyncOyezClient,
    OyezClient,
    OyezRequestError,
    OyezUnavailableError,
    OyezValidationError,
)
from oyez.client.rest import patience
from oyez.errors import RemoteProtocolError

from . import rest_server
from .rest_calls import KEY, Caller, caller
from .rest_server import Reply, RestServer, hanging_up, page

WINDOW = ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
FAILED = Reply({"status_code": 500, "error_type": "internal_error", "message": "Oh."}, 500)


@pytest.fixture(scope="session")
def _the_rest_server() -> Iterator[RestServer]:
    with rest_server.rest_server() as server:
        yield server


@pytest.fixture
def rest(_the_rest_server: RestServer) -> RestServer:
    _the_rest_server.reset()
    return _the_rest_server


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
async def client(kind: str, rest: RestServer) -> AsyncIterator[Caller]:
    async with caller(kind, rest.base_url) as made:
        yield made


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_SEC", 0.001)


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


@pytest.mark.usefixtures("_hasty")
async def test_reading_is_tried_again_after_a_failure(client: Caller, rest: RestServer) -> None:
    rest.reset(FAILED, Reply("busy", 503), Reply(rest_server.LIMITS))
    assert await client.call("concurrency_limits.get")
    assert len(rest.asked) == 3


@pytest.mark.usefixtures("_hasty")
async def test_after_the_last_retry_the_failure_is_raised(client: Caller, rest: RestServer) -> None:
    rest.reset(FAILED)
    with pytest.raises(OyezUnavailableError):
        await client.call("concurrency_limits.get")
    assert len(rest.asked) == 3


async def test_a_client_may_have_no_retries(kind: str, rest: RestServer) -> None:
    rest.reset(FAILED)
    async with caller(kind, rest.base_url, max_retries=0) as client:
        with pytest.raises(OyezUnavailableError):
            await client.call("models.list")
    assert len(rest.asked) == 1


async def test_a_key_is_not_made_twice_after_a_failure(client: Caller, rest: RestServer) -> None:
    rest.reset(FAILED)
    with pytest.raises(OyezUnavailableError):
        await client.call("auth.create_temporary_api_key")
    assert len(rest.asked) == 1


async def test_who_is_told_to_wait_waits(client: Caller, rest: RestServer) -> None:
    rest.reset(
        Reply({"error_type": "limit_exceeded"}, 429, {"retry-after": "0.3"}),
        Reply(rest_server.KEY_MADE, 201),
    )
    began = time.monotonic()
    assert await client.call("auth.create_temporary_api_key")
    assert time.monotonic() - began >= 0.3
    assert len(rest.asked) == 2


async def test_a_refused_connection(kind: str) -> None:
    async with caller(kind, "http://127.0.0.1:1", max_retries=0) as client:
        with pytest.raises(OyezRequestError, match="nothing listens there") as caught:
            await client.call("auth.create_temporary_api_key")
    error = caught.value
    assert (error.method, error.url) == ("POST", "http://127.0.0.1:1/v1/auth/temporary-api-key")
    assert (error.was_sent, error.is_timeout, error.is_retryable) == (False, False, True)
    assert "oyez serve" in str(error)
    assert KEY not in str(error)
    assert error.__cause__ is not None


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("after_bytes", [0, 1])
@pytest.mark.parametrize(
    ("method", "attempts"), [("models.list", 3), ("auth.create_temporary_api_key", 1)]
)
async def test_a_connection_that_breaks_is_tried_again_only_where_that_is_safe(
    kind: str, after_bytes: int, method: str, attempts: int
) -> None:
    with hanging_up(after_bytes) as (url, count):
        async with caller(kind, url) as client:
            with pytest.raises(OyezRequestError) as caught:
                await client.call(method)
        assert count() == attempts
    assert caught.value.was_sent
    assert "may have done it" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://no-such-host.invalid", "host name was not found"),
        ("https://127.0.0.1:{port}", "does not speak TLS"),
        ("http://[::1]:1:2", "Invalid port"),
    ],
)
async def test_addresses_that_lead_nowhere_say_why(
    kind: str, rest: RestServer, url: str, reason: str
) -> None:
    url = url.format(port=rest.base_url.rpartition(":")[2])
    options = {"api_base_url": url, "websocket_base_url": "ws://h", "max_retries": 0}
    async with caller(kind, "ws://h", **options) as client:
        with pytest.raises(OyezRequestError, match=reason) as caught:
            await client.call("models.list")
    assert not caught.value.was_sent


@pytest.mark.parametrize("reply", [Reply("", after_s=20), Reply("", drops=True)])
async def test_a_call_ends_when_its_time_is_over(kind: str, rest: RestServer, reply: Reply) -> None:
    rest.reset(reply)
    began = time.monotonic()
    async with caller(kind, rest.base_url, timeout_sec=0.5) as client:
        with pytest.raises(OyezRequestError, match=r"within 0\.5 s") as caught:
            await client.call("auth.create_temporary_api_key")
    assert time.monotonic() - began < 10
    assert (caught.value.is_timeout, caught.value.was_sent) == (True, True)
    assert len(rest.asked) == 1


async def test_a_cancelled_call_leaves_the_client_usable(rest: RestServer) -> None:
    rest.reset(Reply("", after_s=20), Reply(rest_server.LIMITS))
    async with AsyncOyezClient(api_key=KEY, base_url=rest.base_url) as client:
        waiting = asyncio.create_task(client.models.list())
        while not rest.asked:
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await client.concurrency_limits.get()).project


async def test_a_closed_client_opens_again(client: Caller, rest: RestServer) -> None:
    rest.reset(Reply(rest_server.LIMITS))
    for _ in range(2):
        await client.call("concurrency_limits.get")
        if isinstance(client.client, OyezClient):
            client.client.close()
        else:
            await client.client.aclose()
    assert len(rest.asked) == 2


def test_an_async_client_may_serve_one_event_loop_after_the_other(rest: RestServer) -> None:
    rest.reset(Reply(rest_server.LIMITS))
    client = AsyncOyezClient(api_key=KEY, base_url=rest.base_url)

    async def ask() -> None:
        async with client:
            await client.concurrency_limits.get()

    asyncio.run(ask())
    asyncio.run(ask())
    assert len(rest.asked) == 2


def test_threads_may_share_a_client_from_its_first_call_on(rest: RestServer) -> None:
    rest.reset(Reply(rest_server.LIMITS))
    together = threading.Barrier(8)
    answers: list[Any] = []
    with OyezClient(api_key=KEY, base_url=rest.base_url) as client:

        def ask() -> None:
            together.wait()
            answers.extend(client.concurrency_limits.get() for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transports = {id(client.concurrency_limits._transport), id(client.models._transport)}
    assert len(answers) == 40
    assert len(transports) == 1


async def test_the_key_goes_to_no_other_address(client: Caller, rest: RestServer) -> None:
    with hanging_up(1) as (elsewhere, count):
        rest.reset(Reply("", 307, {"location": f"{elsewhere}/v1/models"}))
        with pytest.raises(Exception, match="307"):
            await client.call("models.list")
        assert count() == 0


async def test_no_log_holds_a_key(
    client: Caller, rest: RestServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rest.reset(Reply(rest_server.KEY_MADE, 201))
    await client.call("auth.create_temporary_api_key")
    assert "temporary-api-key" in caplog.text
    assert KEY not in caplog.text
    assert "temp-secret" not in caplog.text
