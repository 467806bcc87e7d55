"""From what went wrong to the exception that says so."""

import socket
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from oyez.client.events import RealtimeEvent
from oyez.errors import (
    OyezAuthenticationError,
    OyezConnectError,
    OyezInvalidRequestError,
    OyezMaxDurationError,
    OyezModelNotAvailableError,
    OyezPermissionDeniedError,
    OyezQuotaError,
    OyezServerError,
    OyezTimeoutError,
    OyezUnavailableError,
)
from oyez.protocol.error_types import ERROR_TYPES

BY_TYPE: Final[Mapping[str, type[OyezServerError]]] = MappingProxyType(
    {
        "invalid_request": OyezInvalidRequestError,
        "model_not_available": OyezModelNotAvailableError,
        "unauthenticated": OyezAuthenticationError,
        "permission_denied": OyezPermissionDeniedError,
        "temp_api_key_session_expired": OyezPermissionDeniedError,
        "request_timeout": OyezTimeoutError,
        "max_duration_reached": OyezMaxDurationError,
        "limit_exceeded": OyezQuotaError,
        "max_concurrent_connections_reached": OyezQuotaError,
        "internal_error": OyezUnavailableError,
        "service_unavailable": OyezUnavailableError,
    }
)
"""Exception of every `error_type` in the protocol's table."""

BY_CODE: Final[Mapping[int, type[OyezServerError]]] = MappingProxyType(
    {
        400: OyezInvalidRequestError,
        401: OyezAuthenticationError,
        402: OyezQuotaError,
        403: OyezPermissionDeniedError,
        408: OyezTimeoutError,
        413: OyezMaxDurationError,
        429: OyezQuotaError,
        500: OyezUnavailableError,
        503: OyezUnavailableError,
    }
)
"""Exception of an error whose type is new or, with servers of 2025, missing."""

CONNECT_FAILURES: Final = (OSError, EOFError, ImportError, ValueError, WebSocketException)
"""What opening a socket can raise: the network, TLS, the handshake, a proxy, a header."""


def server_error(event: RealtimeEvent) -> OyezServerError:
    """Return the exception of an error event; its `error_code` is set."""
    code = event.error_code or 0
    kind = BY_TYPE.get(event.error_type or "") or BY_CODE.get(code, OyezServerError)
    named = (row.name for row in ERROR_TYPES.values() if row.code == code)
    return kind(
        error_code=code,
        error_type=event.error_type or next(named, "unknown"),
        error_message=event.error_message or "The server gave no reason.",
        request_id=event.request_id,
        more_info=event.more_info,
    )


def connect_error(url: str, error: Exception, timeout_sec: float) -> OyezConnectError:
    """Return the exception for a socket that did not open."""
    return OyezConnectError(url, _connect_reason(error, timeout_sec))


def _connect_reason(error: Exception, timeout_sec: float) -> str:
    match error:
        case TimeoutError():
            reason = f"nothing answered within {timeout_sec:g} s"
        case ConnectionRefusedError():
            reason = "nothing listens there"
        case socket.gaierror():
            reason = "its host name was not found"
        case ssl.SSLCertVerificationError():
            reason = f"its certificate was refused ({error.verify_message})"
        case ssl.SSLError():
            reason = "it does not speak TLS; is the address ws:// rather than wss://"
        case InvalidStatus():
            status = error.response.status_code
            reason = f"it answered with HTTP status {status} and opened no WebSocket"
        case _:
            reason = str(error).rstrip(".") or type(error).__name__
    return reason


def close_code(closed: ConnectionClosed) -> int | None:
    """Return the code of the other side's close frame, or None when there was none."""
    return None if closed.rcvd is None else closed.rcvd.code
