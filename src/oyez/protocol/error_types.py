"""The error table: every `error_type` a stream can end with."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorType:
    """One kind of error."""

    name: str
    """The stable name on the wire; clients branch on it."""
    code: int
    """The HTTP-like status on the wire."""
    meaning: str
    """When it is sent."""
    remedy: str
    """What the client should do."""
    is_retryable: bool
    """Whether the same request may succeed in a new session without being changed."""

    @property
    def anchor(self) -> str:
        """The fragment that names this error on the server's error page."""
        return self.name.replace("_", "-")


_ROWS = (
    ErrorType(
        "invalid_request",
        400,
        "The start message, a control message or the audio is wrong.",
        "Correct what the message names; every problem found is listed.",
        is_retryable=False,
    ),
    ErrorType(
        "model_not_available",
        400,
        "The model is unknown here, or is not a real-time model.",
        "Use one of the models that the message lists.",
        is_retryable=False,
    ),
    ErrorType(
        "unauthenticated",
        401,
        "The API key is missing, wrong or expired.",
        "Send the server's key as `Authorization: Bearer KEY`, as the WebSocket subprotocol "
        "after `soniox-api-key`, or as `api_key` in the start message.",
        is_retryable=False,
    ),
    ErrorType(
        "permission_denied",
        403,
        "The key is valid but may not do this.",
        "Use a key with this permission.",
        is_retryable=False,
    ),
    ErrorType(
        "temp_api_key_session_expired",
        403,
        "The session time of a temporary key is over.",
        "Fetch a new temporary key and open a new session.",
        is_retryable=False,
    ),
    ErrorType(
        "request_timeout",
        408,
        "Neither audio nor a keepalive arrived in time.",
        "Send audio, or a keepalive at least every 20 seconds, and open a new session.",
        is_retryable=True,
    ),
    ErrorType(
        "max_duration_reached",
        413,
        "The stream reached its longest duration.",
        "Open a new session for the audio that follows.",
        is_retryable=True,
    ),
    ErrorType(
        "limit_exceeded",
        429,
        "Too many sessions or requests.",
        "Close other sessions or wait.",
        is_retryable=False,
    ),
    ErrorType(
        "max_concurrent_connections_reached",
        429,
        "Too many open connections.",
        "Close other connections or wait.",
        is_retryable=False,
    ),
    ErrorType(
        "internal_error",
        500,
        "The server failed.",
        "Open a new session; report the request id if it happens again.",
        is_retryable=True,
    ),
    ErrorType(
        "service_unavailable",
        503,
        "The server is shutting down or has no room.",
        "Open a new session.",
        is_retryable=True,
    ),
)

ERROR_TYPES: Final[Mapping[str, ErrorType]] = MappingProxyType({row.name: row for row in _ROWS})
"""`error_type` to its row."""
