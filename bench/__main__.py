"""`python -m bench`: run the parts, print their tables, write their numbers."""

import sys

from bench.arguments import read_request
from oyez.bench import tables
from oyez.bench.runs import Result, Turn, about, run, write


def main() -> int:
    """Run the benchmark; return 1 when a part failed, or one that judges found a failure."""
    request = read_request()
    plan = request.plan
    for name, value in about(plan).items():
        tables.note(f"{name}: {value}")
    if plan.corpus.is_sample:
        tables.note(
            "No data folder: measuring the sample speech. Take its numbers for a sign of life, and "
            "give --data DIR for more."
        )

    def after(turn: Turn, result: Result) -> None:
        if turn.label in result["failures"]:
            tables.note(f"FAILED {turn.label}: {result['failures'][turn.label]}")
        tables.note(f"\n({turn.label}: {result['seconds'][turn.label]:.0f} s)")
        write(result, request.json_path)

    result = run(plan, request.parts, before=lambda turn: tables.heading(turn.label), after=after)
    tables.note(f"\nNumbers: {request.json_path}; plot: {request.json_path.with_suffix('.svg')}")
    for label, problem in result["failures"].items():
        tables.note(f"FAILED {label}: {problem}")
    is_broken = any(part.get("failures") for part in result["parts"].values())
    return int(is_broken or bool(result["failures"]))


if __name__ == "__main__":
    sys.exit(main())
