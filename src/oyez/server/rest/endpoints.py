"""What the REST API does, one function for each endpoint."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from oyez.protocol.rest import (
    MAX_HISTORY_WINDOW,
    MAX_MINUTES_WINDOW,
    MAX_USAGE_LOGS_AGE,
    MAX_USAGE_LOGS_WINDOW,
    MAX_USAGE_SUMMARY_WINDOW,
    ApiErrorValidationError,
    ConcurrencyCurrentValues,
    ConcurrencyLimitValues,
    ConcurrencyScopeValues,
    CreateTemporaryApiKeyPayload,
    CreateTemporaryApiKeyResponse,
    GetConcurrencyLimitsResponse,
    GetConcurrentStreamsHistoryPayload,
    GetConcurrentStreamsHistoryResponse,
    GetModelsResponse,
    GetUsageLogsPayload,
    GetUsageLogsResponse,
    GetUsageSummaryPayload,
    GetUsageSummaryResponse,
)
from oyez.server.access import PERMISSION_OF_USAGE
from oyez.server.rest.answers import wrong_values
from oyez.server.rest.endpoint import Call, Endpoint
from oyez.server.rest.shapes import history_entry, listed_models, log_entry, summary
from oyez.store.base import HistoryEntry, Permission, ScopeLimits
from oyez.store.records import ScopeUse

DAY_MS: Final = 86_400_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def create_temporary_api_key(call: Call) -> CreateTemporaryApiKeyResponse:
    """Make a temporary key."""
    asked: CreateTemporaryApiKeyPayload = call.payload
    call.grant.check(PERMISSION_OF_USAGE[asked.usage_type])
    now_ms = call.hub.now_ms()
    created = await call.archive.ask(
        lambda store: store.create_temporary_key(
            now_ms=now_ms,
            usage_type=asked.usage_type,
            expires_in_s=asked.expires_in_seconds,
            creator=call.grant.api_key,
            project=call.grant.project,
            client_reference_id=asked.client_reference_id,
            single_use=bool(asked.single_use),
            max_session_duration_s=asked.max_session_duration_seconds,
        )
    )
    return CreateTemporaryApiKeyResponse(
        api_key=created.secret, expires_at=_time(created.key.expires_at_ms)
    )


async def list_models(call: Call) -> GetModelsResponse:
    """List the names that start messages may ask for."""
    return GetModelsResponse(models=listed_models(call.hub.model))


async def list_usage_logs(call: Call) -> GetUsageLogsResponse:
    """List streams that have ended."""
    asked: GetUsageLogsPayload = call.payload
    _check_window(asked.start_time, asked.end_time, longest=MAX_USAGE_LOGS_WINDOW)
    oldest = _time(call.hub.now_ms()) - MAX_USAGE_LOGS_AGE
    if asked.start_time < oldest:
        days = MAX_USAGE_LOGS_AGE.days
        raise wrong_values([_problem("start_time", f"It may lie at most {days} days back.")])
    page = await call.archive.ask(
        lambda store: store.usage_page(
            call.grant.project,
            start_ms=_ms(asked.start_time),
            end_ms=_ms(asked.end_time),
            limit=asked.limit,
            order=asked.sort,
            cursor=asked.cursor or None,
        )
    )
    entries = [log_entry(record) for record in page.records]
    return GetUsageLogsResponse(usage_logs=entries, next_page_cursor=page.next_cursor)


async def get_usage_summary(call: Call) -> GetUsageSummaryResponse:
    """Sum up usage by day and model."""
    asked: GetUsageSummaryPayload = call.payload
    _check_window(asked.start_time, asked.end_time, longest=MAX_USAGE_SUMMARY_WINDOW)
    first_ms = _ms(asked.start_time) // DAY_MS * DAY_MS
    end_ms = -(-_ms(asked.end_time) // DAY_MS) * DAY_MS
    rows = await call.archive.ask(
        lambda store: store.usage_summary(call.grant.project, start_ms=first_ms, end_ms=end_ms)
    )
    return summary(rows, range(first_ms, end_ms, DAY_MS))


async def get_concurrency_limits(call: Call) -> GetConcurrencyLimitsResponse:
    """Tell how many streams are open, and how many may be."""
    hub = call.hub
    if hub.archive is None:
        here = ScopeUse(hub.stream_count, ScopeLimits(hub.settings.max_sessions))
        return GetConcurrencyLimitsResponse(project=_scope(here), organization=_scope(here))
    now_ms = hub.now_ms()
    use = await hub.archive.ask(lambda store: store.concurrency(call.grant.project, now_ms=now_ms))
    whole = use.organization
    if whole.limits.concurrent_sessions is None:
        # What one process takes; there is no telling how many there are.
        limits = replace(whole.limits, concurrent_sessions=hub.settings.max_sessions)
        whole = replace(whole, limits=limits)
    return GetConcurrencyLimitsResponse(project=_scope(use.project), organization=_scope(whole))


async def get_concurrent_streams_history(call: Call) -> GetConcurrentStreamsHistoryResponse:
    """Tell how many streams were open in each period."""
    asked: GetConcurrentStreamsHistoryPayload = call.payload
    longest = MAX_MINUTES_WINDOW if asked.period_sec == 60 else MAX_HISTORY_WINDOW
    _check_window(asked.start_time, asked.end_time, longest=longest)
    entries: Sequence[HistoryEntry] = await call.archive.ask(
        lambda store: store.concurrency_history(
            call.grant.project,
            start_ms=_ms(asked.start_time),
            end_ms=_ms(asked.end_time),
            period_s=asked.period_sec,
        )
    )
    if asked.kind == "tts":
        nothing = {"sample_max": 0, "sample_sum": 0, "sample_count": 0, "total_count": 0}
        entries = [replace(entry, **nothing) for entry in entries]  # type: ignore[arg-type]
    return GetConcurrentStreamsHistoryResponse(
        kind=asked.kind, entries=[history_entry(entry) for entry in entries]
    )


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/v1/auth/temporary-api-key",
        "Make a temporary key",
        "A temporary key opens streams for a short time, so that a page or an app can stream to "
        "the server without knowing a real key. The expiry limits the opening of streams only. "
        "The key that makes it needs the permission for what `usage_type` names as well.",
        CreateTemporaryApiKeyResponse,
        create_temporary_api_key,
        status=201,
        permission=Permission.TEMPORARY_KEYS,
        body=CreateTemporaryApiKeyPayload,
        tag="Keys",
    ),
    Endpoint(
        "GET",
        "/v1/models",
        "List models",
        "One entry for each name that a start message may ask for; all but the first are other "
        "names of the first. Flags tell what the model can do.",
        GetModelsResponse,
        list_models,
        tag="Models",
    ),
    Endpoint(
        "GET",
        "/v1/usage-logs",
        "List streams that have ended",
        "Of the key's project, by the time at which they ended: from `start_time`, at most 91 days "
        "ago, up to but not including `end_time`, at most 31 days later.",
        GetUsageLogsResponse,
        list_usage_logs,
        permission=Permission.USAGE_AND_LIMITS,
        query=GetUsageLogsPayload,
        tag="Usage",
    ),
    Endpoint(
        "GET",
        "/v1/usage/summary",
        "Sum up usage by day and model",
        "Of the key's project. Days in UTC that the window touches count as a whole; it may be "
        "366 days long.",
        GetUsageSummaryResponse,
        get_usage_summary,
        permission=Permission.USAGE_AND_LIMITS,
        query=GetUsageSummaryPayload,
        tag="Usage",
    ),
    Endpoint(
        "GET",
        "/v1/concurrency-limits",
        "Tell how many streams are open, and how many may be",
        "For the key's project and for the whole server (`organization`), over all processes "
        "with the same store. A limit of null is none.",
        GetConcurrencyLimitsResponse,
        get_concurrency_limits,
        permission=Permission.USAGE_AND_LIMITS,
        tag="Limits",
    ),
    Endpoint(
        "GET",
        "/v1/concurrent-streams-history",
        "Tell how many streams were open",
        "Of the key's project, one entry for each period that begins in the window. The window "
        "may be 7 days long for periods of 60 seconds, and 366 days for others.",
        GetConcurrentStreamsHistoryResponse,
        get_concurrent_streams_history,
        permission=Permission.USAGE_AND_LIMITS,
        query=GetConcurrentStreamsHistoryPayload,
        tag="Limits",
    ),
)
"""Every endpoint of the API."""


def _scope(use: ScopeUse) -> ConcurrencyScopeValues:
    return ConcurrencyScopeValues(
        current=ConcurrencyCurrentValues(
            transcribe_concurrent=use.concurrent_sessions, tts_concurrent=0
        ),
        limits=ConcurrencyLimitValues(
            transcribe_concurrent=use.limits.concurrent_sessions, tts_concurrent=None
        ),
    )


def _check_window(start: datetime, end: datetime, *, longest: timedelta) -> None:
    """Refuse a window that is empty or too long.

    Raises:
        Refusal: It is.
    """
    if end <= start:
        raise wrong_values([_problem("end_time", "It must lie after `start_time`.")])
    if end - start > longest:
        text = f"It may lie at most {longest.days} days after `start_time`."
        raise wrong_values([_problem("end_time", text)])


def _problem(name: str, message: str) -> ApiErrorValidationError:
    return ApiErrorValidationError(
        error_type="value_error", location=f"query.payload.{name}", message=message
    )


def _ms(time: datetime) -> int:
    """Return the first millisecond that is not before a time."""
    return -((EPOCH - time) // timedelta(milliseconds=1))


def _time(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)
