"""Which pages may use the REST API: the headers that browsers ask for (Fetch standard, CORS)."""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response

from oyez.protocol.messages import REQUEST_ID_HEADER
from oyez.server.origins import is_allowed
from oyez.server.settings import Settings

MAX_AGE_S: Final = 600
"""How long a browser may remember a permission."""


def open_to_page(answer: Response, headers: Headers, settings: Settings) -> None:
    """Let the page that asked read an answer, if its origin may use the server."""
    answer.headers.add_vary_header("Origin")
    origin = headers.get("origin")
    if origin is not None and is_allowed(headers, settings):
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Expose-Headers"] = f"{REQUEST_ID_HEADER}, Retry-After"


def preflight(headers: Headers, methods: Iterable[str], settings: Settings) -> Response:
    """Answer a browser that asks what a page may send."""
    answer = Response(status_code=204)
    listed = ", ".join(methods)
    answer.headers["Allow"] = listed
    open_to_page(answer, headers, settings)
    if "Access-Control-Allow-Origin" in answer.headers:
        answer.headers["Access-Control-Allow-Methods"] = listed
        answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        answer.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
    return answer
