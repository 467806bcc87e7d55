"""REST calls of the official SDK and of ours on a real server: same words, same answers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.sdks import KEY, Sdk
from oyez.server.run import ServerThread
from oyez.store.base import Permission, Store

from .clients import Api

FOX = "The quick brown fox jumps over the lazy dog."


def window(days: float = 1) -> tuple[str, str]:
    """The last days, and a little of what is to come."""
    now = datetime.now(UTC)
    start, end = now - timedelta(days=days), now + timedelta(minutes=1)
    return tuple(f"{time:%Y-%m-%dT%H:%M:%S}Z" for time in (start, end))  # type: ignore[return-value]


async def entries_of(api: Api, count: int) -> list[Any]:
    """The usage logs of the client's project, once all streams are there."""
    async with asyncio.timeout(10):
        while True:
            logs = await api.call("usage_logs.list", *window())
            if len(logs.usage_logs) >= count:
                entries: list[Any] = logs.usage_logs
                return entries
            await asyncio.sleep(0.02)


async def test_models_are_listed_with_what_they_can_do(api: Api) -> None:
    models = {model.id: model for model in (await api.call("models.list")).models}
    current = models["stt-rt-v5"]
    assert current.transcription_mode == "real_time"
    assert "en" in [language.code for language in current.languages]
    assert current.supports_max_endpoint_delay
    assert current.one_way_translation is None
    aliases = [model for model in models.values() if model.aliased_model_id is not None]
    assert all(model.aliased_model_id in models for model in aliases)


async def test_a_temporary_key_opens_streams(api: Api, fox: bytes) -> None:
    before = datetime.now(UTC)
    made = await api.call("auth.create_temporary_api_key")
    lives = made.expires_at - before
    assert timedelta(seconds=295) < lives < timedelta(seconds=330), "300 s unless told"
    assert await api.hear(fox, made.api_key) == FOX
    assert await api.hear(fox, made.api_key) == FOX


async def test_a_temporary_key_opens_nothing_after_its_time(api: Api, fox: bytes) -> None:
    made = await api.call("auth.create_temporary_api_key", expires_in_seconds=1)
    await asyncio.sleep((made.expires_at - datetime.now(UTC)).total_seconds() + 0.1)
    assert (await api.hear(fox, made.api_key)).startswith("401: ")


async def test_a_single_use_key_opens_one_stream(api: Api, fox: bytes) -> None:
    made = await api.call("auth.create_temporary_api_key", single_use=True)
    assert await api.hear(fox, made.api_key) == FOX
    assert (await api.hear(fox, made.api_key)).startswith("401: ")


async def test_a_stream_ends_when_the_time_of_its_key_is_over(api: Api, fox: bytes) -> None:
    made = await api.call("auth.create_temporary_api_key", max_session_duration_seconds=1)
    said = ""
    async with asyncio.timeout(10), api.stream(made.api_key) as session:
        await session.send_byte_chunk(fox)
        try:
            async for event in session.receive_events():
                if event.error_code:
                    said = f"{event.error_code} {event.model_extra['error_type']}"
        except api.errors.base as error:
            facts = api.facts(error)
            said = f"{facts.status} {facts.error_type}"
    assert said == "403 temp_api_key_session_expired"


async def test_a_temporary_key_calls_nothing(
    api: Api, api_server: ServerThread, sdk_of: Sdk
) -> None:
    made = await api.call("auth.create_temporary_api_key")
    other = Api.at(api_server, sdk_of, made.api_key)
    for method in ("auth.create_temporary_api_key", "concurrency_limits.get"):
        with pytest.raises(api.errors.base) as caught:
            await other.call(method)
        assert api.facts(caught.value).status in (401, 403)
    await other.close()


async def test_streams_are_in_the_usage_logs_with_their_reference(api: Api, fox: bytes) -> None:
    made = await api.call("auth.create_temporary_api_key", client_reference_id="user-7")
    await api.hear(fox, made.api_key, client_reference_id="of the start message")
    await api.hear(fox, client_reference_id="mine")
    first, second = await entries_of(api, 2)
    assert (first.client_reference_id, second.client_reference_id) == ("user-7", "mine")
    assert first.uuid != second.uuid
    assert first.input_audio_duration_ms == 4_000
    assert first.start_time <= first.end_time <= second.end_time
    assert first.end_time.tzinfo is not None
    assert float(first.cost_usd) == 0.0


async def test_usage_logs_have_pages(api: Api, fox: bytes) -> None:
    for name in "abc":
        await api.hear(fox, client_reference_id=name)
        await entries_of(api, "abc".index(name) + 1)
    times = window()
    page = await api.call("usage_logs.list", *times, limit=2)
    assert [entry.client_reference_id for entry in page.usage_logs] == ["a", "b"]
    rest = await api.call("usage_logs.list", *times, limit=2, cursor=page.next_page_cursor)
    assert [entry.client_reference_id for entry in rest.usage_logs] == ["c"]
    assert not rest.next_page_cursor
    for sort, expected in (("end_time_asc", "abc"), ("end_time_desc", "cba")):
        walk = api.logs(*times, limit=1, sort=sort)
        assert [entry.client_reference_id async for entry in walk] == list(expected)


async def test_usage_is_summed_up_by_day_and_model(api: Api, fox: bytes) -> None:
    await api.hear(fox)
    (entry,) = await entries_of(api, 1)
    summary = await api.call("usage.summary", *window(days=2))
    assert summary.total.model is None
    assert summary.total.total_num_requests == 1
    assert summary.total.total_input_audio_duration_ms == 4_000
    assert len(summary.total.days) == len(summary.total.num_requests) >= 3
    assert entry.end_time.date() in summary.total.days
    assert [model.model for model in summary.models] == [entry.model]


async def test_open_streams_are_counted(api: Api, fox: bytes) -> None:
    assert (await api.call("concurrency_limits.get")).project.current.transcribe_concurrent == 0
    async with api.stream() as session:
        async with asyncio.timeout(10):
            while True:
                limits = await api.call("concurrency_limits.get")
                if limits.project.current.transcribe_concurrent == 1:
                    break
        assert limits.organization.current.transcribe_concurrent >= 1
        assert limits.organization.limits.transcribe_concurrent is not None
        assert limits.project.current.tts_concurrent == 0
        await session.send_byte_chunk(fox)
        await session.finish()
        _ = [event async for event in session.receive_events()]


@pytest.mark.parametrize("period_sec", [60, 3600, 86_400])
async def test_the_history_of_streams(api: Api, fox: bytes, period_sec: int) -> None:
    await api.hear(fox)
    await entries_of(api, 1)
    times = window()
    history = await api.call(
        "concurrency_limits.history", *times, period_sec=period_sec, kind="stt"
    )
    assert history.kind == "stt"
    assert {entry.period_sec for entry in history.entries} == {period_sec}
    assert max(entry.sample_max for entry in history.entries) == 1
    starts = [entry.period_start for entry in history.entries]
    assert starts == sorted(starts)
    speech = await api.call("concurrency_limits.history", *times, period_sec=3600, kind="tts")
    assert {entry.sample_max for entry in speech.entries} <= {0}


async def test_a_wrong_key(api: Api, api_server: ServerThread, sdk_of: Sdk) -> None:
    other = Api.at(api_server, sdk_of, "no such key")
    with pytest.raises(api.errors.unauthenticated) as caught:
        await other.call("models.list")
    facts = api.facts(caught.value)
    assert (facts.status, facts.error_type) == (401, "unauthenticated")
    assert facts.request_id
    assert "no such key" not in str(caught.value)
    await other.close()


async def test_a_key_without_the_permission(
    api: Api, api_server: ServerThread, store: Store, sdk_of: Sdk
) -> None:
    created = store.create_key(
        "streams only",
        now_ms=api_server.hub.now_ms(),
        permissions=[Permission.STT_REAL_TIME],
    )
    other = Api.at(api_server, sdk_of, created.secret)
    for method, arguments in (
        ("auth.create_temporary_api_key", ()),
        ("usage_logs.list", window()),
        ("usage.summary", window()),
    ):
        with pytest.raises(api.errors.denied) as caught:
            await other.call(method, *arguments)
        facts = api.facts(caught.value)
        assert (facts.status, facts.error_type) == (403, "permission_denied")
    await other.close()


async def test_wrong_values_name_their_field(api: Api) -> None:
    start, end = window()
    with pytest.raises(api.errors.invalid) as caught:
        await api.call("usage_logs.list", end, start)
    facts = api.facts(caught.value)
    assert (facts.status, facts.error_type) == (400, "invalid_request")
    assert facts.locations
    assert all(place.startswith("query.payload.") for place in facts.locations)


async def test_a_cursor_of_nowhere(api: Api) -> None:
    with pytest.raises(api.errors.invalid) as caught:
        await api.call("usage_logs.list", *window(), cursor="nowhere")
    assert api.facts(caught.value).error_type == "invalid_cursor"


async def test_an_address_that_the_server_does_not_have(
    api: Api, api_server: ServerThread, sdk_of: Sdk
) -> None:
    other = Api.at(api_server, sdk_of, KEY, "/v1/nowhere")
    with pytest.raises(api.errors.not_found) as caught:
        await other.call("models.list")
    assert (api.facts(caught.value).status, api.facts(caught.value).error_type) == (
        404,
        "not_found",
    )
    await other.close()


async def test_a_server_without_a_store_makes_no_keys(
    api: Api, scripted_server: ServerThread, sdk_of: Sdk
) -> None:
    other = Api.at(scripted_server, sdk_of, KEY)
    assert (await other.call("models.list")).models
    with pytest.raises(api.errors.failed) as caught:
        await other.call("auth.create_temporary_api_key")
    facts = api.facts(caught.value)
    assert (facts.status, facts.error_type) == (503, "service_unavailable")
    assert "store" in facts.message
    await other.close()
