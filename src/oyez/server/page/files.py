"""The files that browsers get. They lie beside this module and are read once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
"""Nothing from elsewhere, nothing inline. `blob:` is a recording, to see how long it is."""

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        # Not no-referrer: with that, browsers send forms without saying where they come from.
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    }
)
"""On every answer."""

OURS_ONLY: Final[Mapping[str, str]] = MappingProxyType(
    {"cross-origin-resource-policy": "same-origin"}
)
FOR_ALL: Final[Mapping[str, str]] = MappingProxyType(
    {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"}
)
"""The client code is public, and pages elsewhere may import it."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file and how it is sent. Browsers keep it and ask each time whether it has changed."""

    content: bytes
    content_type: str
    etag: str
    headers: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        """Return the file, or 304 when the browser has it."""
        headers = {**HEADERS, **self.headers, "cache-control": "no-cache", "etag": self.etag}
        if self.etag in _etags(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers={**headers, "content-type": self.content_type})


def load(folder: str, headers: Mapping[str, str]) -> dict[str, StaticFile]:
    """Read the files of a folder beside this module, by their names."""
    found = {}
    for item in files("oyez.server.page").joinpath(folder).iterdir():
        suffix = item.name[item.name.rfind(".") :]
        if suffix in TYPES:
            content = item.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            found[item.name] = StaticFile(content, TYPES[suffix], etag, headers)
    return found


def _etags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]
