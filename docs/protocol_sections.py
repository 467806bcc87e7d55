"""Sections about the protocol: fields, formats, models, messages, errors, states, promises."""

import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from docs.tables import (
    as_json,
    code,
    codes,
    field_notes,
    field_range,
    json_type,
    table,
)
from oyez.client.failures import BY_TYPE
from oyez.protocol.audio_formats import CONTAINER_FORMATS, LEGACY_NAMES, RAW_FORMATS
from oyez.protocol.connection import (
    CLIENT_SAYS,
    REFUSALS,
    SERVER_SAYS,
    ClientState,
    ServerState,
)
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.languages import LANGUAGES
from oyez.protocol.messages import (
    ClientKind,
    ErrorFrame,
    Finished,
    Results,
    ServerKind,
    encode_server_message,
)
from oyez.protocol.models import ASYNC_TWINS, REAL_TIME_ALIASES, REAL_TIME_MODEL
from oyez.protocol.start import StartMessage
from oyez.protocol.tokens import Token
from oyez.turns.policy import EndpointPolicy

PROMISES: Final = Path(__file__).parent / "promises.toml"

HERE: Final[Mapping[str, str]] = {
    "model": "chooses among the names of the one engine that the server runs",
    "audio_format": "serves all of them; `auto` reads MP4 as well",
    "num_channels": "serves; channels are mixed to one",
    "sample_rate": "serves; beside a container it has no effect",
    "language_hints": "accepted; no effect, because the engine knows one language",
    "language_hints_strict": "accepted; no effect, because the engine knows one language",
    "context": "accepted; no effect with the engines that come with oyez",
    "enable_speaker_diarization": "accepted; no effect: tokens have no `speaker`",
    "enable_language_identification": "serves: every token has the engine's language",
    "enable_endpoint_detection": "serves",
    "max_endpoint_delay_ms": "serves; no silence is waited for longer",
    "endpoint_sensitivity": "serves",
    "endpoint_latency_adjustment_level": "serves",
    "translation": "refused with `invalid_request`",
    "client_reference_id": "serves: goes to the usage logs",
    "api_key": "serves",
    "enable_non_final_tokens": "serves",
    "max_non_final_tokens_duration_ms": "accepted; no effect",
}
"""What the server does with each field of a start message."""

MEANINGS: Final[Mapping[str, str]] = {
    "api_key": "The key, for clients that present it neither as a header nor as a subprotocol.",
    "enable_non_final_tokens": (
        "A field of 2025. False leaves non-final tokens out; true when unset."
    ),
    "max_non_final_tokens_duration_ms": "A field of 2025: how long a token may stay non-final.",
}
"""Meaning of the fields that have no docstring."""


def start_fields() -> str:
    """Fields of the start message."""
    notes = {**MEANINGS, **field_notes(StartMessage)}
    return table(
        ("field", "type", "range", "meaning", "oyez today"),
        (
            (
                code(name) + (" (required)" if field.is_required() else ""),
                json_type(field.annotation),
                field_range(field),
                notes[name],
                HERE[name],
            )
            for name, field in StartMessage.model_fields.items()
        ),
    )


def audio_formats() -> str:
    """Audio formats."""
    return table(
        ("kind", "`audio_format`"),
        [
            ("recognised by its first bytes", code("auto")),
            ("containers", codes(sorted(CONTAINER_FORMATS))),
            ("raw", codes(sorted(RAW_FORMATS))),
            ("raw, names of 2025", codes(sorted(LEGACY_NAMES))),
        ],
    )


def languages() -> str:
    """Language codes."""
    return "\n".join(
        textwrap.wrap(", ".join(f"`{code}` {name}" for code, name in LANGUAGES.items()) + ".", 100)
    )


def model_names() -> str:
    """Names that a start message may give a model."""
    return table(
        ("name", "what it means here"),
        [
            ("the engine's name, such as `moonshine-tiny`", "that engine, if the server runs it"),
            ("the name that the server was given, such as `moonshine`", "the engine it stands for"),
            (code(REAL_TIME_MODEL), "the engine that the server runs"),
            (codes(REAL_TIME_ALIASES), "the same: older names that clients still send"),
            (codes(ASYNC_TWINS), "refused: these transcribe files"),
        ],
    )


def example_results() -> str:
    """A message with results."""
    tokens = (
        Token("It", 1_206, 1_366, 0.982, is_final=True),
        Token(" was", 1_366, 1_620, 0.991, is_final=True),
        Token(" the", 1_620, 1_740, 0.953, is_final=False),
    )
    return as_json(encode_server_message(Results(tokens, 1_620, 2_100)))


def example_finished() -> str:
    """The last message of a stream."""
    return as_json(encode_server_message(Finished(44_200)))


def example_error() -> str:
    """An error."""
    frame = ErrorFrame(
        "request_timeout",
        "Neither audio nor a keepalive arrived for 20 s.",
        "2f4f1e0c-6d0c-4a3e-9a57-0d8f6f0f7b11",
        "https://speech.example/errors#request-timeout",
    )
    return as_json(encode_server_message(frame))


def errors() -> str:
    """The error table."""
    return table(
        ("`error_code`", "`error_type`", "when", "what to do", "retry as it is", "in the SDK"),
        (
            (
                str(row.code),
                code(row.name),
                row.meaning,
                row.remedy,
                "yes" if row.is_retryable else "no",
                code(BY_TYPE[row.name].__name__),
            )
            for row in ERROR_TYPES.values()
        ),
    )


def client_states() -> str:
    """What a client may say in each state."""

    def entry(state: ClientState, kind: ClientKind) -> str:
        if state.has_ended:
            return "ignored"
        following = CLIENT_SAYS[state].get(kind)
        if following is not None:
            return f"→ {following.value}"
        return f"error: {REFUSALS[state, kind]}"

    return table(
        ("message", *(f"in state {state.value}" for state in ClientState)),
        ((kind.value, *(entry(state, kind) for state in ClientState)) for kind in ClientKind),
    )


def server_states() -> str:
    """What a server may say in each state."""

    def entry(state: ServerState, kind: ServerKind) -> str:
        following = SERVER_SAYS[state].get(kind)
        return "" if following is None else f"→ {following.value}"

    return table(
        ("message", *(f"in state {state.value}" for state in ServerState)),
        ((kind.value, *(entry(state, kind) for state in ServerState)) for kind in ServerKind),
    )


def endpoint_silences() -> str:
    """The silence that ends an utterance when nothing is known, by level and sensitivity."""
    sensitivities = (-1.0, -0.5, 0.0, 0.5, 1.0)
    rows = []
    for level in range(4):
        silences = (
            EndpointPolicy.from_settings(sensitivity=value, latency_level=level).silence_ms()
            for value in sensitivities
        )
        rows.append((f"level {level}", *(f"{silence:,} ms" for silence in silences)))
    return table(("", *(f"sensitivity {value:g}" for value in sensitivities)), rows)


def promises() -> str:
    """What the conformance tests hold, group by group."""
    groups = tomllib.loads(PROMISES.read_text(encoding="utf-8"))
    parts = []
    for group in groups.values():
        rows = (
            (f'<a id="{name.lower()}"></a>{name}', text) for name, text in group["promises"].items()
        )
        about = f"Described under [{group['title']}](protocol.md#{group['source']})."
        parts.append(f"## {group['title']}\n\n{about}\n\n{table(('id', 'promise'), rows)}")
    return "\n\n".join(parts)
