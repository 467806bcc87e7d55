"""From an HTTP request to a typed call and back: key, permission, query, body, answer, errors."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from oyez.errors import (
    InvalidCursorError,
    OyezValidationError,
    RemoteProtocolError,
    StoreUnavailableError,
)
from oyez.server.access import Grant, grant_for_request
from oyez.server.archive import Archive
from oyez.server.hub import Hub, store_is_down
from oyez.server.keys import from_handshake, is_same, the_key
from oyez.server.rest.answers import (
    JSON,
    Refusal,
    error_answer,
    from_protocol,
    json_answer,
    no_such_method,
    wrong_fields,
)
from oyez.server.rest.cors import open_to_page, preflight
from oyez.store.base import Permission


@dataclass(frozen=True, slots=True)
class Call:
    """One request, understood."""

    hub: Hub
    grant: Grant
    """What its key allows."""
    payload: Any
    """Its query or body: of the type that the endpoint names."""

    @property
    def archive(self) -> Archive:
        """The store.

        Raises:
            RemoteProtocolError: There is none.
        """
        if self.hub.archive is None:
            raise RemoteProtocolError(
                "service_unavailable",
                ["This server was started without a store: it has no keys but its own."],
            )
        return self.hub.archive


Handler = Callable[[Call], Awaitable[BaseModel]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one address, as it is served and as the OpenAPI describes it."""

    method: str
    path: str
    summary: str
    """What it does, in a few words."""
    description: str
    """What else there is to know."""
    answer: type[BaseModel]
    handle: Handler
    status: int = 200
    permission: Permission | None = None
    """What a key needs; None when any key will do."""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    tag: str = field(default="")

    @property
    def name(self) -> str:
        """A name for programs."""
        return self.handle.__name__

    async def call(self, hub: Hub, request: Request) -> BaseModel:
        """Serve a request.

        Raises:
            Refusal: It is refused.
        """
        try:
            grant = await _grant(hub, request)
            if self.permission is not None:
                grant.check(self.permission)
            payload = await self._payload(hub, request)
            return await self.handle(Call(hub, grant, payload))
        except RemoteProtocolError as error:
            raise from_protocol(error) from None
        except StoreUnavailableError:
            raise from_protocol(store_is_down()) from None
        except InvalidCursorError:
            raise Refusal(
                "invalid_cursor",
                "The cursor belongs to another query, or to none: begin again without it.",
            ) from None
        except OyezValidationError as error:
            raise Refusal("invalid_request", str(error)) from None

    async def _payload(self, hub: Hub, request: Request) -> BaseModel | None:
        if self.query is not None:
            try:
                return self.query.model_validate(dict(request.query_params))
            except ValidationError as error:
                raise wrong_fields(error, "query.payload") from None
        if self.body is None:
            return None
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != JSON:
            raise Refusal(
                "unsupported_media_type", f"The body must be JSON: send `Content-Type: {JSON}`."
            )
        body = await _body(
            request,
            max_bytes=hub.settings.max_body_bytes,
            timeout_s=hub.settings.request_timeout_s,
        )
        try:
            return self.body.model_validate_json(body, strict=True)
        except ValidationError as error:
            raise wrong_fields(error, "body.payload") from None


class Address:
    """Everything that one path of the API can do, as an ASGI application.

    Args:
        hub: What the server shares.
        endpoints: Of this path, one for each method.
    """

    def __init__(self, hub: Hub, endpoints: Sequence[Endpoint]) -> None:
        self._hub = hub
        self._endpoints = endpoints

    @cached_property
    def _by_method(self) -> Mapping[str, Endpoint]:
        found = {endpoint.method: endpoint for endpoint in self._endpoints}
        if "GET" in found:
            found["HEAD"] = found["GET"]
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        request = Request(scope, receive)
        methods = [*self._by_method, "OPTIONS"]
        if request.method == "OPTIONS":
            answer = preflight(request.headers, methods, self._hub.settings)
        else:
            answer = await self._answer(request, methods)
            open_to_page(answer, request.headers, self._hub.settings)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, methods: Sequence[str]) -> Response:
        request_id = str(uuid.uuid4())
        endpoint = self._by_method.get(request.method)
        try:
            answer = await self._served(endpoint, request, methods, request_id)
        except Refusal as error:
            answer = error_answer(request, error, request_id=request_id)
        except ClientDisconnect:
            answer = Response(status_code=400)  # nobody reads it
        except Exception as failure:  # noqa: BLE001 - it must reach the client and the log
            self._hub.log.failure("request_failed", failure, request=request_id)
            broken = Refusal("internal_error", "The server failed. Try again.")
            answer = error_answer(request, broken, request_id=request_id)
        self._hub.log.info(
            "request",
            request=request_id,
            method=endpoint.method if endpoint is not None else "other",
            path=self._endpoints[0].path,
            status=answer.status_code,
        )
        return answer

    async def _served(
        self,
        endpoint: Endpoint | None,
        request: Request,
        methods: Sequence[str],
        request_id: str,
    ) -> Response:
        if endpoint is None:
            raise no_such_method(methods)
        content = await endpoint.call(self._hub, request)
        return json_answer(content, endpoint.status, request_id=request_id)


async def _grant(hub: Hub, request: Request) -> Grant:
    """Return what the key of a request allows.

    Raises:
        RemoteProtocolError: There is none, or it opens nothing here.
    """
    presented = from_handshake(request.headers.get("authorization"), ())
    if presented.problem is not None:
        raise presented.problem
    key = the_key(presented.key, None)
    if is_same(key, hub.settings.api_key):
        return Grant()
    return grant_for_request(await hub.find_key(key))


async def _body(request: Request, *, max_bytes: int, timeout_s: float) -> bytes:
    """Read a body that is neither too long nor too slow.

    Raises:
        Refusal: It is. The connection cannot be used for another request then.
    """
    too_large = Refusal(
        "request_too_large",
        f"The body may have {max_bytes} bytes.",
        headers={"Connection": "close"},
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for piece in request.stream():
                body += piece
                if len(body) > max_bytes:
                    raise too_large
    except TimeoutError:
        raise Refusal(
            "request_timeout",
            f"The body did not arrive within {timeout_s:g} s.",
            headers={"Connection": "close"},
        ) from None
    return bytes(body)
