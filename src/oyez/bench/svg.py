"""Two kinds of charts as SVG text: rows of dots with whiskers, and lines over a plane."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, ROW, LABEL, PLANE, MARGIN, TITLE = 760, 22, 250, 260, 48, 30
COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#8b5fbf", "#b8860b", "#555555", "#00838f", "#c2185b")
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}"
    ".t{font-weight:600;font-size:14px}.a{fill:#666;font-size:11px}"
)


@dataclass(frozen=True, slots=True)
class Dot:
    """A value with an interval, in the colour of a series."""

    value: float
    low: float
    high: float
    series: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a chart of rows."""

    label: str
    dots: Sequence[Dot]


@dataclass(frozen=True, slots=True)
class Line:
    """Points that belong together."""

    label: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart: its elements and how high it is."""

    body: str
    height: int


def rows(title: str, unit: str, items: Sequence[Row], *, series: Sequence[str] = ()) -> Chart:
    """Draw rows of dots with whiskers over one axis that begins at 0, or below for negatives."""
    ends = [end for row in items for dot in row.dots for end in (dot.low, dot.high)]
    least, most, step = scale(min([0.0, *ends]), max([0.0, *ends]))
    left, width = LABEL, WIDTH - LABEL - 30
    top = TITLE + (18 if series else 0)
    bottom = top + ROW * len(items)

    def across(value: float) -> float:
        return left + width * (value - least) / (most - least)

    parts = [_text(0, 18, f"{title}, {unit}", "t"), *_legend(series)]
    for index in range(round((most - least) / step) + 1):
        value = least + index * step
        x = across(value)
        parts.append(_line(x, top, x, bottom, "#ddd"))
        parts.append(_text(x, bottom + 15, f"{value:g}", "a", "middle"))
    for index, row in enumerate(items):
        y = top + ROW * (index + 0.5)
        parts.append(_text(left - 8, y + 4, row.label, "", "end"))
        for place, dot in enumerate(row.dots):
            at = y + 5.0 * (place - (len(row.dots) - 1) / 2)
            colour = COLOURS[dot.series % len(COLOURS)]
            parts.append(_line(across(dot.low), at, across(dot.high), at, colour, 2))
            parts.append(f'<circle cx="{across(dot.value):.1f}" cy="{at:.1f}" r="3.5" ')
            parts.append(f'fill="{colour}"/>')
    return Chart("".join(parts), bottom + 34)


def plane(
    title: str, axes: tuple[str, str], lines: Sequence[Line], *, diagonal: bool = False
) -> Chart:
    """Draw lines over a plane whose axes begin at 0.

    Args:
        title: Of the chart.
        axes: What goes across and what goes up.
        lines: Each with its points in order.
        diagonal: Whether the line on which both are equal is drawn.
    """
    points = [point for line in lines for point in line.points]
    _, across_most, across_step = scale(0.0, max([x for x, _ in points] or [1.0]))
    _, up_most, up_step = scale(0.0, max([y for _, y in points] or [1.0]))
    left, width = MARGIN, WIDTH - MARGIN - 30
    top = TITLE + 18
    bottom = top + PLANE

    def place(x: float, y: float) -> tuple[float, float]:
        return left + width * x / across_most, bottom - PLANE * y / up_most

    parts = [_text(0, 18, title, "t"), *_legend([line.label for line in lines])]
    for index in range(round(across_most / across_step) + 1):
        x, _ = place(index * across_step, 0.0)
        parts.append(_line(x, top, x, bottom, "#ddd"))
        parts.append(_text(x, bottom + 15, f"{index * across_step:g}", "a", "middle"))
    for index in range(round(up_most / up_step) + 1):
        _, y = place(0.0, index * up_step)
        parts.append(_line(left, y, left + width, y, "#ddd"))
        parts.append(_text(left - 6, y + 4, f"{index * up_step:g}", "a", "end"))
    parts.append(_text(left + width, bottom + 30, axes[0], "a", "end"))
    parts.append(_text(left + 4, top + 12, axes[1], "a"))
    if diagonal:
        end = min(across_most, up_most)
        (x1, y1), (x2, y2) = place(0.0, 0.0), place(end, end)
        parts.append(_line(x1, y1, x2, y2, "#999"))
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        placed = [place(x, y) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in placed]
    return Chart("".join(parts), bottom + 44)


def page(heading: str, charts: Sequence[Chart]) -> str:
    """Return a document with charts under each other."""
    y = 40
    parts = [_text(0, 20, heading, "a")]
    for chart in charts:
        parts.append(f'<g transform="translate(0,{y})">{chart.body}</g>')
        y += chart.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {WIDTH + 20} {y}" '
        f'width="{WIDTH + 20}" height="{y}"><style>{STYLE}</style>'
        f'<rect x="-10" width="{WIDTH + 20}" height="{y}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def scale(least: float, most: float) -> tuple[float, float, float]:
    """Return round ends of an axis and the step between marks: 1, 2 or 5 times a power of 10."""
    span = max(most - least, 1e-9)
    raw = span / 6
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next((f for f in (1, 2, 5, 10) if f * power >= raw * (1 - 1e-9)), 10)
    low = math.floor(least / step + 1e-9) * step
    high = math.ceil(most / step - 1e-9) * step
    return low, max(high, low + step), step


def _legend(names: Sequence[str]) -> list[str]:
    parts = []
    x = 0.0
    for index, name in enumerate(names):
        parts.append(
            f'<circle cx="{x + 5:.0f}" cy="34" r="4" fill="{COLOURS[index % len(COLOURS)]}"/>'
        )
        parts.append(_text(x + 13, 38, name, "a"))
        x += 28 + 6.2 * len(name)
    return parts


def _text(x: float, y: float, said: str, kind: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(said)}</text>'
    )


def _line(  # noqa: PLR0917 - two points
    x1: float, y1: float, x2: float, y2: float, colour: str, width: int = 1
) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )
