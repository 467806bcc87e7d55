"""What both transports ask of httpx, and what its exceptions become."""

import importlib.metadata
import ssl
from typing import Any, Final

import httpx

from oyez.client.failures import connect_reason
from oyez.client.handshake import is_this_machine
from oyez.client.options import ClientOptions
from oyez.client.rest.answers import MAX_ANSWER_BYTES, Received
from oyez.client.rest.calls import Call
from oyez.errors import NextStep, OyezRequestError, RemoteProtocolError

_CLOSED: Final = RuntimeError
"""What httpx raises when another thread or task closes the client just before a request."""

FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL, OSError, _CLOSED)
"""What a request can raise: the network, TLS, a proxy, an address, the time, a close."""

_BEFORE_SENDING: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    _CLOSED,
)


def httpx_options(options: ClientOptions) -> dict[str, Any]:
    """Return the keyword arguments of an httpx client, the same for threads and asyncio."""
    return {
        "headers": {
            "Accept": "application/json",
            # Answers are small; and what is not packed cannot unpack to more than was counted.
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {options.api_key}",
            "User-Agent": f"oyez-python/{importlib.metadata.version('oyez')}",
        },
        "follow_redirects": False,  # the key goes to the address that was given, and nowhere else
        "trust_env": not is_this_machine(options.api_base_url),
        "verify": ssl.create_default_context(),  # the same certificates as for sessions
    }


def request_options(options: ClientOptions, call: Call[Any], timeout_sec: float) -> dict[str, Any]:
    """Return the keyword arguments of `build_request`."""
    return {
        "method": call.method,
        "url": url_of(options, call),
        "params": dict(call.query) or None,
        "json": call.body,
        "timeout": timeout_sec,
    }


def url_of(options: ClientOptions, call: Call[Any]) -> str:
    """Return the address of a call, without its query."""
    return f"{options.api_base_url.rstrip('/')}{call.path}"


class Gathering:
    """The answer as it arrives, which must not be endless.

    Args:
        response: Its head.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        """Take what came.

        Raises:
            RemoteProtocolError: It is too much.
        """
        self._content += piece
        if len(self._content) > MAX_ANSWER_BYTES:
            raise RemoteProtocolError(
                "invalid_request",
                [f"The server's answer is longer than {MAX_ANSWER_BYTES} bytes."],
            )

    def received(self) -> Received:
        """Return all of it."""
        headers = self._response.headers
        return Received(
            self._response.status_code,
            self._response.reason_phrase,
            bytes(self._content),
            headers.get("retry-after"),
            headers.get("x-request-id"),
        )


def request_error(
    options: ClientOptions, call: Call[Any], error: Exception, waited_sec: float
) -> OyezRequestError:
    """Return the exception for a request without an answer, after the time that it was given."""
    is_timeout = isinstance(error, httpx.TimeoutException | TimeoutError)
    reason, next_step = _reason(error, is_timeout=is_timeout, waited_sec=waited_sec)
    return OyezRequestError(
        call.method,
        url_of(options, call),
        reason,
        was_sent=not isinstance(error, _BEFORE_SENDING),
        is_timeout=is_timeout,
        next_step=next_step,
    )


def _reason(error: Exception, *, is_timeout: bool, waited_sec: float) -> tuple[str, NextStep]:
    if is_timeout:
        return f"nothing came within {round(waited_sec, 2):g} s", NextStep.RETRY_NOW
    cause = _system_error(error)
    if cause is not None:
        return connect_reason(cause, waited_sec)
    is_passing = isinstance(
        error, httpx.NetworkError | httpx.ProtocolError | httpx.ProxyError | _CLOSED
    )
    return (
        str(error).rstrip(".") or "the connection broke",
        NextStep.RETRY_NOW if is_passing else NextStep.FIX_REQUEST,
    )


def _system_error(error: BaseException) -> OSError | None:
    """Return the innermost error of the system, which says more than those around it."""
    found: OSError | None = None
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):  # one for each address of a host
            cause = cause.exceptions[0]
        if isinstance(cause, OSError):
            found = cause
        cause = cause.__cause__ or cause.__context__
    return found
