"""Running the server: in the foreground for `oyez serve`, or in a thread beside its own client."""

import asyncio
import socket
import ssl
import threading
from types import TracebackType
from typing import Final, Self

import uvicorn

from oyez.errors import OyezConnectError, OyezValidationError
from oyez.server.app import create_app
from oyez.server.hub import Hub
from oyez.server.settings import Settings
from oyez.server.transport import bounded_protocol, punctual_protocol

BACKLOG: Final = 512
READY_TIMEOUT_S: Final = 60.0
"""Longest wait for the models to load."""


class _Server(uvicorn.Server):
    """uvicorn, with the streams told before their sockets are closed."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._hub.stop()
        await super().shutdown(sockets)


def make_server(settings: Settings) -> tuple[uvicorn.Server, Hub]:
    """Return a server that is ready to run, and its hub.

    Raises:
        OyezValidationError: The certificate or its key cannot be read, or the page's settings
            would open it to everybody.
    """
    check_tls(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=punctual_protocol(settings.request_timeout_s, max_sockets=settings.socket_limit),
        ws=bounded_protocol(settings.close_timeout_s),
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        ws_max_size=settings.max_message_bytes,
        ws_ping_interval=settings.ping_interval_s,
        ws_ping_timeout=settings.ping_timeout_s,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        log_level="error",
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=round(settings.shutdown_grace_s) + 1,
        backlog=BACKLOG,
    )
    hub: Hub = app.state.hub
    return _Server(config, hub), hub


def check_tls(settings: Settings) -> None:
    """Look whether the certificate and its key can be used, before anything is loaded.

    Raises:
        OyezValidationError: They cannot.
    """
    if settings.tls_cert is None:
        if settings.tls_key is not None:
            raise OyezValidationError("A TLS key needs its certificate: --tls-cert.")
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        files = ", ".join(str(path) for path in (settings.tls_cert, settings.tls_key) if path)
        reason = error.strerror if isinstance(error, FileNotFoundError) else str(error)
        raise OyezValidationError(
            f"The TLS certificate or its key cannot be used ({files}): {reason}. "
            "Both must be PEM, belong together, and need no password."
        ) from None


def _no_password() -> str:
    """Keep OpenSSL from asking at the terminal."""
    raise ValueError("it is encrypted")


def bind(settings: Settings) -> socket.socket:
    """Return a bound socket, so that the port is known before anything is loaded.

    Raises:
        OSError: The address is in use or not ours.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, settings.receive_buffer_bytes)
    try:
        listener.bind((settings.host, settings.port))
    except OSError:
        listener.close()
        raise
    return listener


class ServerThread:
    """A server on a thread of this process, for commands and tests that bring their own.

    A context manager; entering waits until the server can transcribe.

    Args:
        settings: `port` 0 takes a free port; `address` tells which.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server, self.hub = make_server(settings)
        self._listener = bind(settings)
        self._thread = threading.Thread(target=self._run, name="oyez-server", daemon=True)
        self._failure: BaseException | None = None
        self._settled = threading.Event()

    @property
    def port(self) -> int:
        """The port it listens at."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def websocket_url(self) -> str:
        """Where clients connect."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        scheme = "wss" if self._settings.is_tls else "ws"
        return f"{scheme}://{host}:{self.port}/transcribe-websocket"

    def __enter__(self) -> Self:
        """Start the server and wait until it is ready.

        Raises:
            EngineError: The models cannot be loaded.
            OyezConnectError: It did not become ready in time.
        """
        self._thread.start()
        is_settled = self._settled.wait(READY_TIMEOUT_S)
        if self._failure is not None or not is_settled:
            self.stop()
            if self._failure is not None:
                raise self._failure
            raise OyezConnectError(self.websocket_url, "the server did not become ready in time")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server; idempotent."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(self._settings.shutdown_grace_s + 10)
        self._listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            self._failure = error
        finally:
            self._settled.set()

    async def _serve(self) -> None:
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        settled = asyncio.create_task(self.hub.settled.wait())
        await asyncio.wait((serving, settled), return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()
        if self.hub.load_failure is not None:
            self._failure = self.hub.load_failure
            self._server.should_exit = True
        self._settled.set()
        await serving
