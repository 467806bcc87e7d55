"""What the REST API answers instead of a success, and when a call is made again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez import errors
from oyez.client.rest.answers import Received, read
from oyez.client.rest.calls import Call, create_temporary_api_key, list_models
from oyez.client.rest.patience import Patience
from oyez.errors import FieldProblem, NextStep, OyezServerError
from oyez.protocol.rest import ApiError, ApiErrorValidationError

TYPES = {
    400: ("invalid_request", errors.OyezInvalidRequestError, NextStep.FIX_REQUEST),
    401: ("unauthenticated", errors.OyezAuthenticationError, NextStep.NEW_KEY),
    402: ("organization_balance_exhausted", errors.OyezQuotaError, NextStep.WAIT),
    403: ("permission_denied", errors.OyezPermissionDeniedError, NextStep.NEW_KEY),
    404: ("file_not_found", errors.OyezNotFoundError, NextStep.FIX_REQUEST),
    408: ("request_timeout", errors.OyezServerError, NextStep.FIX_REQUEST),
    409: ("transcription_invalid_state", errors.OyezConflictError, NextStep.WAIT),
    413: ("too_large", errors.OyezServerError, NextStep.FIX_REQUEST),
    429: ("limit_exceeded", errors.OyezQuotaError, NextStep.WAIT),
    500: ("internal_error", errors.OyezUnavailableError, NextStep.RETRY_NOW),
    502: ("bad_gateway", errors.OyezUnavailableError, NextStep.RETRY_NOW),
    503: ("service_unavailable", errors.OyezUnavailableError, NextStep.RETRY_NOW),
}
KEY_CALL = create_temporary_api_key(
    usage_type="transcribe_websocket",
    expires_in_seconds=60,
    client_reference_id=None,
    single_use=None,
    max_session_duration_seconds=None,
)


def refusal(status: int, content: bytes | str = b"", reason: str = "", **facts: Any) -> Any:
    """What reading an answer raises."""
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(OyezServerError) as caught:
        read(list_models(), Received(status, reason, content, **facts))
    return caught.value


@pytest.mark.parametrize("status", TYPES)
def test_each_status_has_its_exception(status: int) -> None:
    error_type, kind, next_step = TYPES[status]
    body = ApiError(
        status_code=status,
        error_type=error_type,
        message="What went wrong.",
        request_id="r-1",
        more_info="https://speech.example/errors#x",
    )
    error = refusal(status, body.model_dump_json())
    assert type(error) is kind
    assert (error.error_code, error.error_type) == (status, error_type)
    assert (error.error_message, error.request_id) == ("What went wrong.", "r-1")
    assert error.more_info == "https://speech.example/errors#x"
    assert error.next_step is next_step
    assert "session" not in str(error)
    assert str(error).startswith(f"{status} {error_type}: What went wrong. (request r-1)")


def test_the_fields_that_are_wrong_are_named() -> None:
    problems = [
        ApiErrorValidationError(
            error_type="less_than_equal",
            location="body.payload.expires_in_seconds",
            message="must be at most 3600",
        ),
        ApiErrorValidationError(
            error_type="missing", location="body.payload.usage_type", message="is missing"
        ),
    ]
    body = ApiError(
        status_code=400,
        error_type="invalid_request",
        message="The request is wrong.",
        validation_errors=problems,
    )
    error = refusal(400, body.model_dump_json())
    assert error.validation_errors == (
        FieldProblem("less_than_equal", "body.payload.expires_in_seconds", "must be at most 3600"),
        FieldProblem("missing", "body.payload.usage_type", "is missing"),
    )
    assert "body.payload.expires_in_seconds: must be at most 3600; body." in str(error)


def test_what_the_message_says_of_fields_is_not_said_twice() -> None:
    problem = {"error_type": "missing", "location": "body.payload.x", "message": "is missing"}
    body = {"error_type": "invalid_request", "message": "Wrong: `body.payload.x` is missing."}
    error = refusal(400, json.dumps(body | {"validation_errors": [problem]}))
    assert len(error.validation_errors) == 1
    assert str(error).count("is missing") == 1


def test_the_type_counts_for_more_than_the_status() -> None:
    assert isinstance(
        refusal(401, '{"error_type": "permission_denied", "message": "No."}'),
        errors.OyezPermissionDeniedError,
    )
    assert isinstance(
        refusal(400, '{"error_type": "model_not_available", "message": "No."}'),
        errors.OyezModelNotAvailableError,
    )


def test_errors_in_the_form_of_streams_are_read() -> None:
    error = refusal(
        429, '{"error_code": 429, "error_type": "limit_exceeded", "error_message": "Too many."}'
    )
    assert isinstance(error, errors.OyezQuotaError)
    assert (error.error_type, error.error_message) == ("limit_exceeded", "Too many.")


@pytest.mark.parametrize(
    "content",
    ["<html><h1>nginx</h1>", "", "[]", "null", '{"message": 7}', b"\xff\xfe", "[" * 100_000],
)
def test_pages_of_proxies_are_reduced_to_the_reason(content: str | bytes) -> None:
    error = refusal(502, content, "Bad Gateway")
    assert (error.error_type, error.error_message) == ("unknown", "Bad Gateway.")
    assert refusal(502, content).error_message == "Bad Gateway."
    assert refusal(599, content).error_message == "The server gave no reason."
    assert refusal(401, content).error_type == "unauthenticated"
    assert refusal(413, content).error_type == "request_too_large"
    assert refusal(404, content).error_type == "not_found"
    assert refusal(403, content, request_id="from the head").request_id == "from the head"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        (" 0.5 ", 0.5),
        (None, None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
    ],
)
def test_how_long_to_wait(header: str | None, seconds: float | None) -> None:
    assert refusal(429, retry_after=header).retry_after_sec == seconds


@given(status=st.integers(100, 599), content=st.binary(max_size=200), reason=st.text(max_size=300))
def test_no_answer_is_met_with_anything_but_an_exception_of_oyez(
    status: int, content: bytes, reason: str
) -> None:
    with pytest.raises(errors.OyezRealtimeError) as caught:
        read(list_models(), Received(status, reason, content))
    assert str(caught.value)


def unanswered(*, was_sent: bool, next_step: NextStep = NextStep.RETRY_NOW) -> Any:
    return errors.OyezRequestError("GET", "u", "r", was_sent=was_sent, next_step=next_step)


def refused(status: int, retry_after_sec: float | None = None) -> OyezServerError:
    return OyezServerError(
        error_code=status, error_type="t", error_message="m", retry_after_sec=retry_after_sec
    )


@pytest.mark.parametrize(
    ("error", "reading", "making"),
    [
        (unanswered(was_sent=False), True, True),
        (unanswered(was_sent=True), True, False),
        (unanswered(was_sent=False, next_step=NextStep.FIX_REQUEST), False, False),
        (refused(500), True, False),
        (refused(502), True, False),
        (refused(503), True, False),
        (refused(503, 0.2), True, False),
        (refused(504), True, False),
        (refused(408), True, False),
        (refused(429), False, False),
        (refused(429, 0.2), True, True),
        (refused(429, 11), False, False),
        (refused(501), False, False),
        (refused(400), False, False),
        (refused(401), False, False),
        (refused(404), False, False),
        (errors.RemoteProtocolError("invalid_request", ["not understood"]), False, False),
    ],
)
def test_what_is_tried_again(error: errors.OyezRealtimeError, reading: bool, making: bool) -> None:
    for call, expected in ((list_models(), reading), (KEY_CALL, making)):
        pause_sec = Patience(call, 10, 2, clock=lambda: 0.0, draw=lambda: 1.0).pause_after(error)
        assert (pause_sec is not None) is expected, call.method


@given(
    timeout_sec=st.floats(0.01, 60),
    max_retries=st.integers(0, 8),
    attempts=st.lists(
        st.tuples(st.floats(0, 20), st.one_of(st.none(), st.floats(0, 20)), st.floats(0, 1)),
        min_size=10,
        max_size=10,
    ),
)
def test_attempts_are_counted_and_end_in_time(
    timeout_sec: float, max_retries: int, attempts: list[tuple[float, float | None, float]]
) -> None:
    """Whatever each attempt costs and whatever the server asks for, no attempt begins too late."""
    now = 0.0
    draws = iter([draw for _, _, draw in attempts])
    patience = Patience(
        list_models(), timeout_sec, max_retries, clock=lambda: now, draw=lambda: next(draws)
    )
    retries = 0
    earlier_sec = 0.0
    for cost_sec, retry_after_sec, _ in attempts:
        now += min(cost_sec, patience.left_sec)
        pause_sec = patience.pause_after(refused(503, retry_after_sec))
        if pause_sec is None:
            break
        assert pause_sec >= (retry_after_sec or 0)
        if retry_after_sec is None:
            assert 0.125 * 2**retries <= pause_sec <= 0.25 * 2**retries
        now += pause_sec
        earlier_sec += pause_sec
        retries += 1
        assert now < timeout_sec
        assert patience.left_sec > 0
    assert retries <= max_retries
    assert earlier_sec < timeout_sec


def test_only_reading_is_repeatable() -> None:
    calls: list[Call[Any]] = [list_models(), KEY_CALL]
    assert [call.is_repeatable for call in calls] == [True, False]
