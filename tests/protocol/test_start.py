"""The start message as a whole: the range of every field, and how problems are said."""

from typing import Any

import pytest

from oyez.protocol.start import MAX_PROBLEMS, peek_api_key

from .start_messages import ABLE, ACCEPTED, MINIMAL, ONE_WAY, REFUSED, refusal, start


def test_a_model_and_a_format_are_enough() -> None:
    request = start()
    assert request.model is ABLE
    assert request.options_without_effect == ()
    assert request.config.model_dump(exclude_none=True) == MINIMAL


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_a_field_takes_its_whole_range(name: str, value: object) -> None:
    assert getattr(start(**{name: value}).config, name) == value


OPTIONAL = sorted({name for name, _ in ACCEPTED} | {"translation"})


def test_every_field_is_tried() -> None:
    fields = type(start().config).model_fields
    assert set(fields) == {*OPTIONAL, *MINIMAL}


@pytest.mark.parametrize("name", OPTIONAL)
def test_null_is_the_same_as_absent(name: str) -> None:
    assert start(**{name: None}) == start()


def test_all_nulls_at_once() -> None:
    """As LiveKit and Pipecat send them."""
    assert start(**dict.fromkeys(OPTIONAL)) == start()


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_beyond_its_range_a_field_is_refused_by_name(name: str, value: object) -> None:
    error = refusal(**{name: value})
    assert error.error_type == "invalid_request"
    assert len(error.problems) <= 2
    for problem in error.problems:
        assert problem.startswith(f"Field `{name}"), problem
        assert problem.endswith(".")
        assert "Value error" not in problem
        assert "value error" not in problem


def test_unknown_fields_are_ignored() -> None:
    nested: Any = "\ud800"
    for _ in range(500):
        nested = [nested]
    values: list[Any] = [1, None, {"a": [{}]}, "\ud800", nested]
    for value in values:
        assert start(an_option_of_tomorrow=value, type="start") == start()


# Several problems.


def test_everything_that_is_wrong_is_said_at_once() -> None:
    error = refusal(
        model="nonsense",
        audio_format="pcm_s16le",
        sample_rate="16000",
        language_hints=["xx"],
        max_endpoint_delay_ms=1,
        context="x" * 20_000,
        translation={**ONE_WAY, "target_language": "xx"},
    )
    assert error.error_type == "model_not_available"
    named = [
        "'nonsense'",
        "`max_endpoint_delay_ms`",
        "`sample_rate`",
        "`num_channels` is missing",
        "language hint 'xx'",
        "`context`",
        "translation language 'xx'",
    ]
    assert len(error.problems) == len(named)
    for name in named:
        assert sum(name in problem for problem in error.problems) == 1, name


def test_capabilities_are_judged_beside_wrong_fields() -> None:
    error = refusal(model="plain", sample_rate=1, endpoint_sensitivity=0.5, language_hints=[])
    assert len(error.problems) == 3


def test_the_first_problem_decides_the_type() -> None:
    assert refusal(model=5, audio_format="nope").error_type == "invalid_request"
    assert refusal(model="nope", audio_format=5).error_type == "model_not_available"
    assert refusal(model=None, audio_format="nope").error_type == "invalid_request"


def test_a_problem_is_said_once() -> None:
    problems = refusal(model=None, audio_format=None).problems
    assert len(problems) == len(set(problems)) == 2


def test_the_list_of_problems_is_bounded() -> None:
    assert len(refusal(language_hints=["x"] * 30_000).problems) == MAX_PROBLEMS


# Keys.


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        ({"api_key": "secret", "model": 5}, "secret"),
        ({"api_key": ""}, None),
        ({"api_key": None}, None),
        ({"api_key": 5}, None),
        ({}, None),
    ],
)
def test_the_key_is_read_before_the_rest_is_judged(
    payload: dict[str, Any], key: str | None
) -> None:
    assert peek_api_key(payload) == key


def test_the_key_is_in_no_problem() -> None:
    assert "secret" not in str(refusal(api_key="secret", model="nope", audio_format=5))
