"""The REST namespaces of the official SDK and of ours, sync and async, with one face."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Self

import soniox
import soniox.errors

import oyez
from conformance.sdks import Sdk, Threaded
from oyez.server.run import ServerThread

START = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}


@dataclass(frozen=True)
class Named:
    """The exceptions of an SDK."""

    base: type[Exception]
    invalid: type[Exception]
    unauthenticated: type[Exception]
    denied: type[Exception]
    not_found: type[Exception]
    failed: type[Exception]


THEIRS = Named(
    soniox.errors.SonioxAPIError,
    soniox.errors.SonioxInvalidRequestError,
    soniox.errors.SonioxAuthenticationError,
    soniox.errors.SonioxPermissionDeniedError,
    soniox.errors.SonioxNotFoundError,
    soniox.errors.SonioxServerError,
)
OURS = Named(
    oyez.OyezServerError,
    oyez.OyezInvalidRequestError,
    oyez.OyezAuthenticationError,
    oyez.OyezPermissionDeniedError,
    oyez.OyezNotFoundError,
    oyez.OyezUnavailableError,
)


@dataclass(frozen=True)
class Facts:
    """What an exception of either SDK says."""

    status: int
    error_type: str
    message: str
    request_id: str | None
    locations: list[str]
    """Of the fields that are wrong."""


class Api:
    """A client of one of the SDKs; its arguments have the same names in both."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.is_ours = isinstance(client, oyez.OyezClient | oyez.AsyncOyezClient)
        self.errors = OURS if self.is_ours else THEIRS

    @classmethod
    def at(cls, server: ServerThread, sdk: Sdk, key: str, path: str = "/v1") -> Self:
        """A client of a server with its complete addresses, as the official SDK wants them."""
        return cls(
            sdk.client(
                api_key=key,
                api_base_url=f"http://127.0.0.1:{server.port}{path}",
                websocket_base_url=server.websocket_url,
            )
        )

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call such as ``models.list``."""
        namespace, name = method.split(".")
        function = getattr(getattr(self.client, namespace), name)
        if inspect.iscoroutinefunction(function):
            return await function(*args, **kwargs)
        return await asyncio.to_thread(function, *args, **kwargs)

    async def logs(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """Iterate over ``usage_logs.list_all``."""
        entries = self.client.usage_logs.list_all(*args, **kwargs)
        if isinstance(entries, Iterator):
            while (entry := await asyncio.to_thread(next, entries, None)) is not None:
                yield entry
        else:
            async for entry in entries:
                yield entry

    def stream(self, key: str | None = None, **config: Any) -> Any:
        """A session with the async face, opened with the client's key or another."""
        types = oyez.types if self.is_ours else soniox.types
        settings = types.RealtimeSTTConfig(**{"model": "stt-rt-v5", **START, **config})
        session = self.client.realtime.stt.connect(config=settings, api_key=key)
        return session if hasattr(session, "__aenter__") else Threaded(session)

    async def hear(self, audio: bytes, key: str | None = None, **config: Any) -> str:
        """Stream audio and return its words, or ``CODE: MESSAGE`` of the error it ends with."""
        said = ""
        async with self.stream(key, **config) as session:
            try:
                try:
                    await session.send_byte_chunk(audio)
                    await session.finish()
                except soniox.errors.SonioxRealtimeError:
                    # A refusal may be quicker than a message: it is read below.
                    pass
                # To the end: the official SDK leaves it to the server to close the socket.
                async for event in session.receive_events():
                    said += "".join(token.text for token in event.tokens if token.is_final)
                    if event.error_code:
                        said = f"{event.error_code}: {event.error_message}"
            except oyez.OyezServerError as error:
                return f"{error.error_code}: {error.error_message}"
        return said

    async def close(self) -> None:
        """Close the client."""
        if hasattr(self.client, "aclose"):
            await self.client.aclose()
        else:
            self.client.close()

    def facts(self, error: Any) -> Facts:
        """What an exception says."""
        if isinstance(error, oyez.OyezServerError):
            locations = [item.location for item in error.validation_errors]
            return Facts(
                error.error_code,
                error.error_type,
                error.error_message,
                error.request_id,
                locations,
            )
        said = error.api_error
        locations = [item.location for item in said.validation_errors]
        return Facts(error.status_code, said.error_type, said.message, error.request_id, locations)
