"""Running parts one after another, and writing down what each found before the next begins."""

import importlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oyez import __version__
from oyez.bench.plan import Plan
from oyez.bench.plot import draw

Result = dict[str, Any]
"""What a run found: `about`, `parts` (label to figures), `failures` (label to why), `seconds`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is measured."""

    name: str
    module: str
    """Its `measure` takes a plan and returns the figures."""
    models: int | None = None
    """Of how many of the models it is measured; None for all, 0 when it does not depend on them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A part and the model that it measures."""

    label: str
    """In the result: the part, and the model where there are several."""
    part: Part
    model: str


def schedule(parts: Sequence[Part], models: Sequence[str]) -> list[Turn]:
    """Return what to run, in order."""
    turns = []
    for part in parts:
        if part.models == 0:
            turns.append(Turn(part.name, part, models[0]))
            continue
        for model in models[: part.models]:
            label = part.name if len(models) == 1 else f"{part.name} {model}"
            turns.append(Turn(label, part, model))
    return turns


def run(
    plan: Plan,
    parts: Sequence[Part],
    *,
    before: Callable[[Turn], None],
    after: Callable[[Turn, Result], None],
) -> Result:
    """Run the parts; one that fails is noted and does not keep the others from running.

    Args:
        plan: What is measured.
        parts: In order.
        before: Is told of each turn before it begins.
        after: Is told of each turn at its end, and of all that was found so far.
    """
    result: Result = {"about": about(plan), "parts": {}, "failures": {}, "seconds": {}}
    for turn in schedule(parts, plan.models):
        before(turn)
        plan.use(turn.model)
        began_s = time.perf_counter()
        try:
            result["parts"][turn.label] = importlib.import_module(turn.part.module).measure(plan)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts go on
            result["failures"][turn.label] = f"{type(error).__name__}: {error}"
        result["seconds"][turn.label] = round(time.perf_counter() - began_s, 1)
        after(turn, result)
    return result


def about(plan: Plan) -> dict[str, str]:
    """Return what was measured, where."""
    return {
        "server": plan.remote.url if plan.remote else "own process, started by the benchmark",
        "model": plan.remote.model if plan.remote else ", ".join(plan.models),
        "speech": plan.corpus.title,
        "size": plan.size.value,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load at start": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown",
        "python": platform.python_version(),
        "oyez": __version__,
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


def write(result: Result, path: Path) -> Path:
    """Write the numbers as JSON, and their plot beside them; return where the plot is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(result), "utf-8")
    plot = path.with_suffix(".svg")
    plot.write_text(draw([result]), "utf-8")
    return plot


def as_json(result: Result) -> str:
    """Return a result as text."""
    return json.dumps(result, indent=1, ensure_ascii=False) + "\n"
