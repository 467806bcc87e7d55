"""How often something may be tried. No I/O: the time is an argument."""

import ipaddress
from collections import deque
from typing import Final

IPV6_PREFIX: Final = 64
"""Bits of an IPv6 address that stand for one network, whose owner has all addresses in it."""


class Attempts:
    """Attempts in a sliding window, of each address and of all together.

    Memory is bounded by `limit`: nothing else is kept.

    Args:
        each: Attempts of one address, or one IPv6 network, in a window.
        limit: Attempts of all.
        window_s: Length of the window, in seconds.
    """

    def __init__(self, *, each: int, limit: int, window_s: float = 60.0) -> None:
        self._each = each
        self._limit = limit
        self._window_s = window_s
        self._made: deque[tuple[float, str]] = deque()

    def wait_s(self, address: str, *, now_s: float) -> float:
        """Return how long this address has to wait before it may try; 0 for not at all."""
        while self._made and self._made[0][0] <= now_s - self._window_s:
            self._made.popleft()
        network = _network(address)
        own = [made_s for made_s, other in self._made if other == network]
        free_s = [now_s]
        if len(own) >= self._each:
            free_s.append(own[-self._each] + self._window_s)
        if len(self._made) >= self._limit:
            free_s.append(self._made[-self._limit][0] + self._window_s)
        return max(free_s) - now_s

    def count(self, address: str, *, now_s: float) -> None:
        """Note an attempt that `wait_s` allowed."""
        self._made.append((now_s, _network(address)))


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    return str(ipaddress.ip_network((ip, IPV6_PREFIX), strict=False))
