"""Start messages for tests: models that can much and little, and values in and out of range."""

from typing import Any

import pytest

from oyez.errors import RemoteProtocolError
from oyez.protocol.languages import LANGUAGES
from oyez.protocol.models import REAL_TIME_ALIASES, REAL_TIME_MODEL, ModelInfo
from oyez.protocol.start import StartRequest, parse_start

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
