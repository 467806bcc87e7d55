"""The description of the REST API, for programs: OpenAPI 3.1, drawn from the endpoints."""

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from oyez.protocol import rest
from oyez.protocol.messages import REQUEST_ID_HEADER
from oyez.protocol.rest import ApiError
from oyez.protocol.rest_errors import REST_ERROR_TYPES
from oyez.server.rest.answers import JSON
from oyez.server.rest.endpoint import Endpoint
from oyez.server.rest.endpoints import ENDPOINTS

_REF: Final = "#/components/schemas/"


@cache
def description() -> Mapping[str, Any]:
    """Return the OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "oyez REST API",
            "version": version("oyez"),
            "description": (
                "Temporary keys, models, usage and limits of an oyez server. "
                "Streams are another matter: they are WebSockets at `/transcribe-websocket`."
            ),
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(item.tag for item in ENDPOINTS)],
    }


def statuses(endpoint: Endpoint) -> dict[int, list[str]]:
    """Return the errors that an endpoint can answer with: status to names."""
    names = ["unauthenticated", "internal_error", "service_unavailable"]
    if endpoint.query is not None or endpoint.body is not None:
        names.append("invalid_request")
    if endpoint.query is not None and "cursor" in endpoint.query.model_fields:
        names.append("invalid_cursor")
    if endpoint.permission is not None:
        names.append("permission_denied")
    if endpoint.body is not None:
        names += ["request_timeout", "request_too_large", "unsupported_media_type"]
    found: dict[int, list[str]] = {}
    for name in sorted(names, key=lambda name: REST_ERROR_TYPES[name].code):
        found.setdefault(REST_ERROR_TYPES[name].code, []).append(name)
    return found


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    text = endpoint.description
    if endpoint.permission is not None:
        text += f"\n\nNeeds the permission `{endpoint.permission.value}`."
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": text,
        "tags": [endpoint.tag],
        "responses": {
            str(endpoint.status): _response("The answer.", endpoint.answer),
            **{
                str(status): _response(_meaning(names), ApiError)
                for status, names in statuses(endpoint).items()
            },
        },
    }
    if endpoint.query is not None:
        operation["parameters"] = _parameters(endpoint.query)
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(endpoint.body)}
    return operation


def _meaning(names: list[str]) -> str:
    return " ".join(f"`{name}`: {REST_ERROR_TYPES[name].meaning}" for name in names)


def _response(text: str, model: type[BaseModel]) -> dict[str, Any]:
    header = {
        "description": "Names the request in the server's log.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    }
    return {
        "description": text,
        "headers": {REQUEST_ID_HEADER: header},
        "content": _content(model),
    }


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {JSON: {"schema": {"$ref": f"{_REF}{model.__name__}"}}}


def _parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    schema = query.model_json_schema(ref_template=_REF + "{model}")
    notes = _notes()[query.__name__]
    required = schema.get("required", ())
    found = []
    for name, value in schema["properties"].items():
        shape = _without_null(value)
        parameter = {"name": name, "in": "query", "required": name in required}
        if name in notes:
            parameter["description"] = notes[name]
        found.append(parameter | {"schema": shape})
    return found


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that a query leaves out rather than says is null."""
    shape = {name: value for name, value in schema.items() if name not in ("title", "anyOf")}
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            shape |= choice
    if shape.get("default", 0) is None:
        del shape["default"]
    return shape


def _schemas() -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], Any]] = [
        (model, "validation") for item in ENDPOINTS for model in (item.body,) if model is not None
    ]
    wanted += [(item.answer, "serialization") for item in ENDPOINTS]
    _, document = models_json_schema(
        [*wanted, (ApiError, "serialization")], ref_template=_REF + "{model}"
    )
    found: dict[str, Any] = document["$defs"]
    for name, schema in found.items():
        for field, text in _notes().get(name, {}).items():
            schema["properties"][field]["description"] = text
    return found


@cache
def _notes() -> dict[str, dict[str, str]]:
    """Return what is written below the fields of each model: its descriptions for people."""
    found: dict[str, dict[str, str]] = {}
    for definition in ast.parse(inspect.getsource(rest)).body:
        if not isinstance(definition, ast.ClassDef):
            continue
        notes = found.setdefault(definition.name, {})
        for line, following in zip(definition.body, definition.body[1:], strict=False):
            match line, following:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                    value=ast.Constant(value=str(text))
                ):
                    notes[name] = " ".join(text.replace("``", "`").split())
    return found
