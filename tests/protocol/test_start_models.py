"""Which model a start message gets, and what it may ask of it."""

from typing import Any

import pytest

from oyez.errors import RemoteProtocolError
from oyez.protocol.models import ASYNC_TWINS, REAL_TIME_MODEL, ModelInfo
from oyez.protocol.start import parse_start

from .start_messages import ABLE, ONE_WAY, PLAIN, refusal, start


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
