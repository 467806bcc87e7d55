"""Both clients with one face: every call is awaited, and threads do the work of the sync one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from oyez import AsyncOyezClient, OyezClient

KEY = "the-real-key"


class Caller:
    """Calls methods of a namespace by name."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call such as ``models.list``."""
        namespace, name = method.split(".")
        if isinstance(self.client, AsyncOyezClient):
            return await getattr(getattr(self.client, namespace), name)(*args, **kwargs)

        def made() -> Any:
            return getattr(getattr(self.client, namespace), name)(*args, **kwargs)

        return await asyncio.to_thread(made)

    async def iterate(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """Iterate over ``usage_logs.list_all``."""
        items = self.client.usage_logs.list_all(*args, **kwargs)
        if isinstance(items, Iterator):
            while (item := await asyncio.to_thread(next, items, None)) is not None:
                yield item
        else:
            async for item in items:
                yield item


@asynccontextmanager
async def caller(kind: str, base_url: str, **options: Any) -> AsyncIterator[Caller]:
    """A client of a kind, ``sync`` or ``async``."""
    options = {"api_key": KEY, "base_url": base_url} | options
    if kind == "sync":
        with OyezClient(**options) as client:
            yield Caller(client)
    else:
        async with AsyncOyezClient(**options) as twin:
            yield Caller(twin)
