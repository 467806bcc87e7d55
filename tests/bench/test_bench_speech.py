"""Confidence, quiet speech, and readings of long recordings."""

import numpy as np
import pytest
from bench.audio import Sound
from bench.quiet import scaled
from bench.reliability import auc, bins, calibration_error, judged
from bench.streaming import Word, words_of

from oyez.client.events import Token


def word(text: str, confidence: float | None) -> Word:
    return Word(text, 0.0, 0.1, confidence)


def test_a_words_confidence_is_the_mean_of_its_tokens() -> None:
    tokens = [
        Token(text="He", confidence=0.8, is_final=True),
        Token(text="llo", confidence=0.6, is_final=True),
        Token(text=" you", is_final=True),
    ]

    first, second = words_of(tokens)

    assert first.confidence == pytest.approx(0.7)
    assert second.confidence is None


def test_words_are_right_where_the_reference_has_them() -> None:
    confidence, is_right = judged([("One two, three", [word("One", 0.9), word("too", 0.4)])])

    assert confidence.tolist() == [0.9, 0.4]
    assert is_right.tolist() == [True, False]


def test_words_without_confidence_are_not_judged() -> None:
    confidence, _ = judged([("One", [word("One", None)])])

    assert confidence.size == 0


def test_calibration_error_weighs_bins_by_words() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 1.0, 0.35])
    is_right = np.array([True, True, True, False, False])

    found = bins(confidence, is_right)

    assert [item["words"] for item in found] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 4]
    gap = abs(np.mean([0.95, 0.95, 0.95, 1.0]) - 0.75)
    assert calibration_error(found) == pytest.approx((4 * gap + 0.35) / 5, abs=1e-4)


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [([0.9, 0.8, 0.1], 1.0), ([0.5, 0.5, 0.5], 0.5), ([0.1, 0.2, 0.9], 0)],
)
def test_auc_is_how_often_right_words_are_surer(confidence: list[float], expected: float) -> None:
    assert auc(np.array(confidence), np.array([True, True, False])) == pytest.approx(expected)


def test_auc_needs_both_kinds_of_words() -> None:
    assert auc(np.array([0.5]), np.array([True])) is None


def test_thirty_decibels_down_is_a_thirtieth() -> None:
    quiet = scaled(Sound(np.array([0.5], np.float32), 16_000), -30.0)

    assert quiet.samples[0] == pytest.approx(0.5 / 31.6, rel=1e-3)
