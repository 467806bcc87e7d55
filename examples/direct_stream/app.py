"""Direct stream: this backend hands out temporary keys, and the browser talks to oyez itself.

    OYEZ_API_KEY=my-key oyez serve
    OYEZ_API_KEY=my-key python examples/direct_stream/app.py      then open http://127.0.0.1:8000

The real key stays here. What the browser gets opens one stream, soon, for ten minutes at most. Put
your own question of who may talk into `key`. FastAPI needs no other code: its routes take the same
functions. On other hosts than this machine, start oyez with --allow-origin and this page's address.
"""

import os
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from oyez import AsyncOyezClient

client = AsyncOyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL


async def key(request: Request) -> JSONResponse:
    if request.headers.get("origin") != f"{request.url.scheme}://{request.url.netloc}":
        return JSONResponse({"problem": "only this page may ask"}, status_code=403)
    made = await client.auth.create_temporary_api_key(
        expires_in_seconds=60,
        single_use=True,
        max_session_duration_seconds=600,
        client_reference_id="visitor-1",  # who it is; it goes to the usage logs
    )
    return JSONResponse({"key": made.api_key, "url": client.websocket_base_url})


app = Starlette(
    routes=[
        Route("/key", key, methods=["POST"]),
        # oyez's own ES module, out of the installed package.
        Mount("/oyez", StaticFiles(packages=[("oyez.server.page", "module")])),
        Mount("/", StaticFiles(directory=Path(__file__).parent / "static", html=True)),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")))
