"""A server on the main thread, which stops on a signal."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn

    from oyez.server.hub import Hub


def run(
    server: "uvicorn.Server",
    hub: "Hub",
    listener: socket.socket,
    *,
    on_ready: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; streams get a moment to end.

    Args:
        server: Not yet started.
        hub: The server's.
        listener: Bound.
        on_ready: Called once, when the models are loaded.

    Raises:
        EngineError: The models cannot be loaded.
    """
    log = logging.getLogger("uvicorn")
    log.handlers[:] = logging.getLogger("oyez").handlers
    log.setLevel(logging.WARNING)
    # uvicorn stops cleanly and then sends itself the signal again. It was obeyed: let it be.
    before = {number: signal.signal(number, _obeyed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with asyncio.Runner() as runner:
            runner.run(_serve(server, hub, listener, on_ready))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _serve(
    server: "uvicorn.Server", hub: "Hub", listener: socket.socket, on_ready: Callable[[], None]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    settled = asyncio.create_task(hub.settled.wait())
    await asyncio.wait((serving, settled), return_when=asyncio.FIRST_COMPLETED)
    settled.cancel()
    if hub.load_failure is not None:
        server.should_exit = True
    elif hub.settled.is_set():
        on_ready()
    await serving
    if hub.load_failure is not None:
        raise hub.load_failure


def _obeyed(_number: int, _frame: object) -> None:
    """Do nothing."""
