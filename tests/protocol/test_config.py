"""The session configuration beside that of the Soniox Python SDK, field by field."""

import typing
from typing import Any

import pytest
import soniox.types
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from soniox.types.api import RealtimeSTTAudioFormat, RealtimeSTTRawFormat

from oyez import RealtimeSTTConfig
from oyez.protocol.audio_formats import RAW_FORMATS, AudioFormat
from oyez.protocol.config import (
    MAX_NUM_CHANNELS,
    MAX_SAMPLE_RATE_HZ,
    MIN_SAMPLE_RATE_HZ,
    StructuredContext,
    StructuredContextGeneralItem,
    StructuredContextTranslationTerm,
    TranslationConfig,
)


def literals(alias: Any) -> set[str]:
    """Return the strings of a literal type or of a union of them."""
    found: set[str] = set()
    for item in typing.get_args(alias):
        found |= {item} if isinstance(item, str) else literals(item)
    return found


THEIR_FORMATS = sorted(literals(RealtimeSTTAudioFormat))
THEIR_RAW_FORMATS = literals(RealtimeSTTRawFormat)

texts = st.text(max_size=8)
codes = st.text(min_size=2, max_size=2)
pairs = st.dictionaries(texts, texts, max_size=3)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "general": st.none()
        | pairs
        | pairs.map(lambda given: [{"key": k, "value": v} for k, v in given.items()]),
        "text": st.none() | texts,
        "terms": st.none() | st.lists(texts, max_size=3),
        "translation_terms": st.none()
        | pairs
        | pairs.map(lambda given: [{"source": k, "target": v} for k, v in given.items()]),
    },
)
maybe_code = st.none() | codes
translations = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("one_way"), "target_language": codes},
        optional={"language_a": maybe_code, "language_b": maybe_code},
    ),
    st.fixed_dictionaries(
        {"type": st.just("two_way"), "language_a": codes, "language_b": codes},
        optional={"target_language": maybe_code},
    ),
)
flags = st.none() | st.booleans()
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "num_channels": st.none() | st.integers(1, MAX_NUM_CHANNELS),
    "sample_rate": st.none() | st.integers(MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ),
    "language_hints": st.none() | st.lists(codes, max_size=3),
    "language_hints_strict": flags,
    "context": st.none() | contexts,
    "enable_speaker_diarization": flags,
    "enable_language_identification": flags,
    "enable_endpoint_detection": flags,
    "max_endpoint_delay_ms": st.none() | st.integers(0, 4_000),
    "endpoint_sensitivity": st.none() | st.floats(-1.5, 1.5),
    "endpoint_latency_adjustment_level": st.none() | st.integers(-1, 4),
    "translation": st.none() | translations,
    "client_reference_id": st.none() | texts | st.just("x" * 256) | st.just("x" * 257),
}
arguments = st.fixed_dictionaries(
    {"model": texts}, optional={"audio_format": st.sampled_from(THEIR_FORMATS)} | OPTIONAL
)


def test_the_fields_have_the_same_names_in_the_same_order() -> None:
    ours = list(RealtimeSTTConfig.model_fields)
    assert ours == list(soniox.types.RealtimeSTTConfig.model_fields)
    assert set(ours) == {"model", "audio_format", *OPTIONAL}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (StructuredContext, soniox.types.StructuredContext),
        (StructuredContextGeneralItem, soniox.types.StructuredContextGeneralItem),
        (StructuredContextTranslationTerm, soniox.types.StructuredContextTranslationTerm),
        (TranslationConfig, soniox.types.TranslationConfig),
    ],
)
def test_the_parts_have_the_same_names_too(ours: Any, theirs: Any) -> None:
    assert ours.__name__ == theirs.__name__
    assert list(ours.model_fields) == list(theirs.model_fields)


def test_every_one_of_their_formats_is_ours() -> None:
    assert set(THEIR_FORMATS) <= literals(AudioFormat)
    assert THEIR_RAW_FORMATS <= RAW_FORMATS


def test_the_model_may_be_left_to_us() -> None:
    assert RealtimeSTTConfig().model_dump(exclude_none=True) == {
        "model": "stt-rt-v5",
        "audio_format": "auto",
    }


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(fields=arguments)
def test_what_theirs_accepts_ours_accepts_and_sends_alike(fields: dict[str, Any]) -> None:
    """And what theirs refuses, ours refuses."""
    try:
        theirs = soniox.types.RealtimeSTTConfig(**fields)
    except ValidationError:
        with pytest.raises(ValidationError):
            RealtimeSTTConfig(**fields)
    else:
        ours = RealtimeSTTConfig(**fields)
        assert ours.model_dump(exclude_none=True) == theirs.model_dump(exclude_none=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fields=arguments)
def test_a_dumped_configuration_is_the_same_configuration(fields: dict[str, Any]) -> None:
    try:
        config = RealtimeSTTConfig(**fields)
    except ValidationError:
        return
    assert RealtimeSTTConfig.model_validate(config.model_dump(exclude_none=True)) == config


def test_languages_of_the_other_form_of_translation_are_not_sent() -> None:
    one = TranslationConfig(type="one_way", target_language="de", language_a="en")
    assert one.model_dump(exclude_none=True) == {"type": "one_way", "target_language": "de"}
    two = TranslationConfig(type="two_way", language_a="en", language_b="de", target_language="fr")
    assert two.target_language is None


@pytest.mark.parametrize("name", sorted(RAW_FORMATS))
def test_a_raw_format_must_say_its_layout(name: AudioFormat) -> None:
    with pytest.raises(ValidationError, match="set sample_rate and num_channels"):
        RealtimeSTTConfig(audio_format=name)
    with pytest.raises(ValidationError, match="set num_channels"):
        RealtimeSTTConfig(audio_format=name, sample_rate=8_000)
    RealtimeSTTConfig(audio_format=name, sample_rate=8_000, num_channels=2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", MIN_SAMPLE_RATE_HZ - 1),
        ("sample_rate", MAX_SAMPLE_RATE_HZ + 1),
        ("num_channels", 0),
        ("num_channels", MAX_NUM_CHANNELS + 1),
        ("audio_format", "opus"),
        ("translation", {"type": "one_way"}),
        ("translation", {"type": "two_way", "language_a": "en"}),
    ],
)
def test_some_mistakes_are_noticed_here_already(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        RealtimeSTTConfig.model_validate({field: value})


def test_a_context_may_be_a_plain_string() -> None:
    assert RealtimeSTTConfig(context="a text").context == "a text"


def test_a_context_counts_all_its_characters() -> None:
    context = StructuredContext.model_validate(
        {
            "general": {"ab": "c"},
            "text": "de",
            "terms": ["f", "gh"],
            "translation_terms": [{"source": "ij", "target": "k"}],
        }
    )
    assert context.character_count() == 11
    assert StructuredContext().character_count() == 0
