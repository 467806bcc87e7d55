"""Running parts: in which order, of which models, and what becomes of one that fails."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from oyez.bench.corpus import sample
from oyez.bench.plan import Plan, Size
from oyez.bench.runs import Part, Turn, run, schedule, write

MODELS = ("moonshine-tiny", "moonshine-base")


def test_several_models_are_measured_in_turn_and_named() -> None:
    parts = [Part("wer", "w"), Part("quiet", "q", models=1), Part("peers", "p", models=0)]

    assert [(turn.label, turn.model) for turn in schedule(parts, MODELS)] == [
        ("wer moonshine-tiny", "moonshine-tiny"),
        ("wer moonshine-base", "moonshine-base"),
        ("quiet moonshine-tiny", "moonshine-tiny"),
        ("peers", "moonshine-tiny"),
    ]


def test_one_model_needs_no_name() -> None:
    assert schedule([Part("wer", "w")], MODELS[:1])[0].label == "wer"


@pytest.fixture
def plan() -> Plan:
    return Plan(sample(), MODELS, MODELS[0], size=Size.QUICK)


def part(monkeypatch: pytest.MonkeyPatch, name: str, found: dict[str, Any] | None) -> Part:
    """A part that finds this, or fails."""

    def measure(plan: Plan) -> dict[str, Any]:
        if found is None:
            raise RuntimeError("The server ended with status 1.")
        return {**found, "model": plan.model}

    module = ModuleType(f"part_{name}")
    module.__dict__["measure"] = measure
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    return Part(name, module.__name__)


def test_a_part_that_fails_is_noted_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, plan: Plan, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "result.json"
    after: list[str] = []

    def wrote(turn: Turn, result: dict[str, Any]) -> None:
        after.append(turn.label)
        write(result, path)
        assert set(json.loads(path.read_text())["seconds"]) == set(after)

    parts = [part(monkeypatch, "broken", None), part(monkeypatch, "sound", {"x": 1})]
    result = run(plan, parts, before=lambda turn: None, after=wrote)

    assert result["parts"] == {f"sound {model}": {"x": 1, "model": model} for model in MODELS}
    assert result["failures"] == {
        f"broken {model}": "RuntimeError: The server ended with status 1." for model in MODELS
    }
    assert after == [f"{name} {model}" for name in ("broken", "sound") for model in MODELS]
    assert json.loads(path.read_text())["failures"] == result["failures"]
    assert path.with_suffix(".svg").read_text().startswith("<svg")


def test_a_size_chooses_one_of_three_numbers(plan: Plan) -> None:
    assert [Plan(sample(), MODELS, "m", size=size).sized(1, 2, 3) for size in Size] == [1, 2, 3]
    assert plan.soak_s(quick_s=60.0) == 60.0
