"""The description of the REST API, for people: one page, drawn from the OpenAPI."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from oyez.server.rest.openapi import description

_STYLE: Final = """
:root { color-scheme: light dark }
body { max-width: 52em; margin: 2em auto; padding: 0 1em; font: 1em/1.5 system-ui }
code, pre { font: .92em/1.5 ui-monospace, monospace }
table { border-collapse: collapse; width: 100%; margin: 1em 0 }
th, td { text-align: left; vertical-align: top; padding: .3em .8em .3em 0 }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
h2 { margin-top: 2.5em } nav li { margin: .2em 0 }
"""


@cache
def page() -> str:
    """Return the reference as HTML; nothing in it is loaded from elsewhere."""
    document = description()
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    links = "".join(
        f'<li><a href="#{operation["operationId"]}"><code>{method} {path}</code></a> '
        f"{_text(operation['summary'])}</li>"
        for method, path, operation in operations
    )
    sections = "".join(_section(*operation) for operation in operations)
    schemas = "".join(
        _schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())
    )
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{_text(info['title'])}</title>"
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><main><h1>{_text(info['title'])}</h1>"
        f"<p>{_marked(info['description'])}</p>"
        "<p>Every request carries a key as <code>Authorization: Bearer KEY</code>. "
        'The same for programs: <a href="/v1/openapi.json">OpenAPI</a>. '
        'What the errors mean: <a href="/errors">errors</a>.</p>'
        f"<nav><ul>{links}</ul></nav>{sections}<h2>Values</h2>{schemas}</main></html>\n"
    )


def _section(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [
        f'<section><h2 id="{operation["operationId"]}">{_text(operation["summary"])}</h2>',
        f"<p><code>{method} {path}</code></p>",
        *(f"<p>{_marked(text)}</p>" for text in operation["description"].split("\n\n")),
    ]
    if "parameters" in operation:
        rows = [
            (
                _name(item["name"], is_required=item["required"]),
                _type(item["schema"]),
                _marked(item.get("description", "")),
            )
            for item in operation["parameters"]
        ]
        parts.append(_table(("Query", "Type", "Meaning"), rows))
    if "requestBody" in operation:
        parts.append(f"<p>Body: {_type(_schema_of(operation['requestBody']))}, as JSON.</p>")
    rows = [
        (status, _type(_schema_of(answer)), _marked(answer["description"]))
        for status, answer in operation["responses"].items()
    ]
    parts += [_table(("Status", "Body", "Meaning"), rows), "</section>"]
    return "".join(parts)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            _name(field, is_required=field in required),
            _type(value),
            _marked(value.get("description", "")),
        )
        for field, value in schema.get("properties", {}).items()
    ]
    text = _marked(schema.get("description", "").partition("\n")[0])
    return (
        f'<section><h3 id="{name}">{name}</h3><p>{text}</p>'
        f"{_table(('Field', 'Type', 'Meaning'), rows)}</section>"
    )


def _schema_of(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    ((_, content),) = holder["content"].items()
    schema: Mapping[str, Any] = content["schema"]
    return schema


def _type(schema: Mapping[str, Any]) -> str:
    """Return what a value may be, in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"<code>{_text(json.dumps(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    text = schema.get("format") or schema.get("type", "anything")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        text += f", {low} to {high}"
    if "maxLength" in schema:
        text += f", up to {schema['maxLength']} characters"
    return _text(text)


def _name(name: str, *, is_required: bool) -> str:
    return f"<code>{name}</code>" + ("" if is_required else " (optional)")


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{item}</th>' for item in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return html.escape(text)


def _marked(text: str) -> str:
    """Return text in which backquotes mark code, as HTML."""
    return re.sub(r"`+([^`]+)`+", r"<code>\1</code>", html.escape(text, quote=False))
