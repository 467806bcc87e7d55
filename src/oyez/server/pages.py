"""The plain HTTP pages: health, readiness, and what each error means."""

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.rest_errors import REST_ONLY
from oyez.server.hub import Hub


def routes(hub: Hub) -> list[Route]:
    """Return the routes of the pages."""

    async def healthz(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> JSONResponse:
        if not hub.is_ready:
            state = "stopping" if hub.stopping.is_set() else "loading"
            return JSONResponse({"status": state}, status_code=503)
        told: dict[str, object] = {
            "status": "ready",
            "model": hub.runtime.name,
            "streams": hub.stream_count,
        }
        if hub.archive is not None:
            # The server's own key opens streams without it: ready all the same.
            told["store"] = "unavailable" if hub.archive.is_down else "ok"
        return JSONResponse(told)

    async def errors(_request: Request) -> HTMLResponse:
        return HTMLResponse(_error_page())

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/errors", errors),
    ]


def _error_page() -> str:
    sections = "\n".join(
        f'<h2 id="{row.anchor}">{row.code} {html.escape(row.name)}</h2>'
        f"<p>{html.escape(row.meaning)}</p><p><b>What to do:</b> {html.escape(row.remedy)}</p>"
        for row in (*ERROR_TYPES.values(), *REST_ONLY)
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>oyez: errors</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>body{max-width:44em;margin:2em auto;padding:0 1em;font:1em/1.5 system-ui}</style>"
        f"<h1>Errors of streams and of the REST API</h1>\n{sections}</html>"
    )
