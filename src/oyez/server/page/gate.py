"""Who may see the page. No I/O.

At a loopback address the page is open to this machine, and only by a loopback name: a foreign page
could otherwise give its own name this machine's address (DNS rebinding) and then read ours. What a
proxy passes on does not come from this machine, whatever name it is sent to. Everywhere else the
page is off until it is switched on, and then asks for a passphrase.
"""

from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from oyez.errors import OyezValidationError
from oyez.server.origins import is_loopback_name
from oyez.server.settings import Settings

MIN_PASSPHRASE_CHARACTERS: Final = 12
PROXY_HEADERS: Final = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
"""What proxies add to a request; one of them is enough to know it by."""


class Entry(Enum):
    """What a request gets."""

    OPEN = "open"
    """The page."""
    ASK = "ask"
    """The page, for those who know the passphrase."""
    OFF = "off"
    """Nothing: there is no page."""
    ELSEWHERE = "elsewhere"
    """Nothing: it came by a name, or on a way, that is not this machine's."""


def check_page_settings(settings: Settings) -> None:
    """Refuse a page that would be open to everybody.

    Raises:
        OyezValidationError: It would need a passphrase, or a longer one.
    """
    passphrase = settings.page_passphrase
    if passphrase is not None and len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        raise OyezValidationError(
            f"The page's passphrase has {len(passphrase)} characters: "
            f"take {MIN_PASSPHRASE_CHARACTERS} or more."
        )
    if settings.page and passphrase is None and not is_loopback_name(settings.host):
        raise OyezValidationError(
            f"The page at {settings.host} needs a passphrase: set OYEZ_PAGE_PASSPHRASE."
        )


def entry(headers: Headers, settings: Settings) -> Entry:
    """Return what a request for the page gets."""
    is_on = is_loopback_name(settings.host) if settings.page is None else settings.page
    if not is_on:
        return Entry.OFF
    if settings.page_passphrase is not None:
        return Entry.ASK
    if any(name in headers for name in PROXY_HEADERS):
        return Entry.ELSEWHERE
    return Entry.OPEN if is_loopback_name(_host(headers)) else Entry.ELSEWHERE


def is_own_page(headers: Headers) -> bool:
    """Whether a request that changes something was sent by a page of this very server.

    Browsers tell where such a request comes from, and no page can make them say anything else.
    """
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https")
    return is_web and parts.netloc.lower() == headers.get("host", "").lower()


def _host(headers: Headers) -> str:
    """Return the name by which the server was called, without its port."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""
