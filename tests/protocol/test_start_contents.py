"""What a start message says of audio and words: format, languages, context, translation."""

from typing import Any

import pytest

from oyez.errors import RemoteProtocolError
from oyez.protocol.audio_formats import CONTAINER_FORMATS, LEGACY_NAMES, RAW_FORMATS
from oyez.protocol.config import MAX_CONTEXT_CHARACTERS, StructuredContext
from oyez.protocol.start import parse_start

from .start_messages import ABLE, ONE_WAY, TWO_WAY, refusal, start

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
