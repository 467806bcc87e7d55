"""The parts of both clients that call the REST API.

They import it when they are first used: it needs httpx, and most programs that stream never ask.
"""

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from oyez.client.options import ClientOptions

if TYPE_CHECKING:
    from oyez.client.rest import async_api, sync_api
    from oyez.client.rest.transport import AsyncRestTransport, RestTransport

# ruff: noqa: PLC0415 - see above


class RestClient(ClientOptions):
    """Namespaces of the REST API, for threads."""

    _opening = threading.Lock()
    _transport: "RestTransport | None" = None

    @cached_property
    def auth(self) -> "sync_api.AuthAPI":
        """Temporary keys."""
        from oyez.client.rest.sync_api import AuthAPI

        return AuthAPI(self._rest)

    @cached_property
    def models(self) -> "sync_api.ModelsAPI":
        """What the server can hear."""
        from oyez.client.rest.sync_api import ModelsAPI

        return ModelsAPI(self._rest)

    @cached_property
    def usage_logs(self) -> "sync_api.UsageLogsAPI":
        """Streams that have ended."""
        from oyez.client.rest.sync_api import UsageLogsAPI

        return UsageLogsAPI(self._rest)

    @cached_property
    def usage(self) -> "sync_api.UsageAPI":
        """Usage by day."""
        from oyez.client.rest.sync_api import UsageAPI

        return UsageAPI(self._rest)

    @cached_property
    def concurrency_limits(self) -> "sync_api.ConcurrencyLimitsAPI":
        """How many streams are open, were open and may be open."""
        from oyez.client.rest.sync_api import ConcurrencyLimitsAPI

        return ConcurrencyLimitsAPI(self._rest)

    def close(self) -> None:
        """Close the connections of the REST API; a later call opens new ones.

        Sessions close in their own `with` blocks.
        """
        if self._transport is not None:
            self._transport.close()

    @property
    def _rest(self) -> "RestTransport":
        from oyez.client.rest.transport import RestTransport

        with self._opening:
            if self._transport is None:
                self._transport = RestTransport(self)
            return self._transport


class AsyncRestClient(ClientOptions):
    """Namespaces of the REST API, for asyncio."""

    _transport: "AsyncRestTransport | None" = None

    @cached_property
    def auth(self) -> "async_api.AsyncAuthAPI":
        """Temporary keys."""
        from oyez.client.rest.async_api import AsyncAuthAPI

        return AsyncAuthAPI(self._rest)

    @cached_property
    def models(self) -> "async_api.AsyncModelsAPI":
        """What the server can hear."""
        from oyez.client.rest.async_api import AsyncModelsAPI

        return AsyncModelsAPI(self._rest)

    @cached_property
    def usage_logs(self) -> "async_api.AsyncUsageLogsAPI":
        """Streams that have ended."""
        from oyez.client.rest.async_api import AsyncUsageLogsAPI

        return AsyncUsageLogsAPI(self._rest)

    @cached_property
    def usage(self) -> "async_api.AsyncUsageAPI":
        """Usage by day."""
        from oyez.client.rest.async_api import AsyncUsageAPI

        return AsyncUsageAPI(self._rest)

    @cached_property
    def concurrency_limits(self) -> "async_api.AsyncConcurrencyLimitsAPI":
        """How many streams are open, were open and may be open."""
        from oyez.client.rest.async_api import AsyncConcurrencyLimitsAPI

        return AsyncConcurrencyLimitsAPI(self._rest)

    async def aclose(self) -> None:
        """Close the connections of the REST API; a later call opens new ones.

        Sessions close in their own `async with` blocks.
        """
        if self._transport is not None:
            await self._transport.aclose()

    @property
    def _rest(self) -> "AsyncRestTransport":
        from oyez.client.rest.transport import AsyncRestTransport

        if self._transport is None:
            self._transport = AsyncRestTransport(self)
        return self._transport
