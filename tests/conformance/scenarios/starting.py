"""The start message."""

import json
from typing import Any

from conformance.promises import holds
from conformance.wires import Wire
from oyez.protocol.audio_formats import LEGACY_NAMES
from oyez.protocol.models import ASYNC_TWINS, REAL_TIME_ALIASES
from server.wire import END, FOX, KEY, finals, fox_audio, start, text

BOTH_WAYS: dict[str, Any] = {"type": "two_way", "language_a": "en", "language_b": "de"}
ONE_WAY: dict[str, Any] = {"type": "one_way", "target_language": "de"}
EVERYTHING: dict[str, Any] = {
    "model": "stt-rt-v5",
    "audio_format": "pcm_s16le",
    "sample_rate": 16_000,
    "num_channels": 1,
    "language_hints": ["en", "de"],
    "language_hints_strict": True,
    "context": {"general": [{"key": "domain", "value": "zoo"}], "text": "x", "terms": ["fox"]},
    "enable_speaker_diarization": True,
    "enable_language_identification": True,
    "enable_endpoint_detection": True,
    "max_endpoint_delay_ms": 1_500,
    "endpoint_sensitivity": 0.3,
    "endpoint_latency_adjustment_level": 2,
    "client_reference_id": "caller 7",
    "enable_non_final_tokens": True,
    "max_non_final_tokens_duration_ms": 4_000,
}


async def is_taken(wire: Wire, message: str) -> str:
    """Say a start message and one sentence; return the final text."""
    async with wire.open() as line:
        await line.say(message, fox_audio(4_000), END)
        said = text(await line.rest())
    assert said.removesuffix("<end>") == FOX
    return said


async def is_refused(
    wire: Wire, message: str | bytes, *words: str, error_type: str = "invalid_request"
) -> str:
    async with wire.open() as line:
        await line.say(message)
        said = await line.refusal(400, error_type)
    for word in words:
        assert word in said
    return said


@holds("STA-01")
async def audio_cannot_come_first(wire: Wire) -> None:
    await is_refused(wire, fox_audio(100), "first message must be the start message", "as text")


@holds("STA-02")
async def must_be_json(wire: Wire) -> None:
    for message in ("hello", "{", "{'model': 1}", '{"a":', "\x00", "[" * 50_000):
        await is_refused(wire, message, "Start message is malformed", "not JSON")


@holds("STA-03")
async def must_be_an_object(wire: Wire) -> None:
    for message in ("[]", "1", '"start"', "null", "true"):
        await is_refused(wire, message, "Start message is malformed", "not a JSON object")


@holds("STA-04")
async def unknown_fields_are_ignored(wire: Wire) -> None:
    await is_taken(wire, start(tomorrow=True, include_nonfinal=1, speed={"x": [1]}))


@holds("STA-05")
async def null_leaves_a_field_out(wire: Wire) -> None:
    required = ("model", "audio_format", "sample_rate", "num_channels")
    nulls = dict.fromkeys((*EVERYTHING, "translation", "api_key")) | {
        name: EVERYTHING[name] for name in required
    }
    await is_taken(wire, json.dumps(nulls))
    parts = {"general": None, "text": None, "terms": None, "translation_terms": None}
    await is_taken(wire, json.dumps(nulls | {"context": parts}))


@holds("STA-06")
async def every_field_is_taken(wire: Wire) -> None:
    assert await is_taken(wire, json.dumps(EVERYTHING)) == f"{FOX}<end>"


@holds("STA-07")
async def a_missing_model_is_named(wire: Wire) -> None:
    await is_refused(wire, start(model=None), "`model` is missing")


@holds("STA-08")
async def an_unknown_model_is_not_available(wire: Wire) -> None:
    for name in ("nova-3", "", "STT-RT-V5", "x" * 1_000):
        await is_refused(
            wire,
            start(model=name),
            "is not available",
            "stt-rt-v5",
            "scripted",
            error_type="model_not_available",
        )


@holds("STA-09")
async def a_model_for_files_names_its_twin(wire: Wire) -> None:
    for name, twin in ASYNC_TWINS.items():
        await is_refused(
            wire, start(model=name), "transcribes files", twin, error_type="model_not_available"
        )


@holds("STA-10")
async def old_names_of_models_are_taken(wire: Wire) -> None:
    assert "stt-rt-v4" in REAL_TIME_ALIASES
    for name in ("stt-rt-v5", *REAL_TIME_ALIASES):
        await is_taken(wire, start(model=name))


@holds("STA-11")
async def the_engines_name_is_taken(wire: Wire) -> None:
    await is_taken(wire, start(model="scripted"))


@holds("STA-12")
async def a_missing_format_is_named(wire: Wire) -> None:
    await is_refused(wire, start(audio_format=None), "`audio_format` is missing", "`auto`")


@holds("STA-13")
async def an_unknown_format_is_named(wire: Wire) -> None:
    for name in ("pcm", "PCM_S16LE", "opus", ""):
        await is_refused(wire, start(audio_format=name), repr(name), "is unknown", "pcm_s16le")


@holds("STA-14")
async def raw_audio_needs_its_layout(wire: Wire) -> None:
    lacks_both = start(sample_rate=None, num_channels=None)
    await is_refused(wire, start(sample_rate=None), "`sample_rate` is missing", "pcm_s16le")
    await is_refused(wire, start(num_channels=None), "`num_channels` is missing")
    await is_refused(wire, lacks_both, "`sample_rate` is missing", "`num_channels` is missing")
    for bad in (0, -1, 999, 384_001, 10**30):
        await is_refused(wire, start(sample_rate=bad), "`sample_rate`")
    for bad in (0, -1, 65):
        await is_refused(wire, start(num_channels=bad), "`num_channels`")


@holds("STA-15")
async def old_names_of_formats_are_taken(wire: Wire) -> None:
    assert "s16le" in LEGACY_NAMES
    await is_taken(wire, start(audio_format="s16le"))


@holds("STA-16")
async def hints_are_taken(wire: Wire) -> None:
    await is_taken(wire, start(language_hints=["en"]))
    await is_taken(wire, start(language_hints=["no", "tl", "zh", "en"]))


@holds("STA-17")
async def no_hints_are_refused(wire: Wire) -> None:
    await is_refused(wire, start(language_hints=[]), "`language_hints` is empty", "leave")


@holds("STA-18")
async def unknown_hints_are_named(wire: Wire) -> None:
    hints = ["en", "xx", "nb", "EN"]
    await is_refused(wire, start(language_hints=hints), "'xx'", "'nb'", "'EN'")
    await is_refused(wire, start(language_hints=["en-US"]), "`language_hints.0`")


@holds("STA-19")
async def hints_must_be_unique(wire: Wire) -> None:
    await is_refused(wire, start(language_hints=["en", "de", "en"]), "must be unique")


@holds("STA-20")
async def strict_hints_are_taken(wire: Wire) -> None:
    await is_taken(wire, start(language_hints=["en"], language_hints_strict=True))
    await is_taken(wire, start(language_hints=["en"], language_hints_strict=False))


@holds("STA-21")
async def a_context_object_is_taken(wire: Wire) -> None:
    context = {
        "general": [{"key": "domain", "value": "zoology"}],
        "text": "A talk about foxes.",
        "terms": ["vulpes", "canis"],
        "translation_terms": [{"source": "fox", "target": "Fuchs"}],
    }
    await is_taken(wire, start(context=context))
    await is_taken(wire, start(context={}))


@holds("STA-22")
async def a_context_string_is_taken(wire: Wire) -> None:
    await is_taken(wire, start(context="A talk about foxes."))
    await is_taken(wire, start(context="x" * 10_000))


@holds("STA-23")
async def a_long_context_is_refused(wire: Wire) -> None:
    await is_refused(wire, start(context="x" * 10_001), "10001", "10000")
    parts = {"text": "x" * 5_000, "terms": ["y" * 5_001]}
    await is_refused(wire, start(context=parts), "10001", "10000")


@holds("STA-24")
async def a_malformed_context_is_refused(wire: Wire) -> None:
    await is_refused(wire, start(context={"terms": "fox"}), "`context.terms`")
    await is_refused(wire, start(context={"general": [{"key": "x"}]}), "`context.general.0.value`")
    await is_refused(wire, start(context=7), "`context`")


@holds("STA-25")
async def a_reference_is_taken(wire: Wire) -> None:
    await is_taken(wire, start(client_reference_id="x" * 256))
    await is_taken(wire, start(client_reference_id=""))


@holds("STA-26")
async def a_long_reference_is_refused(wire: Wire) -> None:
    await is_refused(wire, start(client_reference_id="x" * 257), "`client_reference_id`", "256")


@holds("STA-27")
async def the_endpoint_delay_has_a_range(wire: Wire) -> None:
    for good in (500, 3_000):
        await is_taken(wire, start(enable_endpoint_detection=True, max_endpoint_delay_ms=good))
    for bad in (499, 3_001, 0, -500):
        await is_refused(wire, start(max_endpoint_delay_ms=bad), "`max_endpoint_delay_ms`")


@holds("STA-28")
async def the_sensitivity_has_a_range(wire: Wire) -> None:
    for good in (-1, -1.0, 0, 0.3, 1):
        await is_taken(wire, start(endpoint_sensitivity=good))
    for bad in (-1.01, 1.01, 100):
        await is_refused(wire, start(endpoint_sensitivity=bad), "`endpoint_sensitivity`")


@holds("STA-29")
async def the_latency_level_has_a_range(wire: Wire) -> None:
    name = "endpoint_latency_adjustment_level"
    for good in range(4):
        await is_taken(wire, start(**{name: good}))
    for bad in (-1, 4, 1.5):
        await is_refused(wire, start(**{name: bad}), f"`{name}`")


@holds("STA-30")
async def translation_is_refused_in_every_form(wire: Wire) -> None:
    legacy = ONE_WAY | {"source_languages": ["*"], "exclude_source_languages": ["fr"]}
    for form in (ONE_WAY, BOTH_WAYS, legacy):
        said = await is_refused(
            wire, start(translation=form), "does not support `translation`", "leave the field out"
        )
        assert said.count("ranslation") == 1, "nothing else is wrong with it"


@holds("STA-31")
async def unknown_languages_of_a_translation_are_named(wire: Wire) -> None:
    await is_refused(wire, start(translation=ONE_WAY | {"target_language": "xx"}), "'xx'")
    await is_refused(
        wire, start(translation=BOTH_WAYS | {"language_b": "yy"}), "'yy'", "`language_b`"
    )


@holds("STA-32")
async def a_translation_needs_its_languages(wire: Wire) -> None:
    await is_refused(wire, start(translation={"type": "one_way"}), "needs target_language")
    await is_refused(
        wire, start(translation={"type": "two_way", "language_a": "en"}), "needs language_b"
    )
    await is_refused(wire, start(translation={"type": "three_way"}), "`translation.type`")
    await is_refused(wire, start(translation="de"), "`translation`")


@holds("STA-33")
async def numbers_are_numbers(wire: Wire) -> None:
    wrong: dict[str, Any] = {
        "sample_rate": "16000",
        "num_channels": True,
        "max_endpoint_delay_ms": "1500",
        "endpoint_sensitivity": "0.3",
        "enable_endpoint_detection": "true",
        "enable_speaker_diarization": 1,
        "client_reference_id": 7,
        "audio_format": 7,
        "model": 7,
        "language_hints": "en",
    }
    for name, value in wrong.items():
        await is_refused(wire, start(**{name: value}), f"`{name}")


@holds("STA-34")
async def all_problems_are_told_at_once(wire: Wire) -> None:
    many = start(sample_rate="x", language_hints=["xx"], client_reference_id="x" * 300)
    await is_refused(wire, many, "`sample_rate`", "'xx'", "`client_reference_id`")
    first = start(model="nova-3", sample_rate=None, max_endpoint_delay_ms=1)
    await is_refused(
        wire,
        first,
        "nova-3",
        "`sample_rate`",
        "`max_endpoint_delay_ms`",
        error_type="model_not_available",
    )


@holds("STA-35")
async def non_final_tokens_can_be_left_out(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(enable_non_final_tokens=False), fox_audio(8_000), END)
        messages = await line.rest()
    assert text(messages) == f"{FOX} {FOX}"
    shown = [token for message in messages for token in message["tokens"]]
    assert shown == finals(messages)


@holds("STA-36")
async def features_that_a_model_lacks_may_be_asked(wire: Wire) -> None:
    await is_taken(
        wire, start(enable_speaker_diarization=True, enable_language_identification=True)
    )


@holds("STA-37")
async def the_legacy_duration_has_a_range(wire: Wire) -> None:
    name = "max_non_final_tokens_duration_ms"
    for good in (700, 6_000):
        await is_taken(wire, start(**{name: good}))
    for bad in (699, 6_001):
        await is_refused(wire, start(**{name: bad}), f"`{name}`")


@holds("ERR-01")
async def an_error_is_complete(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(model="nova-3"))
        (frame,) = await line.rest()  # `refusal` checks the shape; here nothing else came
    assert frame["error_code"] == 400
    assert frame["error_type"] == "model_not_available"
    assert frame["tokens"] == []
    assert KEY not in frame["error_message"]
