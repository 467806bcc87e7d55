"""Part `install`: how much is installed, and how long an import takes.

Size is the sum of the installed files of the distributions that `oyez` needs, its own included: the
light install has no extras; `[server]` adds the engine with its weights. Files made on the spot,
such as compiled bytecode that no distribution lists, are not counted. Import time is the median of
seven fresh interpreters, the bare interpreter's start excluded; files are in the disk cache.
"""

import importlib.util
import re
import statistics
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from oyez.bench import tables
from oyez.bench.plan import Plan

PROJECT = "oyez"
EXTRAS = ("", "server")
STATEMENTS = ("import oyez", "from oyez import OyezClient", "from oyez import AsyncOyezClient")
RUNS = 7


def measure(plan: Plan) -> dict[str, Any]:
    """Add up files, time imports; print and return."""
    del plan
    sizes = {extra: {d.name: size_of(d) for d in closure(PROJECT, extra)} for extra in EXTRAS}
    rows = []
    for extra, parts in sizes.items():
        largest = sorted(parts, key=lambda name: parts[name], reverse=True)[:4]
        names = ", ".join(f"{name} {parts[name] / 1e6:.1f}" for name in largest)
        title = f"{PROJECT}[{extra}]" if extra else PROJECT
        rows.append([title, str(len(parts)), f"{sum(parts.values()) / 1e6:.1f}", names])
    tables.note(tables.table(("install", "packages", "MB", "largest, MB"), rows))
    imports = {statement: import_s(statement) for statement in STATEMENTS}
    rows = [[name, f"{1000 * seconds:.0f}"] for name, seconds in imports.items()]
    tables.note("\n" + tables.table(("statement", "ms"), rows))
    return {
        "bytes": {extra or "light": sum(parts.values()) for extra, parts in sizes.items()},
        "packages": {extra or "light": parts for extra, parts in sizes.items()},
        "import_s": {name: round(seconds, 4) for name, seconds in imports.items()},
    }


def closure(name: str, extra: str = "") -> list[Distribution]:
    """Return a distribution and everything it needs here, those not installed left out."""
    found: dict[str, Distribution] = {}
    waiting = [(name, extra)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        try:
            dist = distribution(item[0])
        except PackageNotFoundError:
            continue
        found[_canonical(item[0])] = dist
        for line in dist.requires or ():
            requirement = Requirement(line)
            extras = {"", item[1]}
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": given}) for given in extras
            ):
                wanted = ("", *requirement.extras)
                waiting += [(_canonical(requirement.name), given) for given in wanted]
    return [found[key] for key in sorted(found)]


def size_of(dist: Distribution) -> int:
    """Return the bytes of a distribution's files; of an editable one, those of its package."""
    total = 0
    for file in dist.files or ():
        path = Path(str(dist.locate_file(file)))
        total += path.stat().st_size if path.is_file() else 0
    if _canonical(dist.name) == PROJECT:
        total += _package_size(PROJECT)
    return total


def _package_size(name: str) -> int:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    folders = spec.submodule_search_locations or ()
    return sum(
        path.stat().st_size
        for folder in folders
        for path in Path(folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def import_s(statement: str) -> float:
    """Return how long a statement takes in a fresh interpreter: the median of several."""
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", program]
    times = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(RUNS)
    ]
    return statistics.median(times)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
