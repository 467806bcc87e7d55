"""The REST namespaces of `AsyncOyezClient`."""

from collections.abc import AsyncGenerator
from datetime import datetime

from oyez.client.rest import calls
from oyez.client.rest.transport import AsyncRestTransport
from oyez.protocol.rest import (
    MAX_PAGE,
    ConcurrentStreamKind,
    ConcurrentStreamsPeriodSec,
    CreateTemporaryApiKeyResponse,
    GetConcurrencyLimitsResponse,
    GetConcurrentStreamsHistoryResponse,
    GetModelsResponse,
    GetUsageLogsResponse,
    GetUsageSummaryResponse,
    TemporaryApiKeyUsageType,
    UsageLogEntry,
    UsageLogsSort,
)


class AsyncAuthAPI:
    """Namespace `client.auth`."""

    def __init__(self, transport: AsyncRestTransport) -> None:
        self._transport = transport

    async def create_temporary_api_key(
        self,
        *,
        usage_type: TemporaryApiKeyUsageType = "transcribe_websocket",
        expires_in_seconds: int = 300,
        client_reference_id: str | None = None,
        single_use: bool | None = None,
        max_session_duration_seconds: int | None = None,
    ) -> CreateTemporaryApiKeyResponse:
        """Make a key that a browser or a device may have, because it soon opens nothing more.

        It is not made again when the connection breaks after the request was sent.

        Args:
            usage_type: What it opens.
            expires_in_seconds: How long streams can be opened with it, 1 to 3600. Streams that are
                open go on.
            client_reference_id: Goes to the usage logs, up to 256 characters.
            single_use: Whether it opens one stream only.
            max_session_duration_seconds: Longest stream, 1 to 18000.

        Raises:
            OyezValidationError: An argument is out of range.
            OyezPermissionDeniedError: The client's key may not make keys, or not of this type.
            OyezServerError: The server refused for another reason, or failed.
            OyezRequestError: There was no answer.
        """
        return await self._transport.perform(
            calls.create_temporary_api_key(
                usage_type=usage_type,
                expires_in_seconds=expires_in_seconds,
                client_reference_id=client_reference_id,
                single_use=single_use,
                max_session_duration_seconds=max_session_duration_seconds,
            )
        )


class AsyncModelsAPI:
    """Namespace `client.models`."""

    def __init__(self, transport: AsyncRestTransport) -> None:
        self._transport = transport

    async def list(self) -> GetModelsResponse:
        """Return the models, with what each can do.

        Raises:
            OyezServerError: The server refused or failed.
            OyezRequestError: There was no answer.
        """
        return await self._transport.perform(calls.list_models())


class AsyncUsageLogsAPI:
    """Namespace `client.usage_logs`."""

    def __init__(self, transport: AsyncRestTransport) -> None:
        self._transport = transport

    async def list(
        self,
        start_time: str | datetime,
        end_time: str | datetime,
        limit: int = MAX_PAGE,
        sort: UsageLogsSort = "end_time_asc",
        cursor: str | None = None,
    ) -> GetUsageLogsResponse:
        """Return a page of the streams that ended in a window of time.

        Args:
            start_time: Begin of the window: a `datetime` with a zone, or ISO 8601 in UTC.
            end_time: Its end, not included.
            limit: Entries a page, 1 to 1000.
            sort: By the time at which the streams ended.
            cursor: `next_page_cursor` of the page before.

        Raises:
            OyezValidationError: An argument is out of range.
            OyezServerError: The server refused or failed.
            OyezRequestError: There was no answer.
        """
        return await self._transport.perform(
            calls.list_usage_logs(start_time, end_time, limit, sort, cursor)
        )

    async def list_all(
        self,
        start_time: str | datetime,
        end_time: str | datetime,
        limit: int = MAX_PAGE,
        sort: UsageLogsSort = "end_time_asc",
    ) -> AsyncGenerator[UsageLogEntry, None]:
        """Iterate over all entries of a window; pages are fetched as they are needed.

        Arguments and exceptions are those of `list`. They are raised by the iteration.
        """
        pages = calls.Pages(start_time, end_time, limit, sort)
        while (call := pages.next_call()) is not None:
            for entry in pages.take(await self._transport.perform(call)):
                yield entry


class AsyncUsageAPI:
    """Namespace `client.usage`."""

    def __init__(self, transport: AsyncRestTransport) -> None:
        self._transport = transport

    async def summary(
        self, start_time: str | datetime, end_time: str | datetime
    ) -> GetUsageSummaryResponse:
        """Return usage by day, of each model and in total.

        Args:
            start_time: Begin of the window: a `datetime` with a zone, or ISO 8601 in UTC.
            end_time: Its end, not included. Days in UTC that the window touches count whole.

        Raises:
            OyezValidationError: An argument is no time.
            OyezServerError: The server refused or failed.
            OyezRequestError: There was no answer.
        """
        return await self._transport.perform(calls.summarize_usage(start_time, end_time))


class AsyncConcurrencyLimitsAPI:
    """Namespace `client.concurrency_limits`."""

    def __init__(self, transport: AsyncRestTransport) -> None:
        self._transport = transport

    async def get(self) -> GetConcurrencyLimitsResponse:
        """Return how many streams are open, and how many may be.

        Raises:
            OyezServerError: The server refused or failed.
            OyezRequestError: There was no answer.
        """
        return await self._transport.perform(calls.get_concurrency_limits())

    async def history(
        self,
        start_time: str | datetime,
        end_time: str | datetime,
        *,
        period_sec: ConcurrentStreamsPeriodSec,
        kind: ConcurrentStreamKind,
    ) -> GetConcurrentStreamsHistoryResponse:
        """Return how many streams were open, period by period.

        Args:
            start_time: Begin of the window: a `datetime` with a zone, or ISO 8601 in UTC.
            end_time: Its end, not included.
            period_sec: 60, 3600 or 86400.
            kind: ``stt`` for speech to text.

        Raises:
            OyezValidationError: An argument is out of range.
            OyezServerError: The server refused or failed.
            OyezRequestError: There was no answer.
        """
        return await self._transport.perform(
            calls.get_concurrent_streams_history(
                start_time, end_time, period_sec=period_sec, kind=kind
            )
        )
