"""What must happen to a start message: a checker of its own, written from the protocol's table.

It shares nothing with the server's own reading. Where the protocol leaves a choice (a number out of
range in a field that the format does not need, a text nested hundreds of levels deep) both answers
are right; those are marked `MAYBE`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from bench.fuzz.values import CODES, CONTAINER_NAMES, MODEL_NAMES, OLD_RAW_NAMES, RAW_NAMES

FILE_NAMES: Final = ("m4a", "mp4", "caf", "au")
"""Formats of files: a server may take them as streams too."""

MAX_CONTEXT: Final = 10_000
DEEP: Final = 60
"""Levels from which on a reader may refuse to follow."""


class Judgement(Enum):
    """About one field."""

    GOOD = "good"
    BAD = "bad"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the protocol asks for."""

    may_be_accepted: bool
    must_be_accepted: bool
    types: frozenset[str]
    """Error types that fit."""
    named: tuple[tuple[str, ...], ...] = ()
    """For each bad field, words of which the error must contain one."""


NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "model": ("`model`", "Model "),
    "audio_format": ("`audio_format`", "Audio format"),
    "language_hints": ("language_hints", "anguage hint"),
}
"""Words that name a field, where its own name need not be used."""


def expected(payload: Mapping[str, Any]) -> Expectation:
    """Judge a start message whose key is in order.

    Args:
        payload: The object, as JSON is read: of a key said twice, the last counts.
    """
    judged = {name: rule(payload.get(name)) for name, rule in _RULES.items()}
    judged |= {name: _layout(payload, name) for name in ("sample_rate", "num_channels")}
    bad = [name for name, value in judged.items() if value is Judgement.BAD]
    maybe = [name for name, value in judged.items() if value is Judgement.MAYBE]
    is_deep = any(_depth(value) > DEEP for value in payload.values())
    types = {"invalid_request"} if [*bad, *maybe] != ["model"] or is_deep else set()
    if "model" in bad and isinstance(payload.get("model"), str):
        types.add("model_not_available")
    elif "model" in bad:
        types.add("invalid_request")
    # A message of which a part may be unreadable need not be judged any further, and whether an
    # unknown model translates nobody knows.
    said = [name for name in bad if name != "translation" or "model" not in bad]
    named = () if is_deep or _is_long(payload) else tuple(NAMES.get(n, (f"`{n}",)) for n in said)
    return Expectation(
        may_be_accepted=not bad,
        must_be_accepted=not bad and not maybe and not is_deep,
        types=frozenset(types),
        named=named,
    )


def _is_long(payload: Mapping[str, Any]) -> bool:
    """Whether there may be more problems than an answer lists."""
    lists = [payload.get("language_hints")]
    context = payload.get("context")
    if isinstance(context, dict):
        lists += context.values()
    return any(isinstance(item, list) and len(item) > 5 for item in lists)


def _depth(value: object, limit: int = DEEP + 2) -> int:
    levels, depth = [value], 0
    while levels and depth < limit:
        inner: list[object] = []
        for item in levels:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        depth += bool(inner) or any(isinstance(item, (dict, list)) for item in levels)
        levels = inner
    return depth


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _if(is_good: bool) -> Judgement:
    return Judgement.GOOD if is_good else Judgement.BAD


def _required(check: Callable[[Any], Judgement]) -> Callable[[Any], Judgement]:
    return lambda value: Judgement.BAD if value is None else check(value)


def _optional(check: Callable[[Any], Judgement]) -> Callable[[Any], Judgement]:
    return lambda value: Judgement.GOOD if value is None else check(value)


def _flag(value: object) -> Judgement:
    return _if(isinstance(value, bool))


def _whole(low: int, high: int) -> Callable[[Any], Judgement]:
    def check(value: object) -> Judgement:
        if isinstance(value, float) and value.is_integer() and low <= value <= high:
            return Judgement.MAYBE  # 2000.0: JSON has one kind of number
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return _if(is_whole and low <= value <= high)  # type: ignore[operator]

    return check


def _sensitivity(value: object) -> Judgement:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return _if(is_number and math.isfinite(_as_float(value)) and -1 <= value <= 1)  # type: ignore[operator]


def _as_float(value: Any) -> float:  # noqa: ANN401
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _model(value: object) -> Judgement:
    return _if(isinstance(value, str) and value in MODEL_NAMES)


def _format(value: object) -> Judgement:
    known = ("auto", *CONTAINER_NAMES, *RAW_NAMES, *OLD_RAW_NAMES)
    if isinstance(value, str) and value in FILE_NAMES:
        return Judgement.MAYBE
    return _if(isinstance(value, str) and value in known)


def _hints(value: object) -> Judgement:
    if not isinstance(value, list) or not value:
        return Judgement.BAD
    if any(not isinstance(code, str) or code not in CODES for code in value):
        return Judgement.BAD
    return _if(len(set(value)) == len(value))


def _reference(value: object) -> Judgement:
    if not isinstance(value, str) or len(value) > 256:
        return Judgement.BAD
    return Judgement.GOOD if _is_unicode(value) else Judgement.MAYBE


def _context(value: object) -> Judgement:
    if isinstance(value, str):
        texts = [value]
    elif isinstance(value, dict):
        if _depth(value) > DEEP:
            return Judgement.MAYBE
        found = _context_texts(value)
        if found is None:
            return Judgement.MAYBE if _has_short_form(value) else Judgement.BAD
        texts = found
    else:
        return Judgement.BAD
    if sum(map(len, texts)) > MAX_CONTEXT:
        return Judgement.BAD
    return Judgement.GOOD if _is_all_unicode(value) else Judgement.MAYBE


def _has_short_form(value: Mapping[str, Any]) -> bool:
    """Whether pairs are given as an object, which one SDK turns into a list before sending."""
    return any(isinstance(value.get(part), dict) for part in ("general", "translation_terms"))


def _context_texts(value: Mapping[str, Any]) -> list[str] | None:
    """Return the texts of a context object, or None if it has not the right shape."""
    texts: list[Any] = [value["text"]] if value.get("text") is not None else []
    terms = value.get("terms")
    if terms is not None:
        if not isinstance(terms, list):
            return None
        texts += terms
    for part, names in (("general", ("key", "value")), ("translation_terms", ("source", "target"))):
        items = value.get(part)
        if items is None:
            continue
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            return None
        texts += [item.get(name) for item in items for name in names]
    return texts if all(isinstance(text, str) for text in texts) else None


def _is_all_unicode(value: object) -> bool:
    if isinstance(value, str):
        return _is_unicode(value)
    if isinstance(value, dict):
        return all(_is_all_unicode(item) for pair in value.items() for item in pair)
    return not isinstance(value, list) or all(map(_is_all_unicode, value))


def _layout(payload: Mapping[str, Any], name: str) -> Judgement:
    value, audio_format = payload.get(name), payload.get("audio_format")
    is_raw = isinstance(audio_format, str) and audio_format in (*RAW_NAMES, *OLD_RAW_NAMES)
    if value is None:
        return Judgement.BAD if is_raw else Judgement.GOOD
    low, high = (1_000, 384_000) if name == "sample_rate" else (1, 64)
    judgement = _whole(low, high)(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_unneeded = not is_raw and is_number and judgement is Judgement.BAD
    return Judgement.MAYBE if is_unneeded else judgement


def _legacy(value: object) -> Judgement:
    judgement = _whole(700, 6000)(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Judgement.MAYBE if is_number and judgement is Judgement.BAD else judgement


def _key(value: object) -> Judgement:
    return _if(isinstance(value, str))


_RULES: Final[Mapping[str, Callable[[Any], Judgement]]] = {
    "model": _required(_model),
    "audio_format": _required(_format),
    "api_key": _optional(_key),
    "language_hints": _optional(_hints),
    "language_hints_strict": _optional(_flag),
    "context": _optional(_context),
    "enable_speaker_diarization": _optional(_flag),
    "enable_language_identification": _optional(_flag),
    "enable_endpoint_detection": _optional(_flag),
    "max_endpoint_delay_ms": _optional(_whole(500, 3000)),
    "endpoint_sensitivity": _optional(_sensitivity),
    "endpoint_latency_adjustment_level": _optional(_whole(0, 3)),
    "translation": _optional(lambda _: Judgement.BAD),  # the model that is served has none
    "client_reference_id": _optional(_reference),
    "enable_non_final_tokens": _optional(_flag),
    "max_non_final_tokens_duration_ms": _optional(_legacy),
}
FIELDS: Final = (*_RULES, "sample_rate", "num_channels")
"""Every field of a start message."""
