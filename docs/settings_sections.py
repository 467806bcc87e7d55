"""Sections about settings and engines: limits, options, variables, what an engine declares."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Final

import click

from docs.tables import (
    code,
    codes,
    field_notes,
    table,
    value_text,
)
from oyez.cli.main import cli
from oyez.engines.base import Capabilities, StreamOptions
from oyez.protocol.limits import Limits
from oyez.server.settings import Settings
from oyez.transcript.stabilizer import Agreement

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


def capabilities() -> str:
    """What an engine declares."""
    return dataclass_table(Capabilities)


def agreement() -> str:
    """When an engine's words are final early."""
    return dataclass_table(Agreement)


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
