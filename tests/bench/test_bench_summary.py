"""The figures of runs in one list, and systems side by side."""

from typing import Any

import pytest
from rich.console import Console

from oyez.bench.endpoints import wilson
from oyez.bench.summary import METRICS, Figure, System, as_dict, systems_of
from oyez.cli.scores import notes, tables

ABOUT = {
    "server": "own process, started by the benchmark",
    "model": "tiny",
    "size": "quick",
    "speech": "mine",
    "machine": "m",
    "load at start": "0.1",
    "date": "d",
}
OVERALL = {
    "clips": 9,
    "words": 90,
    "streamed_wer": 5.0,
    "streamed_95": [4.0, 6.0],
    "streamed_plain_wer": 7.0,
    "offline_wer": 4.5,
    "offline_plain_wer": 6.5,
    "once_wer": 5.5,
    "difference": 0.5,
    "difference_95": [-0.5, 1.5],
}
DELAY = {"count": 4, "p50": 0.2, "p50_95": [0.1, 0.3], "p90": 0.4, "p95": 0.5, "worst": 0.5}
LATENCY = {
    "seconds": dict.fromkeys(
        ("first partial", "word shown", "word final", "TTFS", "finalize", "endpoint"), DELAY
    ),
    "upwr": 0.25,
    "words": 70,
    "server_cpu_per_audio_s": 0.12,
    "server_rss_mb_max": 200.0,
    "problems": ["a: no words"],
}
ENDPOINTS = {
    "best_within_ms": {"300": None, "600": "level 3"},
    "points": {"level 3": {"pauses": 20, "false_ends": 1}},
}
SESSIONS = {"continuous": {"sessions": 8}, "40 % speech": {"sessions": 20}, "budget_s": 1.0}
PARTS: dict[str, Any] = {
    "wer": {"overall": OVERALL},
    "latency": LATENCY,
    "endpoints": ENDPOINTS,
    "sessions": SESSIONS,
}
PEERS = {
    "clips": 9,
    "systems": {
        "oyez tiny": {"seconds": {"asked": DELAY}, "wer": 4.0, "wer_95": [1.0, 6.0]},
        "whisper": {
            "seconds": {"asked": DELAY, "first words": DELAY},
            "wer": 4.0,
            "wer_95": [1.0, 6.0],
            "cpu_per_audio_s": 1.5,
            "rss_mb": 900.0,
        },
        "absent": {"seconds": {}, "wer": None, "wer_95": None},
    },
}


def result(parts: dict[str, Any], **about: str) -> dict[str, Any]:
    return {"about": {**ABOUT, **about}, "parts": parts, "failures": {}}


def printed(systems: list[System], width: int) -> str:
    console = Console(width=width, highlight=False, no_color=True)
    with console.capture() as capture:
        for table in tables(systems, width=width):
            console.print(table)
    return capture.get()


def test_every_metric_is_found_with_its_spread() -> None:
    (system,) = systems_of(result(PARTS))

    assert system.name == "tiny"
    assert set(system.figures) == {metric.key for metric in METRICS} - {"cut_off_300"}
    assert system.unmet == ["cut_off_300"]
    assert system.figures["wer_streamed"] == Figure(5.0, 4.0, 6.0, count=90)
    assert system.figures["finalize"] == Figure(200.0, 100.0, 300.0, 500.0, 4)
    assert system.figures["cut_off_600"] == Figure(5.0, *wilson(1, 20), count=20)
    assert system.figures["sessions_40"] == Figure(20)


def test_few_clips_have_no_interval() -> None:
    (system,) = systems_of(result({"wer": {"overall": {**OVERALL, "clips": 2}}}))

    assert system.figures["wer_streamed"] == Figure(5.0, count=90)


def test_models_of_one_run_are_systems_of_their_own() -> None:
    parts = {"wer a": PARTS["wer"], "wer b": PARTS["wer"], "latency b": LATENCY}

    one, other = systems_of(result(parts, model="a, b"))

    assert (one.name, other.name) == ("a", "b")
    assert "finalize" in other.figures
    assert "finalize" not in one.figures


def test_peers_stand_beside_ours() -> None:
    found = result({"wer": PARTS["wer"], "peers": PEERS})
    (ours, peer) = systems_of(found, prefix="before: ")

    assert (ours.name, peer.name) == ("before: tiny", "before: whisper")
    assert peer.figures["wer_streamed"] == Figure(4.0, 1.0, 6.0)
    assert peer.figures["ttfs"].p95 == 500.0
    assert peer.figures["first_partial"].value == 200.0
    assert peer.figures["cpu_per_audio_s"] == Figure(1.5)
    assert peer.figures["rss_mb"] == Figure(900.0)


def test_a_server_of_somebody_else_is_named_by_its_host() -> None:
    found = result({"wer": PARTS["wer"]}, server="wss://stt.example/x", model="stt-rt-v5")
    (system,) = systems_of(found)

    assert system.name == "stt-rt-v5 at stt.example"
    assert system.is_remote
    assert any("somebody else's" in note for note in notes(found, [system], {}))


def test_the_numbers_say_what_they_mean() -> None:
    found = as_dict(systems_of(result(PARTS)))

    assert found["systems"]["tiny"]["finalize"] == {
        "value": 200.0,
        "low": 100.0,
        "high": 300.0,
        "p95": 500.0,
        "count": 4,
    }
    assert set(found["metrics"]) == {metric.key for metric in METRICS}
    assert found["metrics"]["finalize"]["unit"] == "ms"


@pytest.mark.parametrize("width", [80, 160])
def test_one_system_is_shown_with_spread_and_meaning(width: int) -> None:
    text = printed(systems_of(result(PARTS)), width)

    assert "[4.00, 6.00]" in text
    assert "90 words" in text
    assert "none so fast" in text
    for metric in METRICS:
        assert metric.title.strip() in text
        assert metric.meaning.split()[-1] in text


def test_systems_are_shown_side_by_side() -> None:
    systems = systems_of(result({**PARTS, "peers": PEERS}))
    text = printed([*systems, *systems, *systems], 120)

    assert text.count("Side by side") == 2
    assert "200 / 500" in text
    assert "whisper" in text
    assert "none so fast" in text


def test_what_was_measured_with_other_speech_is_told() -> None:
    found, other = result(PARTS, speech="mine"), result(PARTS, speech="theirs")

    assert any("other speech (theirs)" in note for note in notes(found, [], {"before": other}))
    assert not any("other speech" in note for note in notes(found, [], {"before": found}))


def test_notes_say_what_to_think_of_the_figures() -> None:
    found = result({**PARTS, "latency": {**LATENCY, "problems": [f"p{n}" for n in range(7)]}})
    said = list(notes(found, systems_of(found), {}))

    assert any("sign of life" in note for note in said)
    assert "Problem in latency: p0" in said
    assert "Problems in latency: 2 more." in said
    broken = result({"wer": {"problems": {"a": "lost"}}})
    assert "Problem in wer: a: lost" in list(notes(broken, [], {}))
