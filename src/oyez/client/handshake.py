"""What both shells ask of `websockets` when they open a socket."""

import contextlib
import ipaddress
import socket
from typing import Any, Final
from urllib.parse import urlsplit

from oyez.client.timings import MAX_WAITING_MESSAGES, SessionTimings

SEND_BUFFER_BYTES: Final = 128 * 1024
"""Audio that may be on its way. What is said later (a ping, a finalize) waits behind it, so a
default of megabytes, minutes of speech, would outlast the ping timeout with a slow server. This
still carries forty times the pace of speech over a path of 100 ms."""


def socket_options(
    url: str, api_key: str, connect_timeout_sec: float, timings: SessionTimings
) -> dict[str, Any]:
    """Return the keyword arguments of `connect`, the same for threads and asyncio."""
    return {
        "additional_headers": {"Authorization": f"Bearer {api_key}"},
        "compression": None,  # audio does not shrink; the attempt costs time on both ends
        "open_timeout": connect_timeout_sec,
        "close_timeout": timings.close_timeout_sec,
        "ping_interval": timings.ping_interval_sec,
        "ping_timeout": timings.ping_timeout_sec,
        "max_queue": MAX_WAITING_MESSAGES,
        "proxy": None if is_this_machine(url) else True,
    }


def bound_send_buffer(sock: socket.socket) -> None:
    """Keep what is on its way below `SEND_BUFFER_BYTES`, or twice that where systems double it."""
    with contextlib.suppress(OSError):  # closed already: receiving says why
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def is_this_machine(url: str) -> bool:
    """Return whether an address is on this machine, which no proxy can reach."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
