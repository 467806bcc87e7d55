"""The error table of the REST API: those of streams that it shares, and its own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from oyez.protocol.error_types import ERROR_TYPES, ErrorType

_SHARED: Final = (
    "invalid_request",
    "unauthenticated",
    "permission_denied",
    "request_timeout",
    "limit_exceeded",
    "internal_error",
    "service_unavailable",
)

_ROWS: Final = (
    ErrorType(
        "invalid_cursor",
        400,
        "The cursor of a page is none of this server's, or belongs to another query.",
        "Begin again without a cursor, and change nothing else from page to page.",
        is_retryable=False,
    ),
    ErrorType(
        "not_found",
        404,
        "Nothing has this address.",
        "Look at `/v1/docs` for the addresses of the API.",
        is_retryable=False,
    ),
    ErrorType(
        "method_not_allowed",
        405,
        "The address does not know this method.",
        "Use a method that the header `Allow` names.",
        is_retryable=False,
    ),
    ErrorType(
        "request_too_large",
        413,
        "The body of the request is longer than any that is needed.",
        "Send what the reference of the API asks for, and no more.",
        is_retryable=False,
    ),
    ErrorType(
        "unsupported_media_type",
        415,
        "The body of the request is not said to be JSON.",
        "Send JSON with the header `Content-Type: application/json`.",
        is_retryable=False,
    ),
)

REST_ERROR_TYPES: Final[Mapping[str, ErrorType]] = MappingProxyType(
    {name: ERROR_TYPES[name] for name in _SHARED} | {row.name: row for row in _ROWS}
)
"""`error_type` to its row, for answers of the REST API."""

REST_ONLY: Final[tuple[ErrorType, ...]] = _ROWS
"""Those that no stream ends with."""
