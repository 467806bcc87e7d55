"""Which web pages may use the server: the check of the header `Origin`.

Browsers send it with every WebSocket and with every request from another origin, and no page can
change it. Programs that are no browsers send none, or what they like: this check protects people
who open a page from the page, it does not protect the server from anybody.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers

from oyez.server.settings import Settings

ANY: Final = "*"


def is_allowed(headers: Headers, settings: Settings) -> bool:
    """Whether the page that sent a request, if it was one, may use this server.

    Always allowed are requests without the header and pages of the same host, whatever the port:
    whoever may open one port of a host may open others. A server that listens at a loopback
    address takes itself to be called by loopback names only, or else a page could give its own
    name this machine's address (DNS rebinding) and would then be of the same host.

    Args:
        headers: Of the request or the handshake.
        settings: `allowed_origins` and `host` count.
    """
    origin = headers.get("origin")
    if origin is None or _is_listed(origin, settings.allowed_origins):
        return True
    caller, called = _split(origin), _split(f"//{headers.get('host', '')}")
    if caller is None or called is None or caller.scheme not in ("http", "https"):
        return False
    if is_loopback_name(settings.host):
        return is_loopback_name(caller.hostname or "") and is_loopback_name(called.hostname or "")
    return _is_same_host(caller.hostname or "", called.hostname or "")


def is_loopback_name(host: str) -> bool:
    """Whether a host, without a port, means this machine to a browser on it."""
    host = host.lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def normal_origin(text: str) -> str:
    """Return an origin as browsers write it: lower case, no default port, no slash at the end.

    Raises:
        ValueError: It is neither ``*``, ``null`` nor ``SCHEME://HOST[:PORT]``.
    """
    origin = text.strip().lower().removesuffix("/")
    if origin in (ANY, "null"):
        return origin
    parts = _split(origin)
    if parts is None or not parts.scheme or not parts.hostname:
        raise ValueError(f"{text!r} is no origin: write SCHEME://HOST or SCHEME://HOST:PORT")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} is more than an origin: leave out what follows the host")
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(default) if default else parts.netloc}"


def _is_listed(origin: str, allowed: Sequence[str]) -> bool:
    return ANY in allowed or origin.lower() in allowed


def _is_same_host(left: str, right: str) -> bool:
    return bool(left) and (left == right or (is_loopback_name(left) and is_loopback_name(right)))


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address, or None when it has none that could be meant."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return None
    return parts
