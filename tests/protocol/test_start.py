"""The start message, field by field, as section 2 of the protocol notes describes it."""

from typing import Any

import pytest

from oyez.errors import RemoteProtocolError
from oyez.protocol.audio_formats import CONTAINER_FORMATS, LEGACY_NAMES, RAW_FORMATS
from oyez.protocol.config import MAX_CONTEXT_CHARACTERS, StructuredContext
from oyez.protocol.languages import LANGUAGES
from oyez.protocol.models import (
    ASYNC_TWINS,
    REAL_TIME_ALIASES,
    REAL_TIME_MODEL,
    ModelInfo,
)
from oyez.protocol.start import MAX_PROBLEMS, StartRequest, parse_start, peek_api_key

ABLE = ModelInfo(
    "able",
    tuple(LANGUAGES),
    aliases=(REAL_TIME_MODEL, *REAL_TIME_ALIASES),
    supports_translation=True,
    supports_speaker_diarization=True,
    supports_context=True,
)
PLAIN = ModelInfo(
    "plain",
    ("en",),
    supports_language_hints_strict=False,
    supports_max_endpoint_delay=False,
    supports_endpoint_sensitivity=False,
    endpoint_latency_adjustment_max_level=0,
)
MINIMAL = {"model": "able", "audio_format": "auto"}

ONE_WAY = {"type": "one_way", "target_language": "de"}
TWO_WAY = {"type": "two_way", "language_a": "en", "language_b": "de"}


def start(*models: ModelInfo, **fields: Any) -> StartRequest:
    return parse_start(MINIMAL | fields, models or (ABLE, PLAIN))


def refusal(*models: ModelInfo, **fields: Any) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        start(*models, **fields)
    return caught.value


def test_a_model_and_a_format_are_enough() -> None:
    request = start()
    assert request.model is ABLE
    assert request.options_without_effect == ()
    assert request.config.model_dump(exclude_none=True) == MINIMAL


ACCEPTED: list[tuple[str, Any]] = [
    ("sample_rate", 1_000),
    ("sample_rate", 384_000),
    ("num_channels", 1),
    ("num_channels", 64),
    ("language_hints", ["en"]),
    ("language_hints", ["no", "tl", "zh"]),
    ("language_hints", sorted(LANGUAGES)),
    ("language_hints_strict", True),
    ("language_hints_strict", False),
    ("context", ""),
    ("context", "a plain string"),
    ("enable_speaker_diarization", True),
    ("enable_language_identification", True),
    ("enable_endpoint_detection", True),
    ("enable_endpoint_detection", False),
    ("max_endpoint_delay_ms", 500),
    ("max_endpoint_delay_ms", 3_000),
    ("endpoint_sensitivity", -1.0),
    ("endpoint_sensitivity", 1.0),
    ("endpoint_sensitivity", 0),
    ("endpoint_latency_adjustment_level", 0),
    ("endpoint_latency_adjustment_level", 3),
    ("client_reference_id", ""),
    ("client_reference_id", "x" * 256),
    ("enable_non_final_tokens", False),
    ("max_non_final_tokens_duration_ms", 700),
    ("max_non_final_tokens_duration_ms", 6_000),
    ("api_key", "secret"),
]


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


REFUSED: list[tuple[str, Any]] = [
    ("model", 5),
    ("model", ["able"]),
    ("audio_format", 5),
    ("audio_format", {"type": "wav"}),
    ("sample_rate", 999),
    ("sample_rate", 384_001),
    ("sample_rate", "16000"),
    ("sample_rate", 16_000.5),
    ("sample_rate", True),
    ("sample_rate", 10**30),
    ("num_channels", 0),
    ("num_channels", 65),
    ("num_channels", "1"),
    ("num_channels", True),
    ("language_hints", "en"),
    ("language_hints", {"en": 1}),
    ("language_hints", [1]),
    ("language_hints", [None]),
    ("language_hints", ["eng"]),
    ("language_hints_strict", "yes"),
    ("language_hints_strict", 1),
    ("context", 5),
    ("context", ["a"]),
    ("context", {"terms": "a"}),
    ("context", {"terms": [1]}),
    ("context", {"text": 1}),
    ("context", {"general": "a"}),
    ("context", {"general": [{"key": "a"}]}),
    ("context", {"general": {"a": 1}}),
    ("context", {"translation_terms": [{"source": "a"}]}),
    ("enable_speaker_diarization", "true"),
    ("enable_language_identification", 0),
    ("enable_endpoint_detection", 1),
    ("max_endpoint_delay_ms", 499),
    ("max_endpoint_delay_ms", 3_001),
    ("max_endpoint_delay_ms", 1_000.5),
    ("max_endpoint_delay_ms", "2000"),
    ("endpoint_sensitivity", -1.01),
    ("endpoint_sensitivity", 1.01),
    ("endpoint_sensitivity", True),
    ("endpoint_sensitivity", float("nan")),
    ("endpoint_sensitivity", float("inf")),
    ("endpoint_latency_adjustment_level", -1),
    ("endpoint_latency_adjustment_level", 4),
    ("endpoint_latency_adjustment_level", 1.5),
    ("translation", "de"),
    ("translation", {}),
    ("translation", {"type": "three_way"}),
    ("translation", {"type": "one_way"}),
    ("translation", {"type": "one_way", "target_language": None}),
    ("translation", {"type": "one_way", "target_language": 5}),
    ("translation", {"type": "two_way", "language_a": "en"}),
    ("client_reference_id", "x" * 257),
    ("client_reference_id", 5),
    ("enable_non_final_tokens", "no"),
    ("max_non_final_tokens_duration_ms", 699),
    ("max_non_final_tokens_duration_ms", 6_001),
    ("api_key", 5),
]


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


# Models.


@pytest.mark.parametrize("name", ABLE.names)
def test_a_model_is_found_by_every_name(name: str) -> None:
    assert start(model=name).model is ABLE


def test_the_first_model_that_has_the_name_serves() -> None:
    twin = ModelInfo("twin", ("en",), aliases=(REAL_TIME_MODEL,))
    assert start(twin, ABLE, model=REAL_TIME_MODEL).model is twin


@pytest.mark.parametrize("name", ["", "nonsense", "Able", " able", "stt-rt-v99"])
def test_an_unknown_model_is_answered_with_the_names_there_are(name: str) -> None:
    error = refusal(model=name)
    assert error.error_type == "model_not_available"
    assert repr(name) in str(error)
    for known in (*ABLE.names, *PLAIN.names):
        assert known in str(error)


@pytest.mark.parametrize("name", list(ASYNC_TWINS))
def test_a_model_for_files_is_answered_with_its_real_time_twin(name: str) -> None:
    error = refusal(model=name)
    assert error.error_type == "model_not_available"
    assert f"transcribes files; the real-time model is {ASYNC_TWINS[name]}." in str(error)


@pytest.mark.parametrize("payload", [{}, {"model": None}])
def test_a_missing_model_is_missing(payload: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_start(payload | {"audio_format": "auto"}, [ABLE])
    assert caught.value.error_type == "invalid_request"
    assert caught.value.problems == ("Field `model` is missing.",)


# Audio.


@pytest.mark.parametrize("payload", [{}, {"audio_format": None}])
def test_a_missing_format_is_missing(payload: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_start(payload | {"model": "able"}, [ABLE])
    assert caught.value.problems == (
        "Field `audio_format` is missing: name the format, or send `auto`.",
    )


@pytest.mark.parametrize("name", ["auto", *sorted(CONTAINER_FORMATS)])
def test_a_container_needs_no_layout(name: str) -> None:
    assert start(audio_format=name).config.audio_format == name


@pytest.mark.parametrize("name", sorted(RAW_FORMATS))
def test_raw_audio_needs_its_layout(name: str) -> None:
    layout = {"sample_rate": 8_000, "num_channels": 1}
    assert start(audio_format=name, **layout).config.audio_format == name
    for missing in layout:
        rest = {key: value for key, value in layout.items() if key != missing}
        [problem] = refusal(audio_format=name, **rest).problems
        assert problem == f"Field `{missing}` is missing: {name} is raw audio without a header."
    assert len(refusal(audio_format=name).problems) == 2


@pytest.mark.parametrize("name", list(LEGACY_NAMES))
def test_a_legacy_name_becomes_todays(name: str) -> None:
    config = start(audio_format=name, sample_rate=8_000, num_channels=1).config
    assert config.audio_format == LEGACY_NAMES[name]
    assert len(refusal(audio_format=name).problems) == 2


@pytest.mark.parametrize("name", ["", "opus", "PCM_S16LE", "x" * 10_000])
def test_an_unknown_format_is_named(name: str) -> None:
    [problem] = refusal(audio_format=name).problems
    assert problem.startswith(f"Audio format '{name[:61]}")
    assert "is unknown" in problem
    assert len(problem) < 250


# Languages.


def test_an_empty_list_of_hints_is_refused() -> None:
    assert "`language_hints` is empty" in str(refusal(language_hints=[]))


def test_unknown_hints_are_named_once_each() -> None:
    problems = refusal(language_hints=["en", "xx", "EN", "xx"]).problems
    assert [problem for problem in problems if "Invalid language hint" in problem] == [
        "Invalid language hint 'xx': use a code such as en.",
        "Invalid language hint 'EN': use a code such as en.",
    ]


def test_hints_must_be_unique() -> None:
    assert refusal(language_hints=["en", "de", "en"]).problems == (
        "Language hints must be unique.",
    )


# Context.


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({}, StructuredContext()),
        ({"general": None, "text": None, "terms": None}, StructuredContext()),
        ({"text": "background", "future": 1}, StructuredContext(text="background")),
        ({"terms": ["a", "b"]}, StructuredContext(terms=["a", "b"])),
    ],
)
def test_a_context_object_is_understood(given: dict[str, Any], meant: StructuredContext) -> None:
    assert start(context=given).config.context == meant


def test_pairs_may_come_as_lists_or_as_dicts() -> None:
    listed = {
        "general": [{"key": "domain", "value": "law"}],
        "translation_terms": [{"source": "Mr", "target": "Herr"}],
    }
    short = {"general": {"domain": "law"}, "translation_terms": {"Mr": "Herr"}}
    assert start(context=listed).config == start(context=short).config


@pytest.mark.parametrize(
    "parts",
    [
        lambda length: "x" * length,
        lambda length: {"text": "x" * length},
        lambda length: {"text": "x", "terms": ["x" * (length - 2), "x"]},
        lambda length: {"general": [{"key": "x" * (length - 5), "value": "x" * 5}]},
        lambda length: {"general": {"k": "x"}, "translation_terms": {"x" * (length - 3): "x"}},
    ],
)
def test_a_context_holds_ten_thousand_characters_in_all(parts: Any) -> None:
    start(context=parts(MAX_CONTEXT_CHARACTERS))
    [problem] = refusal(context=parts(MAX_CONTEXT_CHARACTERS + 1)).problems
    assert problem.startswith("Field `context` has 10001 characters")


def test_a_wrong_part_of_a_context_is_the_only_complaint() -> None:
    """That it is no plain string is not what is wrong with it."""
    [problem] = refusal(context={"terms": 5}).problems
    assert problem.startswith("Field `context.terms`:")


# Translation.


@pytest.mark.parametrize("translation", [ONE_WAY, TWO_WAY, {**ONE_WAY, "language_a": None}])
def test_both_forms_of_translation_are_understood(translation: dict[str, Any]) -> None:
    config = start(translation=translation).config.translation
    assert config is not None
    meant = {name: value for name, value in translation.items() if value is not None}
    assert config.model_dump(exclude_none=True) == meant


@pytest.mark.parametrize(
    ("translation", "name"),
    [
        ({**ONE_WAY, "target_language": "xx"}, "target_language"),
        ({**TWO_WAY, "language_a": "xx"}, "language_a"),
        ({**TWO_WAY, "language_b": "xx"}, "language_b"),
    ],
)
def test_an_unknown_translation_language_is_named(translation: dict[str, Any], name: str) -> None:
    assert refusal(translation=translation).problems == (
        f"Invalid translation language 'xx' in `{name}`.",
    )


@pytest.mark.parametrize("translation", [ONE_WAY, TWO_WAY])
def test_a_model_without_translation_refuses_it(translation: dict[str, Any]) -> None:
    assert refusal(model="plain", translation=translation).problems == (
        "Model plain does not support `translation`: leave the field out.",
    )


# Capabilities.


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("language_hints_strict", True),
        ("language_hints_strict", False),
        ("max_endpoint_delay_ms", 2_000),
        ("endpoint_sensitivity", 0.0),
        ("endpoint_latency_adjustment_level", 0),
        ("translation", ONE_WAY),
    ],
)
def test_a_field_that_a_model_lacks_is_refused_not_ignored(name: str, value: object) -> None:
    start(**{name: value})
    start(model="plain", **{name: None})
    error = refusal(model="plain", **{name: value})
    assert error.error_type == "invalid_request"
    assert error.problems == (f"Model plain does not support `{name}`: leave the field out.",)


def test_a_model_may_take_fewer_latency_levels() -> None:
    model = ModelInfo("able", ("en",), endpoint_latency_adjustment_max_level=1)
    start(model, endpoint_latency_adjustment_level=1)
    assert refusal(model, endpoint_latency_adjustment_level=2).problems == (
        "Model able takes `endpoint_latency_adjustment_level` up to 1.",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable_speaker_diarization", True),
        ("context", "names"),
        ("language_hints", ["en", "de"]),
        ("sample_rate", 16_000),
    ],
)
def test_an_option_without_effect_is_accepted_and_reported(name: str, value: object) -> None:
    assert start(model="plain", **{name: value}).options_without_effect == (name,)


def test_options_with_effect_are_not_reported() -> None:
    request = start(enable_speaker_diarization=True, context="names", language_hints=["de"])
    assert request.options_without_effect == ()
    request = start(model="plain", enable_speaker_diarization=False, language_hints=["en"])
    assert request.options_without_effect == ()
    raw = start(audio_format="pcm_s16le", sample_rate=8_000, num_channels=1)
    assert raw.options_without_effect == ()


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
