"""The plot: every part that has one is drawn, and the drawing is well-formed."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from oyez.bench.plot import draw
from oyez.bench.svg import Dot, Line, Row, page, plane, rows, scale

SECONDS = {"p50": 0.2, "p95": 0.5}
ABOUT = {"date": "d", "machine": "m <1>", "load at start": "0", "model": "tiny"}
PARTS: dict[str, dict[str, Any]] = {
    "wer": {
        "groups": {"read": {"streamed_wer": 5.0, "streamed_95": [4.0, 6.0], "words": 90}},
        "long": {"read": {"streamed_wer": 7.0, "streamed_95": [4.0, 9.0], "words": 30}},
        "confidence": {"ece": 0.02, "bins": [{"words": 3, "confidence": 0.9, "right": 1.0}]},
    },
    "latency": {"seconds": {"finalize": SECONDS, "first partial": SECONDS}},
    "endpoints": {
        "points": {
            "level 0": {"mean_delay_s": 0.6, "false_ends": 1, "pauses": 20},
            "level 3": {"mean_delay_s": 0.3, "false_ends": 4, "pauses": 20},
            "never": {"mean_delay_s": None, "false_ends": 0, "pauses": 20},
        }
    },
    "sessions": {"continuous": {"loads": [{"streams": 4, "lag_s": SECONDS}]}, "budget_s": 1.0},
    "peers": {
        "systems": {
            "oyez": {
                "seconds": {"asked": SECONDS},
                "cpu_per_audio_s": 0.1,
                "wer": 4.0,
                "wer_95": [1.0, 6.0],
            },
            "absent": {"seconds": {}, "cpu_per_audio_s": None, "wer": None, "wer_95": None},
        }
    },
}


def texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)
    return [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_part_is_drawn() -> None:
    found = texts(draw([{"about": ABOUT, "parts": PARTS}]))

    for title in (
        "Word error rate, streamed, %",
        "Latency: median, and to the 95th percentile, ms",
        "Ends of turns",
        "Sessions",
        "Confidence",
        "Side by side: delays, ms",
        "Side by side: work, CPU seconds a second of audio",
        "Side by side: word error rate, %",
    ):
        assert title in found
    assert "read, long clips, 30 words" in found
    assert "absent" not in found


def test_ends_of_turns_show_false_cut_offs_over_the_mean_delay() -> None:
    svg = draw([{"about": ABOUT, "parts": {"endpoints": PARTS["endpoints"]}}])

    marks = {
        node.text: (float(node.get("x", "nan")), float(node.get("y", "nan")))
        for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    }
    points = [
        (float(node.get("cx", "nan")), float(node.get("cy", "nan")))
        for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}circle")
    ]
    _, fast, slow = points  # the first is the legend's
    assert fast[0] == pytest.approx(marks["300"][0], abs=0.1)
    assert slow[0] == pytest.approx(marks["600"][0], abs=0.1)
    assert fast[1] == pytest.approx(marks["20"][1] - 4.0, abs=0.1)
    assert slow[1] == pytest.approx(marks["5"][1] - 4.0, abs=0.1)
    assert {
        "mean delay from the end of the turn to <end>, ms",
        "pauses inside turns cut off, %",
    } <= marks.keys()


def test_cut_offs_inside_sentences_are_a_line_where_sentences_are_known() -> None:
    point = {
        "mean_delay_s": 0.6,
        "false_ends": 3,
        "pauses": 20,
        "false_ends_inside_sentences": 1,
        "pauses_inside_sentences": 12,
    }

    def names(**more: int) -> list[str]:
        figures = {"points": {"level 0": {**point, **more}}}
        return texts(draw([{"about": ABOUT, "parts": {"endpoints": figures}}]))

    assert {"tiny", "tiny, inside sentences"} <= set(names())
    assert "tiny, inside sentences" not in names(pauses_inside_sentences=0)


def test_parts_that_were_not_run_are_left_out() -> None:
    assert texts(draw([{"about": ABOUT, "parts": {"wer": {}}}])) == ["d, m <1>, load at start 0"]


def test_models_of_one_run_and_of_several_files_are_named() -> None:
    one = {"about": ABOUT, "parts": {"latency": PARTS["latency"]}}
    two = {"about": ABOUT, "parts": {"latency base": PARTS["latency"]}}

    found = texts(draw([one, two]))

    assert "tiny" in found
    assert "base" in found


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0.0, 6.0), (0.0, 6.0, 1.0)),
        ((0.0, 870.0), (0.0, 1000.0, 200.0)),
        ((-0.3, 0.4), (-0.4, 0.4, 0.2)),
    ],
)
def test_axes_have_round_ends(
    ends: tuple[float, float], expected: tuple[float, float, float]
) -> None:
    assert scale(*ends) == pytest.approx(expected)


def test_an_axis_without_a_length_gets_one() -> None:
    low, high, step = scale(0.0, 0.0)

    assert low == 0.0
    assert high >= step > 0.0


def test_values_lie_where_the_axis_says() -> None:
    chart = rows("t", "ms", [Row("a", [Dot(50.0, 0.0, 100.0)])])
    root = ET.fromstring(page("h", [chart]))
    (circle,) = root.iter("{http://www.w3.org/2000/svg}circle")
    marks = {
        node.text: float(node.get("x", "nan"))
        for node in root.iter("{http://www.w3.org/2000/svg}text")
        if node.get("text-anchor") == "middle"
    }

    middle = (marks["0"] + marks["100"]) / 2
    assert float(circle.get("cx", "nan")) == pytest.approx(middle, abs=0.1)


def test_an_empty_plane_is_drawn() -> None:
    assert "<svg" in page("h", [plane("t", ("x", "y"), [Line("l", [])])])


def test_results_side_by_side_are_named() -> None:
    results = [{"about": ABOUT, "parts": PARTS}, {"about": ABOUT, "parts": PARTS}]

    found = texts(draw(results, names=["", "before"]))

    assert {"tiny", "before: tiny"} <= set(found)
