"""How keys are compared, and that every line of the threat model has its test."""

import ast
import hmac
import re
from pathlib import Path
from typing import Any

import pytest

from oyez.server import keys
from server.rest.conftest import Start, client

ROOT = Path(__file__).parents[2]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_keys_are_compared_in_constant_time(
    start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is presented to the REST API meets the server's own key in one place only."""
    compared = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return hmac.compare_digest(left, right)

    class Watched:
        compare_digest = staticmethod(compare)

    monkeypatch.setattr(keys, "hmac", Watched)
    server = start_server()
    with client(server, "a-guess") as api:
        assert api.get("/v1/models").status_code == 401
    assert [left for left, _ in compared] == [b"a-guess"]
    sources = [path.read_text(encoding="utf-8") for path in _sources()]
    assert sum("settings.api_key" in source for source in sources) == 2
    for source in sources:
        for use in re.findall(r".*settings\.api_key.*", source):
            assert "is_same(" in use, use


def _sources() -> list[Path]:
    return sorted((ROOT / "src" / "oyez" / "server").rglob("*.py"))


def rows() -> list[Any]:
    """The lines of the table in SECURITY.md, without its head and its headings."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    lines = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [
        pytest.param(line, id=line[0].strip()[:60]) for line in lines[1:] if "**" not in line[0]
    ]


@pytest.mark.parametrize("row", rows())
def test_every_threat_has_its_test(row: list[str]) -> None:
    tried, happens, held = row
    assert tried.strip()
    assert happens.strip()
    named = TEST.findall(held)
    assert named, "no test"
    assert TEST.sub("", held).strip(" ,") == ""
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        names = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in names, f"{path} has no {name}"
