"""Requests made, again where that is safe, and answers read: for threads and for asyncio.

httpx bounds each wait; `Patience` bounds the call. A call for asyncio ends when its time is over,
whatever the server does. Threads have no such alarm: a server that sends its answer in drops is
given up at the first drop of the body after that time.
"""

import asyncio
import threading
import time
from typing import Any, Final

import httpx

from oyez.client.options import ClientOptions
from oyez.client.rest.answers import Received, read
from oyez.client.rest.calls import Answer, Call
from oyez.client.rest.http import (
    FAILURES,
    Gathering,
    httpx_options,
    request_error,
    request_options,
)
from oyez.client.rest.patience import Patience
from oyez.errors import OyezRealtimeError

_GRACE_SEC: Final = 0.1
"""httpx's own alarm, which knows whether anything was sent, goes off first."""


class RestTransport:
    """Calls made by threads, which may share it.

    Args:
        options: Of the client that the calls are for.
    """

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._opening = threading.Lock()
        self._client: httpx.Client | None = None

    def perform(self, call: Call[Answer]) -> Answer:
        """Make a call and return its result.

        Raises:
            OyezServerError: The server refused or failed.
            OyezRequestError: There was no answer.
            RemoteProtocolError: The answer is not understood.
        """
        patience = Patience(call, self._options.timeout_sec, self._options.max_retries)
        while True:
            try:
                return read(call, self._attempt(call, patience))
            except OyezRealtimeError as error:
                pause_sec = patience.pause_after(error)
                if pause_sec is None:
                    raise
            time.sleep(pause_sec)

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        with self._opening:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _attempt(self, call: Call[Any], patience: Patience) -> Received:
        timeout_sec = patience.left_sec
        try:
            with self._opened().stream(
                **request_options(self._options, call, timeout_sec)
            ) as response:
                gathering = Gathering(response)
                for piece in response.iter_raw():
                    gathering.add(piece)
                    patience.check()
                return gathering.received()
        except FAILURES as error:
            raise request_error(self._options, call, error, timeout_sec) from error

    def _opened(self) -> httpx.Client:
        with self._opening:
            if self._client is None:
                self._client = httpx.Client(**httpx_options(self._options))
            return self._client


class AsyncRestTransport:
    """Calls made by tasks. Connections belong to the event loop that opened them.

    Args:
        options: Of the client that the calls are for.
    """

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx.AsyncClient | None = None

    async def perform(self, call: Call[Answer]) -> Answer:
        """Make a call and return its result. Cancelling is safe; the server may have done it.

        Raises:
            OyezServerError: The server refused or failed.
            OyezRequestError: There was no answer.
            RemoteProtocolError: The answer is not understood.
        """
        patience = Patience(call, self._options.timeout_sec, self._options.max_retries)
        while True:
            try:
                return read(call, await self._attempt(call, patience))
            except OyezRealtimeError as error:
                pause_sec = patience.pause_after(error)
                if pause_sec is None:
                    raise
            await asyncio.sleep(pause_sec)

    async def aclose(self) -> None:
        """Close the connections. A later call opens new ones."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    async def _attempt(self, call: Call[Any], patience: Patience) -> Received:
        timeout_sec = patience.left_sec
        try:
            async with (
                asyncio.timeout(timeout_sec + _GRACE_SEC),
                self._opened().stream(
                    **request_options(self._options, call, timeout_sec)
                ) as response,
            ):
                gathering = Gathering(response)
                async for piece in response.aiter_raw():
                    gathering.add(piece)
                return gathering.received()
        except FAILURES as error:
            raise request_error(self._options, call, error, timeout_sec) from error

    def _opened(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # Those of another loop, which most likely has ended, can be neither used nor closed.
            self._client = httpx.AsyncClient(**httpx_options(self._options))
            self._loop = loop
        return self._client
