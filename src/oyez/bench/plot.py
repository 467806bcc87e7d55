"""`python -m oyez.bench.plot RESULT.json ...`: the figures of one or more runs as one SVG.

Whiskers are 95 % intervals in the charts of WER, and go from the median to the 95th percentile in
those of latencies. Several files, or a run of several models, are drawn in one chart each, a colour
for each model.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oyez.bench.svg import Chart, Dot, Line, Row, page, plane, rows

LATENCIES = (
    "first partial",
    "word shown",
    "word final",
    "settled",
    "final",
    "endpoint",
    "finalize",
    "TTFS",
)
PEER_DELAYS = ("first words", "settled", "asked")

Runs = list[tuple[str, dict[str, Any]]]
"""Figures of one part, with the name of what was measured."""


def main(arguments: list[str] | None = None) -> int:
    """Write the plot."""
    parser = argparse.ArgumentParser(prog="python -m oyez.bench.plot")
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, help="default: beside the first, as .svg")
    given = parser.parse_args(arguments)
    found = [json.loads(path.read_text("utf-8")) for path in given.results]
    output = given.output or given.results[0].with_suffix(".svg")
    output.write_text(draw(found), "utf-8")
    sys.stdout.write(f"{output}\n")
    return 0


def draw(results: Sequence[dict[str, Any]], *, names: Sequence[str] = ()) -> str:
    """Return the SVG of results as the benchmark writes them.

    Args:
        results: At least one.
        names: What each is called, where several are put side by side.
    """
    charts = [
        chart
        for part, chart_of in (
            ("wer", _wer),
            ("latency", _latency),
            ("endpoints", _endpoints),
            ("sessions", _sessions),
            ("wer", _confidence),
        )
        if (chart := chart_of(_runs(results, part, names))) is not None
    ]
    for _, figures in _runs(results, "peers", names):
        charts += _peers(figures)
    about = results[0]["about"]
    return page(
        f"{about['date']}, {about['machine']}, load at start {about['load at start']}", charts
    )


def _runs(results: Sequence[dict[str, Any]], part: str, names: Sequence[str]) -> Runs:
    """Return the figures of a part in all results, by the name of the model."""
    found: Runs = []
    for number, result in enumerate(results):
        prefix = f"{names[number]}: " if number < len(names) and names[number] else ""
        for label, figures in result["parts"].items():
            name, _, model = label.partition(" ")
            if name == part and figures:
                found.append((prefix + (model or result["about"]["model"]), figures))
    return found


def _wer(runs: Runs) -> Chart | None:
    names: dict[str, list[Dot]] = {}
    for number, (_, figures) in enumerate(runs):
        for table in ("groups", "long"):
            for name, item in figures.get(table, {}).items():
                low, high = item["streamed_95"]
                label = name if table == "groups" else f"{name}, long clips"
                dots = names.setdefault(f"{label}, {item['words']} words", [])
                dots.append(Dot(item["streamed_wer"], low, high, number))
    items = [Row(name, dots) for name, dots in names.items()]
    title = "Word error rate, streamed"
    return rows(title, "%", items, series=[name for name, _ in runs]) if items else None


def _latency(runs: Runs) -> Chart | None:
    items = []
    for name in LATENCIES:
        dots = [
            _milliseconds(figures["seconds"][name], number)
            for number, (_, figures) in enumerate(runs)
            if name in figures["seconds"]
        ]
        if dots:
            items.append(Row(name, dots))
    title = "Latency: median, and to the 95th percentile"
    return rows(title, "ms", items, series=[name for name, _ in runs]) if items else None


def _endpoints(runs: Runs) -> Chart | None:
    lines = []
    for name, figures in runs:
        for of, cut, total in (
            ("", "false_ends", "pauses"),
            (", inside sentences", "false_ends_inside_sentences", "pauses_inside_sentences"),
        ):
            # Sentences are known only where references have punctuation.
            points = [
                (1000 * item["mean_delay_s"], 100.0 * item[cut] / item[total])
                for item in figures["points"].values()
                if item["mean_delay_s"] is not None and item.get(total)
            ]
            if points or not of:
                lines.append(Line(name + of, sorted(points)))
    axes = ("mean delay from the end of the turn to <end>, ms", "pauses inside turns cut off, %")
    return plane("Ends of turns", axes, lines) if lines else None


def _sessions(runs: Runs) -> Chart | None:
    lines = []
    for name, figures in runs:
        for kind, found in figures.items():
            if isinstance(found, dict) and "loads" in found:
                points = [
                    (float(load["streams"]), 1000 * load["lag_s"]["p95"])
                    for load in found["loads"]
                    if "lag_s" in load
                ]
                lines.append(Line(f"{name}, {kind}", points))
    axes = ("streams on one core", "p95 from audio sent to audio processed, ms")
    return plane("Sessions", axes, lines) if lines else None


def _confidence(runs: Runs) -> Chart | None:
    lines = [
        Line(
            f"{name}, calibration error {figures['confidence']['ece']:.3f}",
            [
                (item["confidence"], item["right"])
                for item in figures["confidence"]["bins"]
                if item["words"]
            ],
        )
        for name, figures in runs
        if figures.get("confidence")
    ]
    axes = ("mean confidence of the words", "share that is right")
    return plane("Confidence", axes, lines, diagonal=True) if lines else None


def _peers(figures: dict[str, Any]) -> list[Chart]:
    systems = {name: item for name, item in figures["systems"].items() if item["seconds"]}
    delays = [
        Row(
            name,
            [
                _milliseconds(item["seconds"][delay], number)
                for number, delay in enumerate(PEER_DELAYS)
                if delay in item["seconds"]
            ],
        )
        for name, item in systems.items()
    ]
    work = [
        Row(name, [Dot(item["cpu_per_audio_s"], 0.0, item["cpu_per_audio_s"])])
        for name, item in systems.items()
        if item["cpu_per_audio_s"] is not None
    ]
    errors = [
        Row(name, [Dot(item["wer"], *item["wer_95"])])
        for name, item in systems.items()
        if item["wer_95"] is not None
    ]
    charts = [rows("Side by side: delays", "ms", delays, series=PEER_DELAYS)] if delays else []
    if work:
        charts.append(rows("Side by side: work", "CPU seconds a second of audio", work))
    if errors:
        charts.append(rows("Side by side: word error rate", "%", errors))
    return charts


def _milliseconds(found: dict[str, Any], series: int) -> Dot:
    return Dot(1000 * found["p50"], 1000 * found["p50"], 1000 * found["p95"], series)


if __name__ == "__main__":
    sys.exit(main())
