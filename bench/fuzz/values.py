"""JSON texts to put where a client puts a value: right ones, and every odd one we know of.

Texts, not values: what is odd about many of them (a number too large for a double, a lone
surrogate, a key said twice) is lost as soon as somebody has read them.
"""

import json
import re
from random import Random
from typing import Any, Final

ODD_NUMBERS: Final = (
    *("0", "1", "-1", "-0", "2", "1.0", "16000.0", "0.5", "-0.5", "1e3", "1E-7", "1e400", "-1e400"),
    *("NaN", "Infinity", "-Infinity", "9007199254740993", "18446744073709551616", "1" * 400),
    *("1" * 5000, "00", "+1", "1.", ".5", "0x10", "1_000"),
)
ODD_STRINGS: Final = (
    *('""', '" "', '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"a\\ud800b"', '"\\ud83d\\ude00"'),
    *('"\u202eabc"', '"\u0000"', '"\ufeff"', '"5"', '"true"', '"null"', '"auto "', '"AUTO"'),
    *('"\U0010ffff"', '"e\u0301"', '"\\n\\t"', '"</script>"', '"%s%n"', '"../../x"', '"{}"'),
    *('"\\x41"', '"\\u12"', '"unfinished', "'single'"),
)
ODD_OTHERS: Final = (
    *("null", "true", "false", "[]", "{}", "[null]", "[[]]", '{"":null}', '{"a":{"b":[]}}'),
    *("", " ", "None", "undefined", "//", "[1,]", "{,}", '{"a":1,"a":2}'),
)
MODEL_NAMES: Final = (
    *("stt-rt-v5", "stt-rt-v4", "stt-rt-v3", "stt-rt-v3-preview", "stt-rt-preview"),
    *("stt-rt-preview-v2", "scripted"),
)
CODES: Final = tuple(
    re.findall(
        r"\w+",
        "af sq ar az eu be bn bs bg ca zh hr cs da nl en et fi fr gl de el gu he hi hu id it ja kn "
        "kk ko lv lt mk ms ml mr no fa pl pt pa ro ru sr sk sl es sw sv tl ta te th tr uk ur vi cy",
    )
)
_SAMPLES: Final = tuple(
    f"{sign}{bits}{order}"
    for sign, widths in (("s", (8, 16, 24, 32)), ("u", (8, 16, 24, 32)), ("f", (32, 64)))
    for bits in widths
    for order in ("le", "be")
)
RAW_NAMES: Final = ("pcm_s8", "pcm_u8", *(f"pcm_{name}" for name in _SAMPLES), "mulaw", "alaw")
OLD_RAW_NAMES: Final = _SAMPLES
CONTAINER_NAMES: Final = ("aac", "aiff", "amr", "asf", "flac", "mp3", "ogg", "wav", "webm")


def odd(random: Random) -> str:
    """Return a JSON text, or something that is none, that no field expects."""
    match random.randrange(8):
        case 0 | 1:
            return random.choice(ODD_NUMBERS)
        case 2 | 3:
            return random.choice(ODD_STRINGS)
        case 4:
            return _nested(random)
        case 5:
            return json.dumps("x" * random.choice((65, 257, 10_001, 70_000, 300_000)))
        case _:
            return random.choice(ODD_OTHERS)


def right(field: str, random: Random) -> str:
    """Return a JSON text that a field accepts."""
    value: Any
    match field:
        case "model":
            value = random.choice(MODEL_NAMES)
        case "audio_format":
            value = random.choice((*RAW_NAMES, *OLD_RAW_NAMES, *CONTAINER_NAMES, "auto"))
        case "sample_rate":
            value = random.choice((1_000, 8_000, 11_025, 16_000, 44_100, 48_000, 384_000))
        case "num_channels":
            value = random.choice((1, 2, 6, 64))
        case "language_hints":
            value = random.sample(CODES, random.choice((1, 2, 3, 60)))
        case "max_endpoint_delay_ms":
            value = random.randint(500, 3000)
        case "endpoint_sensitivity":
            value = random.choice((-1, 0, 1, -1.0, 0.25, 1.0))
        case "endpoint_latency_adjustment_level":
            value = random.randint(0, 3)
        case "max_non_final_tokens_duration_ms":
            value = random.randint(700, 6000)
        case "client_reference_id":
            value = random.choice(("", "call 7", "x" * 256, "\u05d0\u202e\u0000"))
        case "context":
            value = _context(random)
        case _:
            value = random.choice((True, False))
    return json.dumps(value, ensure_ascii=random.random() < 0.5)


def near(field: str, random: Random) -> str:
    """Return a JSON text of the right shape that is just wrong."""
    wrong: dict[str, tuple[Any, ...]] = {
        "model": ("stt-rt-v6", "stt-async-v5", "STT-RT-V5", "", 5, ["stt-rt-v5"]),
        "audio_format": ("pcm", "pcm_s16", "WAV", "pcm_s16le ", "m4a", "", 16, ["auto"]),
        "sample_rate": ("16000", 999, 384_001, 0, -8_000, True, 8000.5, [16_000], 2**63, 2**64),
        "num_channels": ("1", 0, 65, -1, True, 1.5, 2**31, 2**64),
        "language_hints": ([], ["en", "en"], ["xx"], ["eng"], ["EN"], "en", [None], [1], {"en": 1}),
        "max_endpoint_delay_ms": (499, 3001, "2000", True, 1000.5, -(2**70)),
        "endpoint_sensitivity": (-1.001, 1.001, "0", True, [0.0], 1e308),
        "endpoint_latency_adjustment_level": (-1, 4, "1", True, 1.5),
        "max_non_final_tokens_duration_ms": ("4000", True, 1000.5),
        "client_reference_id": ("x" * 257, 5, ["id"], {}),
        "context": (
            *("x" * 10_001, 5, True, [], {"terms": "x"}, {"terms": [1]}, {"text": 5}),
            *({"general": [{"key": "a"}]}, {"general": "x"}, {"terms": ["x" * 6_000] * 2}),
            *({"translation_terms": [{"source": "a", "target": None}]}, {"general": [{"key": 1}]}),
        ),
        "translation": (
            *({"type": "one_way", "target_language": "de"}, {"type": "one_way"}, {}, [], "de"),
            *({"type": "two_way", "language_a": "en", "language_b": "xx"}, {"type": "three_way"}),
        ),
    }
    return json.dumps(random.choice(wrong.get(field, ("true", 0, 1, "yes", [], {}, 1.0))))


def _context(random: Random) -> Any:  # noqa: ANN401 - JSON
    parts: dict[str, Any] = {
        "general": [{"key": "domain", "value": "health"}, {"key": "", "value": "", "more": 1}],
        "text": random.choice(("", "background", "x" * 9_000, None)),
        "terms": random.choice(([], ["Celebrex"], ["a"] * 500, None)),
        "translation_terms": [{"source": "a", "target": "b"}],
        "unknown": {"deep": [[]]},
    }
    if random.random() < 0.3:
        return random.choice(("", "words", "x" * 10_000))
    return {name: parts[name] for name in parts if random.random() < 0.5}


def _nested(random: Random) -> str:
    depth = random.choice((2, 20, 150, 199, 200, 201, 400, 900, 5_000))
    opening, closing = random.choice((("[", "]"), ('{"a":', "}"), ('{"terms":[', "]}")))
    core = random.choice(('"x"', "1", "{}" if opening.endswith(":") else ""))
    return opening * depth + core + closing * depth
