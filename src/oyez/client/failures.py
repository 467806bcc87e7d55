"""From what went wrong to the exception that says so."""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from websockets.exceptions import (
    ConnectionClosed,
    InvalidMessage,
    InvalidStatus,
    WebSocketException,
)
from websockets.frames import CloseCode

from oyez.client.events import RealtimeEvent
from oyez.errors import (
    NextStep,
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

SERVER_FAULTS: Final = 500
"""Codes from here on blame the server."""

CONNECT_FAILURES: Final = (OSError, EOFError, ImportError, ValueError, WebSocketException)
"""What opening a socket can raise: the network, TLS, the handshake, a proxy, a header."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a socket closed."""

    code: int | None
    """Of the server's close frame; None when there was none."""
    reason: str
    is_silent: bool
    """Whether this side gave up, because the server answered no more."""
    cause: BaseException


def closing_of(closed: ConnectionClosed, *, was_given_up: bool = False) -> Closing:
    """Return how a socket closed.

    Args:
        closed: What using it raised.
        was_given_up: Whether this side cut it, because a frame could not leave.
    """
    if closed.rcvd is not None:
        return Closing(closed.rcvd.code, closed.rcvd.reason, is_silent=False, cause=closed)
    # Without a pong in time, websockets closes with 1011; a send that takes too long ends in a
    # TimeoutError, and so does a connection that the system gives up.
    missed_pong = closed.sent is not None and closed.sent.code == CloseCode.INTERNAL_ERROR
    timed_out = isinstance(closed.__cause__, TimeoutError)
    return Closing(None, "", is_silent=was_given_up or missed_pong or timed_out, cause=closed)


def server_error(event: RealtimeEvent) -> OyezServerError:
    """Return the exception of an error event; its `error_code` is set."""
    code = event.error_code or 0
    by_code = BY_CODE.get(code, OyezUnavailableError if code >= SERVER_FAULTS else OyezServerError)
    kind = BY_TYPE.get(event.error_type or "") or by_code
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
    reason, next_step = connect_reason(error, timeout_sec)
    return OyezConnectError(url, reason, next_step=next_step)


def connect_reason(error: Exception, timeout_sec: float) -> tuple[str, NextStep]:
    """Return why there is no connection, and what to do about it."""
    step = NextStep.FIX_REQUEST
    match error:
        case TimeoutError():
            reason, step = f"nothing answered within {timeout_sec:g} s", NextStep.RETRY_NOW
        case ConnectionRefusedError():
            reason, step = "nothing listens there", NextStep.RETRY_NOW
        case socket.gaierror():
            reason = "its host name was not found"
            if error.errno == socket.EAI_AGAIN:  # the name server, not the name
                step = NextStep.RETRY_NOW
        case ssl.SSLCertVerificationError():
            reason = f"its certificate was refused ({error.verify_message})"
        case ssl.SSLError():
            reason = "it does not speak TLS; addresses without TLS begin with ws:// or http://"
        case InvalidStatus():
            status = error.response.status_code
            reason = f"it answered with HTTP status {status} and opened no WebSocket"
            step = _step_after_status(status)
        case _:
            reason = str(error).rstrip(".") or type(error).__name__
            if isinstance(error, OSError | EOFError | InvalidMessage):
                step = NextStep.RETRY_NOW
    return reason, step


def _step_after_status(status: int) -> NextStep:
    if status in (401, 403):
        return NextStep.NEW_KEY
    if status == 429:
        return NextStep.WAIT
    return NextStep.RETRY_NOW if status >= SERVER_FAULTS else NextStep.FIX_REQUEST
