"""Whatever a start message holds, it is understood or refused in words; nothing else happens."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oyez.errors import RemoteProtocolError
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.messages import (
    ErrorFrame,
    Start,
    decode_client_frame,
    encode_server_message,
)
from oyez.protocol.start import MAX_PROBLEMS, StartRequest, parse_start, peek_api_key

from .start_messages import ABLE, ACCEPTED, MINIMAL, ONE_WAY, PLAIN, REFUSED, TWO_WAY

texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["\ud800", "\udfff\ud800", "\0", "x" * 10_000, "keepalive", "\u202e", "\U0010ffff"]
    ),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just(10**400)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
KNOWN = [*ACCEPTED, *REFUSED, ("translation", ONE_WAY), ("translation", TWO_WAY)]
NAMES = sorted({*MINIMAL, *(name for name, _ in KNOWN)})


def values(name: str) -> st.SearchStrategy[Any]:
    """Values that the field's own tests use, and any other."""
    own = [value for known, value in KNOWN if known == name]
    return st.one_of(st.sampled_from(own or [MINIMAL[name]]), anything) if own else anything


payloads = st.builds(
    lambda known, unknown: unknown | known,
    st.fixed_dictionaries({}, optional={name: values(name) for name in NAMES}),
    st.dictionaries(texts, anything, max_size=2),
)


def judge(payload: dict[str, Any]) -> StartRequest | None:
    """Parse a start message; a refusal must be fit to send."""
    try:
        return parse_start(payload, [ABLE, PLAIN])
    except RemoteProtocolError as error:
        refusal = error
    assert refusal.error_type in ERROR_TYPES
    assert 1 <= len(refusal.problems) <= MAX_PROBLEMS
    for problem in refusal.problems:
        assert problem.endswith(".")
        assert len(problem) < 300
    encode_server_message(ErrorFrame(refusal.error_type, str(refusal), "id")).encode()
    return None


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(payload=payloads)
def test_any_object_is_understood_or_refused(payload: dict[str, Any]) -> None:
    judge(payload)
    judge(MINIMAL | payload)
    peek_api_key(payload)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(payload=payloads)
def test_what_was_understood_is_in_range(payload: dict[str, Any]) -> None:
    request = judge(MINIMAL | payload)
    if request is None:
        return
    config = request.config
    assert config.endpoint_sensitivity is None or -1.0 <= config.endpoint_sensitivity <= 1.0
    assert config.sample_rate is None or type(config.sample_rate) is int
    assert config.enable_endpoint_detection in (None, True, False)
    assert config.missing_layout_fields() == ()


def nested(depth: int, kind: str) -> Any:
    value: Any = "core"
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


@pytest.mark.parametrize("name", [*NAMES, "unknown"])
@pytest.mark.parametrize("kind", ["list", "dict"])
def test_nesting_is_refused_in_words(name: str, kind: str) -> None:
    """At every depth, also near the interpreter's limits."""
    for depth in (100, 150, 199, 200, 300, 900, 20_000):
        opening, closing = ("[", "]") if kind == "list" else ('{"a":', "}")
        core = opening * depth + '"core"' + closing * depth
        known = "".join(f'"{key}":"{value}",' for key, value in MINIMAL.items() if key != name)
        frame = f'{{{known}"{name}":{core}}}'
        try:
            message = decode_client_frame(frame, is_started=False)
        except RemoteProtocolError:
            assert depth > 800
            continue
        assert isinstance(message, Start)
        request = judge(message.payload)
        if (name, kind) != ("context", "dict"):  # whose unknown parts are ignored
            assert (request is not None) == (name == "unknown")


def test_no_depth_falls_between_reading_and_checking() -> None:
    for depth in range(900, 1_000):
        with contextlib.suppress(RemoteProtocolError):
            message = decode_client_frame(
                '{"context":' + "[" * depth + "]" * depth + "}", is_started=False
            )
            assert isinstance(message, Start)
            judge(message.payload)


def test_a_value_that_cannot_be_read_is_refused_without_a_library_s_words() -> None:
    for value in (nested(300, "list"), nested(300, "dict"), "\ud800", ["\ud800"]):
        with pytest.raises(RemoteProtocolError) as caught:
            parse_start(MINIMAL | {"context": value}, [ABLE])
        [problem] = caught.value.problems
        assert problem.startswith("Field `context`")
        assert "JSON" not in problem


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(payload=payloads)
def test_a_message_means_the_same_when_it_came_over_the_wire(payload: dict[str, Any]) -> None:
    payload.pop("type", None)
    message = decode_client_frame(json.dumps(MINIMAL | payload), is_started=False)
    assert isinstance(message, Start)
    assert (judge(message.payload) is None) == (judge(MINIMAL | payload) is None)
