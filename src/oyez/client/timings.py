"""How long a session waits for what."""

from dataclasses import dataclass
from typing import Final

DEFAULT_CONNECT_TIMEOUT_SEC: Final = 10.0

MAX_WAITING_MESSAGES: Final = 8192
"""Received messages that may wait to be read. When the queue is full the socket is read no
further, pings included, so it holds over half an hour of results at four a second for programs
that send a whole file before they read anything."""


@dataclass(frozen=True, slots=True)
class SessionTimings:
    """Every wait of a session, in seconds. The defaults suit networks and servers of all kinds."""

    send_timeout_sec: float = 30.0
    """For one frame to leave. A server that takes nothing for so long counts as lost."""
    close_timeout_sec: float = 2.0
    """For the server to answer when the session closes the socket."""
    keep_alive_interval_sec: float = 5.0
    """Between keepalives while paused; the server waits for 20 s."""
    ping_interval_sec: float = 20.0
    """Between pings, which find sockets whose other end is gone."""
    ping_timeout_sec: float = 20.0
    """For the answer to a ping."""
