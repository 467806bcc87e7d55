"""The routes of the REST API, and what every other address answers."""

import json
import uuid
from itertools import groupby
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from oyez.server.hub import Hub
from oyez.server.rest.answers import JSON, Refusal, error_answer, no_such_method
from oyez.server.rest.cors import open_to_page
from oyez.server.rest.endpoint import Address
from oyez.server.rest.endpoints import ENDPOINTS
from oyez.server.rest.openapi import description
from oyez.server.rest.reference import page

PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Content-Security-Policy of pages that load nothing."""


def rest_routes(hub: Hub) -> list[BaseRoute]:
    """Return the routes of the REST API, its description and its reference."""

    async def openapi(request: Request) -> Response:
        answer = Response(json.dumps(description()).encode(), media_type=JSON)
        open_to_page(answer, request.headers, hub.settings)
        return answer

    async def reference(_request: Request) -> Response:
        return HTMLResponse(page(), headers={"Content-Security-Policy": PAGE_POLICY})

    addresses = [
        Route(path, Address(hub, list(endpoints)))
        for path, endpoints in groupby(ENDPOINTS, lambda endpoint: endpoint.path)
    ]
    return [
        *addresses,
        Route("/v1/openapi.json", openapi),
        Route("/v1/docs", reference),
    ]


def refuse(request: Request, error: Exception) -> Response:
    """Answer what no route serves, in the form of the REST API."""
    assert isinstance(error, HTTPException)
    request_id = str(uuid.uuid4())
    if isinstance(error, Refusal):
        refusal = error
    elif error.status_code == 405:
        allowed = dict(error.headers or {}).get("Allow", "")
        refusal = no_such_method([name.strip() for name in allowed.split(",")])
    else:
        refusal = Refusal("not_found", "Nothing has this address: see /v1/docs.")
    return error_answer(request, refusal, request_id=request_id)
