"""Writes the sections of the documentation that repeat what the code says.

    python -m docs.build            rewrite them in place
    python -m docs.build --check    write nothing; fail when one is stale

A section lies between `<!-- begin NAME -->` and `<!-- end NAME -->`; `SECTIONS` says who writes it.
"""

import dataclasses
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from docs.tables import (
    as_json,
    code,
    codes,
    field_notes,
    field_range,
    json_type,
    table,
    value_text,
)
from oyez.cli.main import cli
from oyez.client.failures import BY_TYPE
from oyez.engines.base import Capabilities, StreamOptions
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
from oyez.protocol.limits import Limits
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
from oyez.server.settings import Settings
from oyez.turns.policy import EndpointPolicy

DOCS: Final = Path(__file__).parent

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
    "max_endpoint_delay_ms": "serves; bounds the silence that is waited for",
    "endpoint_sensitivity": "serves",
    "endpoint_latency_adjustment_level": "serves",
    "translation": "refused with `invalid_request`",
    "client_reference_id": "accepted; not used yet",
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

ENGINE_NOTES: Final[Mapping[str, str]] = {
    "supports_context": "Whether `context_terms` and `context_text` change what it writes.",
    "supports_speaker_diarization": "Whether it tells speakers apart.",
    "supports_translation": "Whether it translates; if not, `translation` is refused.",
    "language_hints": "Languages that the client expects.",
    "language_hints_strict": "Whether it wants nothing but these.",
    "context_terms": "Words that are likely to occur.",
    "context_text": "Background text.",
}
"""Meaning of the fields of an engine's dataclasses that have no docstring."""

VARIABLES: Final = {
    "OYEZ_API_KEY": (
        "`oyez serve`, the SDK, the benchmark",
        "The key: the server expects it, clients present it.",
    ),
    "OYEZ_BASE_URL": ("the SDK", "The server's address, when the program names none."),
    "OYEZ_CACHE_DIR": (
        "`oyez serve` and every command that hears",
        "Folder for what is made on first use; your platform's cache folder unless set.",
    ),
    "OYEZ_DATA_DIR": (
        "`oyez serve`, `oyez keys`",
        "Folder for keys, usage and limits; your platform's data folder unless set.",
    ),
    "OYEZ_PAGE_PASSPHRASE": (
        "`oyez serve`",
        "What visitors of the web page must know, 12 characters or more.",
    ),
    "OYEZ_BENCH_DATA": ("the benchmark", "Folder of recordings to measure with."),
}
"""Variables that are read elsewhere than by an option of a command."""


def main() -> None:
    """Write the sections, or check them."""
    is_check = sys.argv[1:] == ["--check"]
    stale = []
    for page in sorted(DOCS.glob("*.md")):
        before = page.read_text(encoding="utf-8")
        after = rewritten(before)
        if before != after:
            stale.append(page.name)
            if not is_check:
                page.write_text(after, encoding="utf-8")
    if stale and is_check:
        sys.exit(f"Stale: {', '.join(stale)}. Run: make docs")


def rewritten(page: str) -> str:
    """Return a page with its generated sections as they must be."""

    def section(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- begin {name} -->\n{SECTIONS[name]().strip()}\n<!-- end {name} -->"

    return re.sub(
        r"<!-- begin (?P<name>[\w-]+) -->\n.*?<!-- end (?P=name) -->",
        section,
        page,
        flags=re.DOTALL,
    )


# The protocol.


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
    """The silence that ends an utterance, by level and sensitivity."""
    sensitivities = (-1.0, -0.5, 0.0, 0.5, 1.0)
    rows = []
    for level in range(4):
        silences = (
            EndpointPolicy.from_settings(sensitivity=value, latency_level=level).silence_ms
            for value in sensitivities
        )
        rows.append((f"level {level}", *(f"{silence:,} ms" for silence in silences)))
    return table(("", *(f"sensitivity {value:g}" for value in sensitivities)), rows)


def promises() -> str:
    """What the conformance tests hold, group by group."""
    groups = tomllib.loads((DOCS / "promises.toml").read_text(encoding="utf-8"))
    parts = []
    for group in groups.values():
        rows = (
            (f'<a id="{name.lower()}"></a>{name}', text) for name, text in group["promises"].items()
        )
        about = f"Described under [{group['title']}](protocol.md#{group['source']})."
        parts.append(f"## {group['title']}\n\n{about}\n\n{table(('id', 'promise'), rows)}")
    return "\n\n".join(parts)


# Settings.


def limits() -> str:
    """Time limits of a connection."""
    notes = field_notes(Limits)
    return table(
        ("limit", "default", "meaning"),
        (
            (code(field.name), value_text(field.name, field.default), notes[field.name])
            for field in dataclasses.fields(Limits)
        ),
    )


def settings() -> str:
    """Settings of a server."""
    notes = {"host": "Address to listen at.", **field_notes(Settings)}
    options = {parameter.name: parameter for parameter in cli.commands["serve"].params}
    rows = []
    for field in dataclasses.fields(Settings):
        option = options.get(field.name)
        flag, variable = "", ""
        if field.name == "api_key":
            variable = code("OYEZ_API_KEY")
        elif isinstance(option, click.Option):
            flag, variable = code(option.opts[0]), codes(variables_of(option))
        elif field.name == "page_passphrase":
            variable = code("OYEZ_PAGE_PASSPHRASE")
        if field.default is not dataclasses.MISSING:
            default = value_text(field.name, field.default)
        else:
            default = "see below" if field.name == "limits" else "made at each start"
        rows.append((code(field.name), default, flag, variable, notes[field.name]))
    return table(("field", "default", "option", "variable", "meaning"), rows)


def variables() -> str:
    """Environment variables and who reads them."""
    found: dict[str, tuple[list[str], str]] = {}
    for path, command in commands_of(cli):
        for parameter in command.params:
            if not isinstance(parameter, click.Option):
                continue
            for name in variables_of(parameter):
                readers, _ = found.setdefault(name, ([], parameter.help or ""))
                readers.append(f"`{path} {parameter.opts[0]}`")
    rows = {name: (", ".join(readers), meaning) for name, (readers, meaning) in found.items()}
    for name, (reader, meaning) in VARIABLES.items():
        others = f"{rows[name][0]}, " if name in rows else ""
        rows[name] = (others + reader, meaning)
    return table(
        ("variable", "read by", "meaning"),
        ((code(name), *rows[name]) for name in sorted(rows)),
    )


def commands_of(group: click.Group, path: str = "oyez") -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group and of the groups in it, with what to type for them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def variables_of(option: click.Option) -> list[str]:
    """Return the environment variables that an option is read from."""
    given = option.envvar
    if given is None:
        return []
    return [given] if isinstance(given, str) else list(given)


# Engines.


def capabilities() -> str:
    """What an engine declares."""
    return dataclass_table(Capabilities)


def stream_options() -> str:
    """What an engine is told about a session."""
    return dataclass_table(StreamOptions)


def dataclass_table(owner: type) -> str:
    """Return a table of a dataclass's fields."""
    notes = {**ENGINE_NOTES, **field_notes(owner)}
    return table(
        ("field", "default", "meaning"),
        (
            (
                code(field.name),
                "" if field.default is dataclasses.MISSING else code(repr(field.default)),
                notes[field.name],
            )
            for field in dataclasses.fields(owner)
        ),
    )


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "start-fields": start_fields,
    "audio-formats": audio_formats,
    "languages": languages,
    "model-names": model_names,
    "example-results": example_results,
    "example-finished": example_finished,
    "example-error": example_error,
    "errors": errors,
    "client-states": client_states,
    "server-states": server_states,
    "endpoint-silences": endpoint_silences,
    "promises": promises,
    "limits": limits,
    "settings": settings,
    "variables": variables,
    "capabilities": capabilities,
    "stream-options": stream_options,
}

if __name__ == "__main__":
    main()
