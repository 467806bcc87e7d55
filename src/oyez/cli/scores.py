"""How `oyez bench` shows what it found: tables for one system or several, and what to know."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from oyez.bench.runs import Result
from oyez.bench.summary import METRICS, Figure, Metric, System

if TYPE_CHECKING:
    from rich.table import Table

MOST_SIDE_BY_SIDE = 4
"""Systems in one table; more get another."""
MOST_PROBLEMS = 5
UNMET = "none so fast"
"""No setting is within the budget."""
WIDE = 110
"""Where the terminal has so many columns, each metric is explained in its line."""


def tables(systems: Sequence[System], *, width: int) -> "Iterator[Table]":
    """Yield the tables: figures with spread of one system, or several side by side; meanings.

    Args:
        systems: What was measured.
        width: Of the terminal, in characters.
    """
    shown = _known(systems)
    if len(systems) == 1:
        yield _alone(systems[0], shown, is_wide=width >= WIDE)
    for start in range(0, len(systems) if len(systems) > 1 else 0, MOST_SIDE_BY_SIDE):
        yield _beside(systems[start : start + MOST_SIDE_BY_SIDE])
    if shown and (len(systems) > 1 or width < WIDE):
        yield _meanings(shown)


def notes(
    result: Result, systems: Sequence[System], earlier: Mapping[str, Result]
) -> Iterator[str]:
    """Yield what a reader must know to believe the figures.

    Args:
        result: What was measured now.
        systems: Whose figures it holds.
        earlier: What stands beside it, by name.
    """
    about = result["about"]
    yield (
        "value: the rate, or the median of a delay; 95 %: where it may really lie; p95: one in "
        "twenty took longer; n: how much was measured."
    )
    if any(system.is_remote for system in systems):
        yield (
            "The server is somebody else's: what the model could do at once, CPU and memory cannot "
            "be seen and are left out. Delays include the network."
        )
    for name, other in earlier.items():
        if other["about"].get("speech") != about["speech"]:
            yield (
                f"{name} was measured with other speech ({other['about'].get('speech')}): its word "
                "error rates cannot be compared with these."
            )
    if about["size"] == "quick":
        yield "Few recordings were used: take the numbers for a sign of life."
    yield f"{about['machine']}, load {about['load at start']} at the start, {about['date']}."
    for label, figures in result["parts"].items():
        found = figures.get("problems") or []
        if isinstance(found, dict):
            found = [f"{name}: {problem}" for name, problem in found.items()]
        for problem in found[:MOST_PROBLEMS]:
            yield f"Problem in {label}: {problem}"
        if len(found) > MOST_PROBLEMS:
            yield f"Problems in {label}: {len(found) - MOST_PROBLEMS} more."


def _new_table(title: str) -> "Table":
    from rich.table import Table

    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="dim",
    )


def _alone(system: System, shown: Sequence[Metric], *, is_wide: bool) -> "Table":
    table = _new_table(system.name)
    table.add_column("", no_wrap=True)
    for name in ("value", "95 %", "p95", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    if is_wide:
        table.add_column("what it is", style="dim")
    for metric in shown:
        figure = system.figures.get(metric.key)
        if figure is None:
            table.add_row(metric.title, UNMET, "", "", "", *([metric.meaning] if is_wide else []))
            continue
        value = f"{metric.number(figure.value)} {metric.unit}".rstrip()
        cells = [value, _interval(metric, figure), "", ""]
        if figure.p95 is not None:
            cells[2] = f"{metric.number(figure.p95)} {metric.unit}"
        if figure.count is not None:
            cells[3] = f"{figure.count} {metric.counted}"
        table.add_row(metric.title, *cells, *([metric.meaning] if is_wide else []))
    return table


def _known(systems: Sequence[System]) -> list[Metric]:
    """Return the metrics that any of the systems has something to say of."""
    return [
        metric
        for metric in METRICS
        if any(metric.key in one.figures or metric.key in one.unmet for one in systems)
    ]


def _beside(systems: Sequence[System]) -> "Table":
    table = _new_table("Side by side (delays: median / p95)")
    table.add_column("", no_wrap=True)
    for system in systems:
        table.add_column(system.name, justify="right", overflow="fold")
    for metric in _known(systems):
        title = f"{metric.title}, {metric.unit}" if metric.unit else metric.title
        table.add_row(title, *[_cell(metric, system) for system in systems])
    return table


def _cell(metric: Metric, system: System) -> str:
    figure = system.figures.get(metric.key)
    if figure is None:
        return UNMET if metric.key in system.unmet else "-"
    value = metric.number(figure.value)
    if figure.p95 is not None:
        return f"{value} / {metric.number(figure.p95)}"
    return f"{value} {_interval(metric, figure)}".rstrip()


def _interval(metric: Metric, figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"[{metric.number(figure.low)}, {metric.number(figure.high)}]"


def _meanings(shown: Sequence[Metric]) -> "Table":
    table = _new_table("What it is")
    table.show_header = False
    table.add_column("", no_wrap=True)
    table.add_column("", style="dim")
    for metric in shown:
        table.add_row(metric.title, metric.meaning)
    return table
