"""From arguments to calls: what each method of the REST API sends, and what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from oyez.client.problems import problems_of
from oyez.errors import OyezValidationError, RemoteProtocolError
from oyez.protocol.rest import (
    MAX_PAGE,
    ConcurrentStreamKind,
    ConcurrentStreamsPeriodSec,
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
    TemporaryApiKeyUsageType,
    UsageLogEntry,
    UsageLogsSort,
)

Answer = TypeVar("Answer", bound=BaseModel)
Payload = TypeVar("Payload", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One request of the REST API."""

    method: Literal["GET", "POST"]
    path: str
    """After the base address, such as ``/models``."""
    answer: type[Answer]
    """What a success holds."""
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def is_repeatable(self) -> bool:
        """Whether making it twice does no more than making it once."""
        return self.method == "GET"


def create_temporary_api_key(
    *,
    usage_type: TemporaryApiKeyUsageType,
    expires_in_seconds: int,
    client_reference_id: str | None,
    single_use: bool | None,
    max_session_duration_seconds: int | None,
) -> Call[CreateTemporaryApiKeyResponse]:
    """Return the call that makes a temporary key.

    Raises:
        OyezValidationError: An argument is out of range.
    """
    payload = _checked(
        CreateTemporaryApiKeyPayload,
        usage_type=usage_type,
        expires_in_seconds=expires_in_seconds,
        client_reference_id=client_reference_id,
        single_use=single_use,
        max_session_duration_seconds=max_session_duration_seconds,
    )
    return Call(
        "POST",
        "/auth/temporary-api-key",
        CreateTemporaryApiKeyResponse,
        body=_written(payload),
    )


def list_models() -> Call[GetModelsResponse]:
    """Return the call that lists the models."""
    return Call("GET", "/models", GetModelsResponse)


def list_usage_logs(
    start_time: str | datetime,
    end_time: str | datetime,
    limit: int = MAX_PAGE,
    sort: UsageLogsSort = "end_time_asc",
    cursor: str | None = None,
) -> Call[GetUsageLogsResponse]:
    """Return the call that reads a page of the usage logs.

    Raises:
        OyezValidationError: An argument is out of range.
    """
    payload = _checked(
        GetUsageLogsPayload,
        start_time=_zoned("start_time", start_time),
        end_time=_zoned("end_time", end_time),
        limit=limit,
        sort=sort,
        cursor=cursor or None,
    )
    return Call("GET", "/usage-logs", GetUsageLogsResponse, query=_written(payload))


class Pages:
    """The walk through all pages of the usage logs.

    Raises:
        OyezValidationError: An argument is out of range.
    """

    def __init__(
        self,
        start_time: str | datetime,
        end_time: str | datetime,
        limit: int,
        sort: UsageLogsSort,
    ) -> None:
        self._next: Call[GetUsageLogsResponse] | None = list_usage_logs(
            start_time, end_time, limit, sort
        )
        self._cursor: str | None = None

    def next_call(self) -> Call[GetUsageLogsResponse] | None:
        """Return the call for the next page, or None after the last."""
        return self._next

    def take(self, page: GetUsageLogsResponse) -> list[UsageLogEntry]:
        """Note where the next page begins, and return the entries of this one.

        Raises:
            RemoteProtocolError: The next page is this page again, which would have no end.
        """
        cursor = page.next_page_cursor or None
        if cursor is not None and cursor == self._cursor:
            raise RemoteProtocolError(
                "invalid_request", ["The server answers with the same page for ever."]
            )
        if self._next is not None:
            self._next = (
                None
                if cursor is None
                else replace(self._next, query={**self._next.query, "cursor": cursor})
            )
        self._cursor = cursor
        return page.usage_logs


def summarize_usage(
    start_time: str | datetime, end_time: str | datetime
) -> Call[GetUsageSummaryResponse]:
    """Return the call that adds up usage by day.

    Raises:
        OyezValidationError: A time is none.
    """
    payload = _checked(
        GetUsageSummaryPayload,
        start_time=_zoned("start_time", start_time),
        end_time=_zoned("end_time", end_time),
    )
    return Call("GET", "/usage/summary", GetUsageSummaryResponse, query=_written(payload))


def get_concurrency_limits() -> Call[GetConcurrencyLimitsResponse]:
    """Return the call that reads how many streams are open, and may be."""
    return Call("GET", "/concurrency-limits", GetConcurrencyLimitsResponse)


def get_concurrent_streams_history(
    start_time: str | datetime,
    end_time: str | datetime,
    *,
    period_sec: ConcurrentStreamsPeriodSec,
    kind: ConcurrentStreamKind,
) -> Call[GetConcurrentStreamsHistoryResponse]:
    """Return the call that reads how many streams were open.

    Raises:
        OyezValidationError: An argument is out of range.
    """
    payload = _checked(
        GetConcurrentStreamsHistoryPayload,
        start_time=_zoned("start_time", start_time),
        end_time=_zoned("end_time", end_time),
        period_sec=period_sec,
        kind=kind,
    )
    return Call(
        "GET",
        "/concurrent-streams-history",
        GetConcurrentStreamsHistoryResponse,
        query=_written(payload),
    )


def _checked(payload: type[Payload], /, **values: object) -> Payload:
    try:
        return payload.model_validate(values)
    except ValidationError as error:
        raise OyezValidationError(f"The request is wrong: {problems_of(error)}.") from error


def _zoned(name: str, time: str | datetime) -> str | datetime:
    """Refuse a `datetime` without a zone: Python takes it to be local time, servers to be UTC."""
    if isinstance(time, datetime) and time.tzinfo is None:
        raise OyezValidationError(
            f"{name} has no time zone: write datetime.now(UTC), or pass ISO 8601 in UTC as a str."
        )
    return time


def _written(payload: BaseModel) -> dict[str, Any]:
    return payload.model_dump(mode="json", exclude_none=True)
