"""Ends of turns, false ones among them, and what fits a latency budget."""

import pytest

from oyez.bench.audio import silence
from oyez.bench.endpoints import Outcome, Turn, best_within, fastest_within, judge, wilson
from oyez.bench.energy import Span
from oyez.bench.latency import Utterance

SPEECH = Utterance("x", silence(6.0), [Span(0.5, 1.0), Span(1.05, 2.0), Span(2.7, 4.0)])


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
    turn = judge("x", ends_s, SPEECH)

    assert (turn.pauses, turn.longer_pauses) == (1, 1)
    assert turn.false_ends == false_ends
    assert turn.delay_s == (None if delay_s is None else pytest.approx(delay_s))


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


def test_wilson_interval() -> None:
    low, high = wilson(10, 100)

    assert low == pytest.approx(5.52, abs=0.01)
    assert high == pytest.approx(17.44, abs=0.01)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == pytest.approx(100.0)
    assert wilson(0, 0) == (0.0, 100.0)
