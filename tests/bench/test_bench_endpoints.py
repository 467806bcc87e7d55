"""Ends of turns, false ones among them, and what fits a latency budget."""

import pytest

from oyez.bench.audio import silence
from oyez.bench.cutoffs import Cut, End
from oyez.bench.endpoints import wilson
from oyez.bench.energy import Span
from oyez.bench.latency import Utterance
from oyez.bench.outcomes import (
    Outcome,
    Turn,
    best_within,
    curves,
    fastest_within,
    judge,
    share_at,
)
from oyez.bench.streaming import Word

SPANS = [Span(0.5, 1.0), Span(1.05, 2.0), Span(2.7, 4.0)]
SPEECH = Utterance("x", silence(6.0), SPANS)
WORDS = [
    Word("Come", 0.5, 1.0),
    Word("in.", 1.1, 2.0),
    Word("Sit", 2.7, 3.5),
    Word("down.", 3.5, 4),
]


@pytest.mark.parametrize(
    ("ends_s", "false_ends", "delay_s"),
    [
        ([4.6], 0, 0.6),
        ([2.5, 4.6], 1, 0.6),
        ([2.8, 4.6], 1, 0.6),
        ([2.5], 1, None),
        ([], 0, None),
        ([4.1, 4.6], 1, 0.6),
    ],
)
def test_ends_before_the_last_are_false(
    ends_s: list[float], false_ends: int, delay_s: float | None
) -> None:
    turn = judge("x", [End(at_s, at_s - 0.1, 0) for at_s in ends_s], SPEECH)

    assert (turn.pauses, turn.longer_pauses) == (1, 1)
    assert turn.false_ends == false_ends
    assert turn.delay_s == (None if delay_s is None else pytest.approx(delay_s))
    assert turn.audio_delay_s == (None if delay_s is None else pytest.approx(delay_s - 0.1))
    assert len(turn.cuts) == false_ends


@pytest.mark.parametrize(
    ("reference", "inside", "is_between"),
    [("Come in. Sit down.", 0, True), ("Come in, sit down.", 1, False), ("COME IN", None, None)],
)
def test_the_reference_tells_what_was_cut(
    reference: str, inside: int | None, is_between: bool | None
) -> None:
    utterance = Utterance("x", silence(6.0), SPANS, reference)
    turn = judge("x", [End(2.6, 2.5, 2), End(4.6, 4.5, 4)], utterance, WORDS)

    assert turn.inside == inside
    assert turn.cuts == (
        Cut(SPANS[2].start_s - SPANS[1].end_s, "Come in.", "Sit down.", is_between),
    )
    outcome = Outcome([turn, Turn("y", 5, 1, 0.4)])
    assert len(outcome.told) == (inside is not None)
    assert (outcome.inside, outcome.inside_cuts) == (inside or 0, int(is_between is False))


def test_the_best_point_within_a_budget_cuts_least() -> None:
    outcomes = {
        "hasty": Outcome([Turn("a", 2, 1, 0.25), Turn("b", 1, 1, 0.25)]),
        "fair": Outcome([Turn("a", 2, 1, 0.5), Turn("b", 1, 0, 0.5)]),
        "slow": Outcome([Turn("a", 2, 0, 0.9), Turn("b", 1, 0, None)]),
    }

    assert best_within(outcomes, 0.3) == "hasty"
    assert best_within(outcomes, 0.6) == "fair"
    assert best_within(outcomes, 2.0) == "slow"
    assert best_within(outcomes, 0.1) is None
    assert fastest_within(outcomes, 0.5) == "fair"
    assert fastest_within(outcomes, 0.1) == "slow"
    assert (outcomes["fair"].turns_cut, outcomes["fair"].pauses) == (1, 3)
    assert outcomes["fair"].cut_share == pytest.approx(1 / 3)
    assert outcomes["slow"].mean_delay_s == pytest.approx(0.9)
    assert outcomes["slow"].missed == 1


def test_the_curve_is_read_between_the_points() -> None:
    hasty = Outcome([Turn("a", 4, 2, 0.5, audio_delay_s=0.4, inside=2)])
    slow = Outcome([Turn("a", 4, 0, 0.9, audio_delay_s=0.8, inside=2)])
    missed = Outcome([Turn("a", 4, 0, None)])

    found = curves([slow, missed, hasty], (0.3, 0.5, 0.6))

    assert found["all, received"] == {"300": None, "500": 50.0, "600": 37.5}
    assert found["all, in audio"] == {"300": None, "500": 37.5, "600": 25.0}
    assert found["inside sentences, in audio"] == {"300": None, "500": 0.0, "600": 0.0}
    assert share_at([(0.5, 0.3), (0.5, 0.1)], 0.5) == pytest.approx(0.1)
    assert share_at([], 0.5) is None


def test_wilson_interval() -> None:
    low, high = wilson(10, 100)

    assert low == pytest.approx(5.52, abs=0.01)
    assert high == pytest.approx(17.44, abs=0.01)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == pytest.approx(100.0)
    assert wilson(0, 0) == (0.0, 100.0)
