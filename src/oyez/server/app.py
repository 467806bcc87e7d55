"""The application: routes and wiring."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from oyez.engines.registry import load_recognizer, load_vad
from oyez.runtime.local import LocalRuntime
from oyez.server.conversation import Conversation
from oyez.server.hub import Engines, Hub
from oyez.server.page import page_routes
from oyez.server.pages import routes
from oyez.server.rest.routes import refuse, rest_routes
from oyez.server.settings import Settings
from oyez.store.base import DefaultLimits, ScopeLimits, Store


def load_engines(settings: Settings) -> Engines:
    """Load the models that the settings name.

    Raises:
        EngineNotFoundError: No engine has that name.
        ModelNotInstalledError: Its weights are not on this machine.
    """
    workers = settings.workers or os.cpu_count() or 1
    vad_name = "scripted" if settings.model == "scripted" else "silero"
    vad = load_vad(vad_name)
    return Engines(LocalRuntime(load_recognizer(settings.model), workers=workers), vad)


def store_opener(settings: Settings) -> Callable[[], Store] | None:
    """Return what opens the store that the settings name, or None when they name none."""
    url = settings.store_url
    if url is None:
        return None

    def open_it() -> Store:
        from oyez.store.opening import open_store  # noqa: PLC0415 - SQLAlchemy, if it is wanted

        return open_store(url, defaults=default_limits(settings))

    return open_it


def default_limits(settings: Settings) -> DefaultLimits:
    """Return the limits that hold where the store has none."""
    return DefaultLimits(
        organization=ScopeLimits(requests_per_minute=settings.max_requests_per_minute),
        project=ScopeLimits(
            settings.project_max_sessions, settings.project_max_requests_per_minute
        ),
    )


def create_app(
    settings: Settings, *, load: Callable[[Settings], Engines] = load_engines
) -> Starlette:
    """Return the ASGI application of a server.

    The models are loaded when the application starts; until then `/readyz` answers 503 and streams
    are refused with `service_unavailable`. The hub is `app.state.hub`.

    Args:
        settings: How the server runs.
        load: Loads the models.
    """
    hub = Hub(settings, load=load, open_store=store_opener(settings))

    async def transcribe(socket: WebSocket) -> None:
        await Conversation(socket, hub).run()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(hub.start())
        app.state.loading = loading
        try:
            yield
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            await hub.stop()

    app = Starlette(
        routes=[
            WebSocketRoute("/transcribe-websocket", transcribe),
            WebSocketRoute("/", transcribe),
            *routes(hub),
            *rest_routes(hub),
            *page_routes(hub),
        ],
        exception_handlers={HTTPException: refuse},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.hub = hub
    return app
