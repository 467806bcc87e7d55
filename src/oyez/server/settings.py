"""Settings of a server. `oyez serve` takes the common ones as options and from the environment."""

from dataclasses import dataclass, field
from pathlib import Path

from oyez.protocol.limits import Limits

DEFAULT_PORT = 8484


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs."""

    api_key: str = field(repr=False)
    """The key that clients must present."""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    """0 takes any free port."""
    model: str = "moonshine"
    """Name of the engine, see `oyez models`; ``moonshine`` is the better one that is installed."""
    workers: int = 0
    """Threads that recognise; 0 is one for each core. Everything else needs little of a core, and
    with two a final reading need not wait until a partial one is done."""
    max_sessions: int = 100
    """Streams of this process at a time; more are refused with `limit_exceeded`."""
    max_connections: int = 0
    """WebSockets of this process at a time, whether a stream has begun on them or not; more are
    refused with `max_concurrent_connections_reached`. 0 is four times `max_sessions`, and 100 at
    least. At twice as many sockets of any kind new ones are closed at once."""
    max_requests_per_minute: int | None = None
    """Streams that all processes with this store may begin in a minute; None is no limit. Like the
    next two it needs a store, where `Store.set_limits` can say otherwise."""
    project_max_sessions: int | None = None
    """Streams of one project at a time, in all processes with this store."""
    project_max_requests_per_minute: int | None = None
    """Streams of one project that may begin in a minute, in all processes with this store."""
    store_url: str | None = field(default=None, repr=False)
    """Database with keys, usage and limits, as `oyez.store.opening.open_store` takes it. Without
    one the server knows its own key only, makes no temporary keys and keeps no usage; `oyez serve`
    has one."""
    allowed_origins: tuple[str, ...] = ()
    """Origins, such as ``https://captions.example``, whose pages may use this server. Pages of the
    server's own host always may; ``*`` is every page."""
    page: bool | None = None
    """Whether there is a web page at ``/``; None is yes at a loopback address and no at others."""
    page_passphrase: str | None = field(default=None, repr=False)
    """What visitors of the page must know, 12 characters or more; needed unless the address is a
    loopback one."""
    tls_cert: Path | None = None
    """PEM file with the certificate, and those between it and its root; makes it ``wss://``."""
    tls_key: Path | None = None
    """PEM file with the certificate's private key, unless that is in the same file."""
    max_message_bytes: int = 16 * 1024 * 1024
    """Largest WebSocket message. Clients may send a whole file in one."""
    max_text_bytes: int = 256 * 1024
    """Largest text message: a start message with the largest context is a tenth of this."""
    max_body_bytes: int = 64 * 1024
    """Largest body of a REST request."""
    max_pending_bytes: int = 4 * 1024 * 1024
    """Audio bytes of one stream that may wait to be decoded; then its socket is not read."""
    max_backlog_ms: int = 10_000
    """Decoded audio of one stream that may wait to be recognised; then no more is decoded."""
    ping_interval_s: float = 20.0
    """How often the server looks whether a silent client is still there."""
    ping_timeout_s: float = 60.0
    """How long its answer may take. Generous: the answer of a client that sends a file faster than
    it is recognised stands in line behind the audio."""
    receive_buffer_bytes: int = 256 * 1024
    """The kernel's buffer of a socket; what is in it delays the answer to a client's ping."""
    send_timeout_s: float = 30.0
    """How long a client may refuse to take a message before it is given up."""
    request_timeout_s: float = 20.0
    """How long a socket may take to bring a handshake, or another HTTP request, as a whole; and
    then the request's body."""
    close_timeout_s: float = 10.0
    """How long a closed socket may wait for its client's answer."""
    shutdown_grace_s: float = 5.0
    """How long streams may go on once the server was told to stop."""
    limits: Limits = field(default_factory=Limits)
    """Time limits of a connection."""

    @property
    def connection_limit(self) -> int:
        """WebSockets of this process at a time."""
        return self.max_connections or max(4 * self.max_sessions, 100)

    @property
    def socket_limit(self) -> int:
        """Sockets of any kind of this process at a time."""
        return 2 * self.connection_limit

    @property
    def is_tls(self) -> bool:
        """Whether it speaks TLS itself."""
        return self.tls_cert is not None
