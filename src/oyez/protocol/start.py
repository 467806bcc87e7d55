"""Reading a start message: every problem found is reported, the first decides its type."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from oyez.errors import RemoteProtocolError
from oyez.protocol.audio_formats import RAW_FORMATS, canonical_format
from oyez.protocol.config import (
    MAX_CONTEXT_CHARACTERS,
    SessionFields,
    StructuredContext,
)
from oyez.protocol.languages import LANGUAGES
from oyez.protocol.models import ASYNC_TWINS, ModelInfo

MAX_PROBLEMS: Final = 20
"""Problems listed in one answer; a message with more is not improved by a longer list."""


_ANY_LIST: Final = TypeAdapter(list[Any])

_STAND_INS: Final = {"model": '""', "audio_format": '"auto"'}
"""JSON texts in place of required fields that are wrong, so that the others can be judged."""


class StartMessage(SessionFields):
    """A start message as it arrives: the session's fields, the key, and two fields of 2025."""

    model: str
    audio_format: str
    api_key: str | None = None
    enable_non_final_tokens: bool | None = None
    max_non_final_tokens_duration_ms: int | None = Field(default=None, ge=700, le=6000)


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A start message that was understood."""

    config: StartMessage
    """The fields; `audio_format` has its canonical name."""
    model: ModelInfo
    """The model that will serve it."""
    options_without_effect: tuple[str, ...]
    """Options that were accepted although the model does not serve them."""


def peek_api_key(payload: dict[str, Any]) -> str | None:
    """Return the key of a start message without judging the rest of it."""
    key = payload.get("api_key")
    return key if isinstance(key, str) and key else None


def parse_start(payload: dict[str, Any], models: Iterable[ModelInfo]) -> StartRequest:
    """Check a start message against the protocol and against the models that are served.

    Args:
        payload: The JSON object of the message.
        models: What this server offers.

    Raises:
        RemoteProtocolError: Something is wrong; `problems` lists everything that is.
    """
    models = tuple(models)
    problems = _Problems()
    model = _find_model(payload.get("model"), models, problems)
    config = _check_types(payload, problems)
    for check in _CHECKS:
        check(config, problems)
    if model is not None:
        _check_capabilities(config, model, problems)
    problems.raise_if_any()
    assert model is not None
    return StartRequest(config, model, _without_effect(config, model))


class _Problems:
    """Sentences about what is wrong, and the error type of the first."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}
        self.wrong_fields: set[str] = set()
        """Fields whose values could not be read; other checks know nothing about them."""

    def add(self, sentence: str, error_type: str = "invalid_request") -> None:
        self._found.setdefault(sentence, error_type)

    def raise_if_any(self) -> None:
        if self._found:
            first_type = next(iter(self._found.values()))
            raise RemoteProtocolError(first_type, list(self._found)[:MAX_PROBLEMS])


def _find_model(
    name: object, models: tuple[ModelInfo, ...], problems: _Problems
) -> ModelInfo | None:
    if name is None:
        problems.add("Field `model` is missing.")
        return None
    if not isinstance(name, str):
        return None  # the type check says so
    for model in models:
        if name in model.names:
            return model
    offered = ", ".join(name for model in models for name in model.names)
    if name in ASYNC_TWINS:
        hint = f"It transcribes files; the real-time model is {ASYNC_TWINS[name]}."
    else:
        hint = f"Available here: {offered}."
    problems.add(f"Model {_quote(name)} is not available. {hint}", "model_not_available")
    return None


def _check_types(payload: dict[str, Any], problems: _Problems) -> StartMessage:
    """Return the fields whose types and ranges are right; report the others."""
    texts = _STAND_INS | _field_texts(payload, problems)
    if payload.get("audio_format") is None:
        problems.add("Field `audio_format` is missing: name the format, or send `auto`.")
    try:
        return _validated(texts)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            if item["loc"][-1] == "str" and isinstance(payload["context"], dict):
                continue  # a context may also be a string; this one is an object
            problems.add(_sentence(item["loc"], item["msg"]))
            problems.wrong_fields.add(str(item["loc"][0]))
    for name in problems.wrong_fields:
        texts.pop(name, None)
    return _validated(_STAND_INS | texts)


def _field_texts(payload: dict[str, Any], problems: _Problems) -> dict[str, str]:
    """Return the JSON texts of the known fields that were given."""
    texts = {}
    for name in StartMessage.model_fields:
        value = payload.get(name)
        if value is None:
            continue
        try:
            text = json.dumps(value)
            _ANY_LIST.validate_json(f"[{text}]")  # as deep as it will be in the object
        except (ValueError, RecursionError):
            problems.add(
                f"Field `{name}` cannot be read: it is nested too deeply or is not Unicode."
            )
            problems.wrong_fields.add(name)
        else:
            texts[name] = text
    return texts


def _validated(texts: dict[str, str]) -> StartMessage:
    # Through JSON, so that strict mode refuses "16000" for a number but takes nested objects.
    fields = ",".join(f'"{name}":{text}' for name, text in texts.items())
    return StartMessage.model_validate_json(f"{{{fields}}}", strict=True)


def _sentence(location: Sequence[str | int], problem: str) -> str:
    # Union members (`context` is an object or a string) add their names to the path.
    path = ".".join(
        str(part)
        for part in location
        if part not in ("StructuredContext", "str", "function-before")
    )
    problem = problem.removeprefix("Value error, ")
    return f"Field `{path}`: {problem[0].lower()}{problem[1:]}."


def _check_audio(config: StartMessage, problems: _Problems) -> None:
    canonical = canonical_format(config.audio_format)
    if canonical is None:
        problems.add(
            f"Audio format {_quote(config.audio_format)} is unknown. "
            "Use auto, a container such as wav, or a raw format such as pcm_s16le."
        )
        return
    config.audio_format = canonical
    for name in config.missing_layout_fields():
        if name not in problems.wrong_fields:
            problems.add(f"Field `{name}` is missing: {canonical} is raw audio without a header.")


def _check_languages(config: StartMessage, problems: _Problems) -> None:
    hints = config.language_hints
    if hints is None:
        return
    if not hints:
        problems.add("Field `language_hints` is empty: name a language or leave the field out.")
    for code in dict.fromkeys(hints):
        if code not in LANGUAGES:
            problems.add(f"Invalid language hint {_quote(code)}: use a code such as en.")
    if len(set(hints)) != len(hints):
        problems.add("Language hints must be unique.")


def _check_context(config: StartMessage, problems: _Problems) -> None:
    context = config.context
    if context is None:
        return
    length = context.character_count() if isinstance(context, StructuredContext) else len(context)
    if length > MAX_CONTEXT_CHARACTERS:
        problems.add(
            f"Field `context` has {length} characters; at most {MAX_CONTEXT_CHARACTERS} are used."
        )


def _check_translation(config: StartMessage, problems: _Problems) -> None:
    translation = config.translation
    if translation is None:
        return
    for name in ("target_language", "language_a", "language_b"):
        code = getattr(translation, name)
        if code is not None and code not in LANGUAGES:
            problems.add(f"Invalid translation language {_quote(code)} in `{name}`.")


_CHECKS: Final[tuple[Callable[[StartMessage, _Problems], None], ...]] = (
    _check_audio,
    _check_languages,
    _check_context,
    _check_translation,
)


def _check_capabilities(config: StartMessage, model: ModelInfo, problems: _Problems) -> None:
    refused = {
        "language_hints_strict": model.supports_language_hints_strict,
        "max_endpoint_delay_ms": model.supports_max_endpoint_delay,
        "endpoint_sensitivity": model.supports_endpoint_sensitivity,
        "endpoint_latency_adjustment_level": model.endpoint_latency_adjustment_max_level > 0,
        "translation": model.supports_translation,
    }
    for name, is_supported in refused.items():
        if getattr(config, name) is not None and not is_supported:
            problems.add(f"Model {model.id} does not support `{name}`: leave the field out.")
    level = config.endpoint_latency_adjustment_level or 0
    if level > model.endpoint_latency_adjustment_max_level > 0:
        problems.add(
            f"Model {model.id} takes `endpoint_latency_adjustment_level` up to "
            f"{model.endpoint_latency_adjustment_max_level}."
        )


def _without_effect(config: StartMessage, model: ModelInfo) -> tuple[str, ...]:
    asked = {
        "enable_speaker_diarization": bool(config.enable_speaker_diarization)
        and not model.supports_speaker_diarization,
        "context": config.context is not None and not model.supports_context,
        "language_hints": bool(config.language_hints)
        and not set(config.language_hints or ()) <= set(model.languages),
        "language_hints_strict": bool(config.language_hints_strict) and not config.language_hints,
        "max_non_final_tokens_duration_ms": config.max_non_final_tokens_duration_ms is not None,
        "sample_rate": config.sample_rate is not None and config.audio_format not in RAW_FORMATS,
    }
    return tuple(name for name, has_no_effect in asked.items() if has_no_effect)


def _quote(text: str) -> str:
    """Return text of the client's in quotes, short enough for a message."""
    return repr(text if len(text) <= 64 else text[:61] + "...")
