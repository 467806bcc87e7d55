"""What the REST API answers: JSON, and errors that all have one form."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from oyez.errors import RemoteProtocolError
from oyez.protocol.messages import REQUEST_ID_HEADER
from oyez.protocol.rest import ApiError, ApiErrorValidationError
from oyez.protocol.rest_errors import REST_ERROR_TYPES

MAX_PROBLEMS: Final = 20
"""Problems listed in one answer."""
JSON: Final = "application/json"


class Refusal(HTTPException):
    """A request is refused; it never leaves the server.

    Attributes:
        error_type: Name of the error in the table of the REST API.
        message: What is wrong and what to do.
        problems: The fields that are wrong.
        headers: More headers of the answer.
    """

    def __init__(
        self,
        error_type: str,
        message: str,
        *,
        problems: Sequence[ApiErrorValidationError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.error_type = error_type
        self.message = message
        self.problems = tuple(problems)
        super().__init__(REST_ERROR_TYPES[error_type].code, message, dict(headers or {}))


def wrong_fields(error: ValidationError, place: str) -> Refusal:
    """Return the refusal of a query or a body.

    Args:
        error: What pydantic says.
        place: ``query.payload`` or ``body.payload``.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    problems = [
        ApiErrorValidationError(
            error_type=item["type"],
            location=".".join([place, *map(str, item["loc"])]),
            message=_sentence(item["msg"]),
        )
        for item in found[:MAX_PROBLEMS]
    ]
    return wrong_values(problems)


def wrong_values(problems: Sequence[ApiErrorValidationError]) -> Refusal:
    """Return the refusal of a request with these problems."""
    listed = " ".join(f"`{problem.location}`: {problem.message}" for problem in problems)
    return Refusal("invalid_request", f"The request is wrong. {listed}", problems=problems)


def from_protocol(error: RemoteProtocolError) -> Refusal:
    """Return the refusal of a request for a reason that streams have too."""
    headers = {"WWW-Authenticate": "Bearer"} if error.error_type == "unauthenticated" else {}
    return Refusal(error.error_type, str(error), headers=headers)


def no_such_method(methods: Sequence[str]) -> Refusal:
    """Return the refusal of a method that an address does not know."""
    listed = ", ".join(methods)
    return Refusal(
        "method_not_allowed", f"This address answers to {listed}.", headers={"Allow": listed}
    )


def json_answer(content: BaseModel, status: int, *, request_id: str) -> Response:
    """Return a success."""
    return _answer(content.model_dump_json(), status, request_id)


def error_answer(request: HTTPConnection, refusal: Refusal, *, request_id: str) -> Response:
    """Return an error in the form that clients read."""
    row = REST_ERROR_TYPES[refusal.error_type]
    error = ApiError(
        status_code=row.code,
        error_type=row.name,
        message=refusal.message,
        validation_errors=list(refusal.problems),
        request_id=request_id,
        more_info=f"{request.url.scheme}://{request.url.netloc}/errors#{row.anchor}",
    )
    answer = _answer(json.dumps(error.model_dump(mode="json")), row.code, request_id)
    answer.headers.update(refusal.headers or {})
    return answer


def _answer(text: str, status: int, request_id: str) -> Response:
    answer = Response(text.encode(), status, media_type=JSON)
    answer.headers[REQUEST_ID_HEADER] = request_id
    # Keys and usage are nobody else's business.
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _sentence(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
