"""Plain text tables: the first column to the left, the others to the right."""

import sys
from collections.abc import Sequence

from oyez.bench.stats import Interval, Summary


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned table."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([text[0], "  ".join("-" * width for width in widths), *text[1:]])


def heading(title: str) -> None:
    """Print the title of a part."""
    note(f"\n## {title}\n")


def note(text: str) -> None:
    """Print a line at once: parts take minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def interval(bounds: Interval) -> str:
    """Return an interval."""
    return (
        f"[{bounds[0]:+.2f}, {bounds[1]:+.2f}]"
        if bounds[0] < 0
        else (f"[{bounds[0]:.2f}, {bounds[1]:.2f}]")
    )


LATENCY_HEAD = ("milliseconds", "n", "p50", "95 %", "p90", "p95", "95 %", "worst")
"""Over the rows of `milliseconds`."""


def milliseconds(name: str, values: Summary | None, definition: str = "") -> list[str]:
    """Return the row of a latency given in seconds."""
    extra = [definition] if definition else []
    if values is None:
        return [name, "0", *["-"] * (len(LATENCY_HEAD) - 2), *extra]
    cells = [
        _ms(values.p50),
        span_ms(values.p50_95),
        _ms(values.p90),
        _ms(values.p95),
        span_ms(values.p95_95),
        _ms(values.worst),
    ]
    return [name, str(values.count), *cells, *extra]


def span_ms(bounds: Interval) -> str:
    """Return an interval given in seconds, in milliseconds."""
    return f"[{_ms(bounds[0])}, {_ms(bounds[1])}]"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f}"
