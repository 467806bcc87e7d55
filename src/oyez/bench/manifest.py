"""Lists of recordings with what is said in them, in the two forms that the field uses.

Tab-separated (`.tsv`), unquoted, the first line names the columns: `file` and `reference`, and as
far as known `id`, `category`, `duration_s`, `format`, `language`, `ref_quality`. Or a JSON object
on each line (`.json`, `.jsonl`), as NVIDIA NeMo writes them: `audio_filepath` and `text`, and as
far as known `duration`, `offset` and `category`. Paths are relative to the list.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oyez.bench.audio import seconds_of
from oyez.bench.corpus import NO_SPEECH, Clip, Corpus
from oyez.errors import AudioError, ManifestError

NAMES = ("manifest.tsv", "manifest.jsonl", "manifest.json")
"""What is looked for in a folder."""
UNREAD_FORMATS = ("raw/", "amr/")
"""The same recordings exist in readable formats; counting them again would weigh them more."""
LANGUAGE = "en"
"""Rates of other languages need other normalisers."""
EXAMPLE_TSV = "file<TAB>reference"
EXAMPLE_JSON = '{"audio_filepath": "a.wav", "text": "what is said"}'


@dataclass(frozen=True, slots=True)
class _Row:
    """A line, in the terms of both forms."""

    line: int
    file: str
    text: str
    name: str
    group: str
    seconds: str
    offset: str
    quality: str
    language: str
    format: str


class _LineError(ValueError):
    """A line that is no row; the text says what to do."""


def find_manifest(given: Path) -> Path:
    """Return the list at a path: the file, or the one in the folder.

    Raises:
        ManifestError: There is none.
    """
    if given.is_file():
        return given
    if not given.exists():
        raise ManifestError(given, [(0, "there is no such file or folder.")])
    for name in NAMES:
        if (given / name).is_file():
            return given / name
    raise ManifestError(
        given,
        [
            (
                0,
                (
                    f"there is no {' or '.join(NAMES)} in this folder. Write one: for each "
                    f"recording a line such as {EXAMPLE_JSON}"
                ),
            )
        ],
    )


def read_manifest(given: Path, *, has_groups: bool = False) -> Corpus:
    """Read a list, and look at every file that it names.

    Recordings whose `language` is not English and files without a header are left out.

    Args:
        given: The list, or a folder with one.
        has_groups: Whether its categories are those that the benchmark's parts ask for.

    Raises:
        ManifestError: Lines that cannot be used, all of them together.
    """
    path = find_manifest(given)
    problems: list[tuple[int, str]] = []
    clips: dict[str, Clip] = {}
    for found in _rows(path):
        if isinstance(found, tuple):
            problems.append(found)
            continue
        if found.language not in ("", LANGUAGE) and found.group != NO_SPEECH:
            continue
        if found.format.startswith(UNREAD_FORMATS):
            continue
        try:
            clip = _clip(path.parent, found)
        except _LineError as error:
            problems.append((found.line, str(error)))
            continue
        if clip.name in clips:
            problems.append((found.line, f"{clip.name!r} was listed before. Remove one of the two"))
        clips[clip.name] = clip
    if not problems and not clips:
        problems.append((0, "it names no recording in English."))
    if problems:
        raise ManifestError(path, problems)
    return Corpus(list(clips.values()), f"{path}, {len(clips)} recordings", has_groups=has_groups)


def _rows(path: Path) -> Iterator[_Row | tuple[int, str]]:
    """Yield the rows, and what is wrong with the lines that are none."""
    try:
        content = path.read_text("utf-8-sig")
    except OSError as error:
        raise ManifestError(path, [(0, f"it cannot be read ({error.strerror}).")]) from None
    except UnicodeDecodeError:
        raise ManifestError(path, [(0, "it is not UTF-8 text. Save it as UTF-8.")]) from None
    if path.suffix == ".tsv":
        yield from _tsv_rows(path, content)
    else:
        yield from _json_rows(content)


def _tsv_rows(path: Path, content: str) -> Iterator[_Row | tuple[int, str]]:
    reader = csv.DictReader(content.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = {"file", "reference"} - set(reader.fieldnames or ())
    if missing:
        raise ManifestError(
            path,
            [
                (
                    1,
                    (
                        "the first line must name the columns, and "
                        f"{' and '.join(sorted(missing))} is not among them. Begin the file with "
                        f"{EXAMPLE_TSV}"
                    ),
                )
            ],
        )
    for row in reader:
        if row["file"] and row["reference"] is not None:
            yield _row(reader.line_num, row, text="reference", file="file", seconds="duration_s")
        else:
            yield reader.line_num, "it has too few columns: file and reference, a tab between them."


def _json_rows(content: str) -> Iterator[_Row | tuple[int, str]]:
    for line, said in enumerate(content.splitlines(), 1):
        if not said.strip():
            continue
        try:
            item = json.loads(said)
        except json.JSONDecodeError as error:
            yield line, f"this is not JSON ({error.msg}). Write one object a line: {EXAMPLE_JSON}"
            continue
        if not isinstance(item, dict):
            yield line, f"this is not a JSON object. Write one a line: {EXAMPLE_JSON}"
            continue
        missing = [
            name for name in ("audio_filepath", "text") if not isinstance(item.get(name), str)
        ]
        if missing:
            yield line, f"{' and '.join(missing)} is missing. Write: {EXAMPLE_JSON}"
            continue
        yield _row(line, item, text="text", file="audio_filepath", seconds="duration")


def _row(line: int, item: Mapping[str, Any], *, text: str, file: str, seconds: str) -> _Row:
    def cell(name: str, default: str = "") -> str:
        value = item.get(name)
        return default if value is None or value == "" else str(value)

    return _Row(
        line=line,
        file=cell(file),
        text=cell(text),
        name=cell("id", cell(file) + (f" at {cell('offset')}" if cell("offset") else "")),
        group=cell("category", "recordings"),
        seconds=cell(seconds),
        offset=cell("offset"),
        quality=cell("ref_quality", "exact"),
        language=cell("language", cell("lang")),
        format=cell("format"),
    )


def _clip(folder: Path, row: _Row) -> Clip:
    path = folder / row.file
    if not path.is_file():
        raise _LineError(
            f"there is no file {path}. Correct the path, which is relative to the list, or remove "
            "the line."
        )
    offset_s, given_s = _number("offset", row.offset), _number("duration", row.seconds)
    seconds = given_s
    if given_s is None:
        try:
            seconds = seconds_of(path) - (offset_s or 0.0)
        except AudioError as error:
            raise _LineError(str(error)) from None
    if seconds is None or seconds <= 0.0:
        raise _LineError(f"{row.file} has no audio there. Correct offset and duration.")
    return Clip(row.name, row.group, path, seconds, row.text, row.quality, offset_s)


def _number(name: str, said: str) -> float | None:
    if not said:
        return None
    try:
        number = float(said)
    except ValueError:
        raise _LineError(f"{name} is {said!r}, which is no number of seconds.") from None
    if not 0.0 <= number < float("inf"):
        raise _LineError(f"{name} is {said}: it must not be negative.")
    return number
