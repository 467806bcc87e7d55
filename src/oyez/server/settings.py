"""Settings of a server. `oyez serve` takes the common ones as options and from the environment."""

from dataclasses import dataclass, field

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
    """Streams at a time; more are refused with `limit_exceeded`."""
    max_message_bytes: int = 16 * 1024 * 1024
    """Largest WebSocket message. Clients may send a whole file in one."""
    max_text_bytes: int = 256 * 1024
    """Largest text message: a start message with the largest context is a tenth of this."""
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
    """How long a socket may take to bring a handshake, or another HTTP request, as a whole."""
    close_timeout_s: float = 10.0
    """How long a closed socket may wait for its client's answer."""
    shutdown_grace_s: float = 5.0
    """How long streams may go on once the server was told to stop."""
    limits: Limits = field(default_factory=Limits)
    """Time limits of a connection."""
