"""From values and classes to Markdown."""

import ast
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    flat = " ".join(text.split()).replace("``", "`")
    return flat.replace("|", "\\|")


def code(text: object) -> str:
    """Return text set as code."""
    return f"`{text}`"


def codes(items: Iterable[object]) -> str:
    """Return several pieces of code with commas."""
    return ", ".join(map(code, items))


def field_notes(owner: type) -> dict[str, str]:
    """Return what is written below the fields of a class and of the classes it extends."""
    notes: dict[str, str] = {}
    for cls in reversed(owner.__mro__):
        if not cls.__module__.startswith("oyez."):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(definition, ast.ClassDef)
        for line, following in zip(definition.body, [*definition.body[1:], None], strict=True):
            if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)):
                continue
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                notes[line.target.id] = str(following.value.value)
    return notes


def json_type(annotation: Any) -> str:  # noqa: ANN401 - whatever a field is annotated with
    """Return the JSON type of a field."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
        return " or ".join(map(json_type, kinds))
    if origin is list:
        (item,) = typing.get_args(annotation)
        return f"list of {json_type(item)}s"
    if origin is typing.Annotated:
        return json_type(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return "string"
    if issubclass(annotation, BaseModel):
        return "object"
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return names[annotation]


def field_range(field: FieldInfo) -> str:
    """Return the bounds of a field, in words."""
    bounds: dict[str, Any] = {}
    for item in field.metadata:
        bounds |= {name: getattr(item, name) for name in ("ge", "le") if hasattr(item, name)}
        if hasattr(item, "max_length"):
            return f"at most {item.max_length} characters"
    return f"{bounds['ge']:,} to {bounds['le']:,}" if bounds else ""


def value_text(name: str, value: object) -> str:
    """Return a default with its unit; nothing for None and for an empty list."""
    if value is None or value == ():
        return ""
    if isinstance(value, str):
        return code(value)
    if not isinstance(value, int | float):
        raise TypeError(f"{name} has a default that the table cannot show: {value!r}")
    if name.endswith("_bytes") and isinstance(value, int):
        mebi, kibi = value / 2**20, value / 2**10
        return f"{mebi:g} MiB" if mebi >= 1 else f"{kibi:g} KiB"
    unit = next((f" {unit}" for unit in ("ms", "s") if name.endswith(f"_{unit}")), "")
    return f"{value:,g}{unit}" if unit else str(value)


def as_json(text: str) -> str:
    """Return a message broken into lines that fit a page."""
    broken = text.replace("},{", "},\n  {").replace('"tokens":[{', '"tokens":[\n  {')
    broken = broken.replace('}],"', '}],\n "')
    broken = re.sub(r',"(error_\w+|request_id|more_info)"', r',\n "\1"', broken)
    return f"```json\n{broken}\n```"
