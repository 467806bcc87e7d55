"""The tables of the protocol: error types, languages, audio formats, model names."""

import pytest

from oyez.protocol.audio_formats import (
    CONTAINER_FORMATS,
    LEGACY_NAMES,
    RAW_FORMATS,
    canonical_format,
)
from oyez.protocol.error_types import ERROR_TYPES, ErrorType
from oyez.protocol.languages import LANGUAGES
from oyez.protocol.models import ASYNC_TWINS, REAL_TIME_ALIASES, REAL_TIME_MODEL, ModelInfo

CODES = {
    "invalid_request": 400,
    "model_not_available": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "temp_api_key_session_expired": 403,
    "request_timeout": 408,
    "max_duration_reached": 413,
    "limit_exceeded": 429,
    "max_concurrent_connections_reached": 429,
    "internal_error": 500,
    "service_unavailable": 503,
}


def test_every_error_type_has_the_code_of_the_protocol() -> None:
    assert {name: row.code for name, row in ERROR_TYPES.items()} == CODES


@pytest.mark.parametrize("row", list(ERROR_TYPES.values()), ids=list(ERROR_TYPES))
def test_every_error_type_explains_itself(row: ErrorType) -> None:
    assert ERROR_TYPES[row.name] is row
    for sentence in (row.meaning, row.remedy):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


def test_anchors_are_unique_and_fit_a_url() -> None:
    anchors = [row.anchor for row in ERROR_TYPES.values()]
    assert len(set(anchors)) == len(anchors)
    assert all(anchor.replace("-", "").isalpha() and anchor.islower() for anchor in anchors)
    assert ERROR_TYPES["invalid_request"].anchor == "invalid-request"


def test_what_may_be_retried_is_what_the_clients_retry() -> None:
    retryable = {row.code for row in ERROR_TYPES.values() if row.is_retryable}
    assert retryable == {408, 413, 500, 503}
    for row in ERROR_TYPES.values():
        assert row.is_retryable == (row.code in retryable)


def test_there_are_sixty_languages() -> None:
    assert len(LANGUAGES) == 60
    assert all(len(code) == 2 and code.islower() for code in LANGUAGES)
    assert LANGUAGES["en"] == "English"
    assert {"no", "tl"} <= set(LANGUAGES)
    assert not {"nb", "nn"} & set(LANGUAGES)


def test_every_format_is_its_own_name() -> None:
    for name in ("auto", *CONTAINER_FORMATS, *RAW_FORMATS):
        assert canonical_format(name) == name
    assert not CONTAINER_FORMATS & RAW_FORMATS


def test_names_of_2025_mean_todays_formats() -> None:
    assert canonical_format("s16le") == "pcm_s16le"
    assert canonical_format("f32le") == "pcm_f32le"
    for old, new in LEGACY_NAMES.items():
        assert canonical_format(old) == new
        assert new in RAW_FORMATS


@pytest.mark.parametrize("name", ["", "pcm", "PCM_S16LE", "s16", "opus", "mkv", " wav"])
def test_other_formats_are_unknown(name: str) -> None:
    assert canonical_format(name) is None


def test_model_names_of_every_year_are_known() -> None:
    assert REAL_TIME_MODEL == "stt-rt-v5"
    assert {"stt-rt-v4", "stt-rt-v3", "stt-rt-preview"} <= set(REAL_TIME_ALIASES)
    assert set(ASYNC_TWINS.values()) == {REAL_TIME_MODEL}
    assert not set(ASYNC_TWINS) & {REAL_TIME_MODEL, *REAL_TIME_ALIASES}


def test_a_model_answers_to_its_own_name_first() -> None:
    model = ModelInfo("moonshine-tiny", ("en",), aliases=(REAL_TIME_MODEL,))
    assert model.names == ("moonshine-tiny", "stt-rt-v5")
