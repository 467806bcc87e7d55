"""From an HTTP answer to a result, or to the exception that says why there is none."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from oyez.client.failures import BY_CODE, BY_TYPE, SERVER_FAULTS
from oyez.client.problems import problems_of
from oyez.client.rest.calls import Answer, Call
from oyez.errors import (
    FieldProblem,
    OyezAuthenticationError,
    OyezConflictError,
    OyezInvalidRequestError,
    OyezModelNotAvailableError,
    OyezNotFoundError,
    OyezPermissionDeniedError,
    OyezQuotaError,
    OyezServerError,
    OyezUnavailableError,
    RemoteProtocolError,
)
from oyez.protocol.rest import ApiErrorValidationError
from oyez.protocol.rest_errors import REST_ERROR_TYPES

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Of one answer; a full page of usage logs has about one."""
_MAX_WORDS: Final = 200
"""Characters that are quoted of an answer which should not be there."""

_ADVICE: Final[Mapping[type[OyezServerError], str]] = MappingProxyType(
    {
        OyezInvalidRequestError: "Correct what the message names.",
        OyezModelNotAvailableError: "Choose one of `models.list()`.",
        OyezAuthenticationError: OyezAuthenticationError.advice,
        OyezPermissionDeniedError: "Use a key that has this permission.",
        OyezNotFoundError: OyezNotFoundError.advice,
        OyezConflictError: OyezConflictError.advice,
        OyezQuotaError: "Wait, or raise the limit.",
        OyezUnavailableError: "Try again.",
        OyezServerError: "",
    }
)
"""What to do after a request; the advice of the classes themselves is for streams."""
_BY_CODE: Final[Mapping[int, type[OyezServerError]]] = MappingProxyType(
    {code: kind for code, kind in BY_CODE.items() if kind in _ADVICE}
    | {HTTPStatus.NOT_FOUND: OyezNotFoundError, HTTPStatus.CONFLICT: OyezConflictError}
)
"""As for streams, whose 408 and 413 are about something else."""


@dataclass(frozen=True, slots=True)
class Received:
    """An HTTP answer."""

    status: int
    reason: str
    """The words after the status, maybe none."""
    content: bytes
    retry_after: str | None = None
    """The header of that name."""
    request_id: str | None = None
    """The header ``x-request-id``."""


class _Body(BaseModel):
    """What an error says of itself: the REST form, or the form of streams."""

    model_config = ConfigDict(extra="ignore")

    error_type: str | None = None
    message: str | None = None
    error_message: str | None = None
    validation_errors: list[ApiErrorValidationError] = []
    request_id: str | None = None
    more_info: str | None = None


def read(call: Call[Answer], received: Received) -> Answer:
    """Return what an answer holds.

    Raises:
        OyezServerError: It is no success.
        RemoteProtocolError: It is one, and holds something else.
    """
    if not HTTPStatus.OK <= received.status < HTTPStatus.MULTIPLE_CHOICES:
        raise _refusal(received)
    try:
        return call.answer.model_validate_json(received.content)
    except ValidationError as error:
        what = f"The server's answer to {call.method} {call.path} is not understood"
        raise RemoteProtocolError(
            "invalid_request", [f"{what}: {problems_of(error, 'answer')}."]
        ) from error


def _refusal(received: Received) -> OyezServerError:
    body = _body(received.content)
    status = received.status
    kind = _kind(status, body.error_type)
    return kind(
        error_code=status,
        error_type=body.error_type or _type(status),
        error_message=body.message or body.error_message or _phrase(received),
        request_id=body.request_id or received.request_id,
        more_info=body.more_info,
        advice=_ADVICE[kind],
        validation_errors=[
            FieldProblem(item.error_type, item.location, item.message)
            for item in body.validation_errors
        ],
        retry_after_sec=_seconds(received.retry_after),
    )


def _kind(status: int, error_type: str | None) -> type[OyezServerError]:
    """Return the exception: by the type where it is one of ours, else by the status."""
    named = BY_TYPE.get(error_type or "")
    if named is not None and named in _ADVICE:
        return named
    fallback = OyezUnavailableError if status >= SERVER_FAULTS else OyezServerError
    return _BY_CODE.get(status, fallback)


def _type(status: int) -> str:
    """Return the `error_type` that an answer without one most likely has."""
    return next((row.name for row in REST_ERROR_TYPES.values() if row.code == status), "unknown")


def _body(content: bytes) -> _Body:
    """Return what the body says; pages of proxies say nothing."""
    try:
        payload: Any = json.loads(content)
        return _Body.model_validate(payload)
    except (ValueError, RecursionError):  # a ValidationError is a ValueError
        return _Body()


def _phrase(received: Received) -> str:
    phrase = received.reason.strip()
    phrase = phrase or responses.get(received.status, "")
    return f"{phrase[:_MAX_WORDS] or 'The server gave no reason'}."


def _seconds(retry_after: str | None) -> float | None:
    """Return a header in seconds; its other form, a date, is for caches."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
