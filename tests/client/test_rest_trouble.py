"""Calls of the REST API that do not go well: again, in time, and told as what they are."""

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from oyez import AsyncOyezClient, OyezClient, OyezRequestError, OyezUnavailableError
from oyez.client.rest import patience

from . import rest_server
from .rest_calls import KEY, Caller, caller
from .rest_server import Reply, RestServer, hanging_up

FAILED = Reply({"status_code": 500, "error_type": "internal_error", "message": "Oh."}, 500)


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_SEC", 0.001)


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
        await client.concurrency_limits.get()


async def test_a_closed_client_opens_again(client: Caller, rest: RestServer) -> None:
    rest.reset(Reply(rest_server.LIMITS))
    for _ in range(2):
        await client.call("concurrency_limits.get")
        if isinstance(client.client, OyezClient):
            client.client.close()
        else:
            await client.client.aclose()
    assert len(rest.asked) == 2


@pytest.mark.usefixtures("_hasty")
async def test_a_client_that_is_closed_before_a_request_opens_again(
    client: Caller, rest: RestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by another thread, between taking a connection and using it."""
    rest.reset(Reply(rest_server.KEY_MADE, 201))
    transport = client.client.auth._transport
    opened = transport._opened
    closed = opened()
    await closed.aclose() if isinstance(client.client, AsyncOyezClient) else closed.close()
    taken = iter([closed])
    transport._client = None
    monkeypatch.setattr(transport, "_opened", lambda: next(taken, None) or opened())
    assert (await client.call("auth.create_temporary_api_key")).api_key == "temp-secret"
    assert len(rest.asked) == 1


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
