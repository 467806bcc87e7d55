"""Confidence, quiet speech, readings of long recordings, and what they cost."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from bench.quiet import QUIET
from bench.silence import level_db

from oyez.bench.audio import Sound
from oyez.bench.corpus import Clip
from oyez.bench.cost import Cost
from oyez.bench.offline import Offline
from oyez.bench.reliability import auc, bins, calibration_error, judged
from oyez.bench.serving import Usage
from oyez.bench.streaming import Word, words_of
from oyez.client.events import Token
from oyez.engines.registry import load_recognizer


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


def test_speech_is_brought_to_a_level_whatever_its_pauses() -> None:
    time_s = np.arange(16_000) / 16_000
    tone = (0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
    sound = Sound(np.concatenate([np.zeros(32_000, np.float32), tone]), 16_000)

    quiet = QUIET.apply(sound)

    loud = Sound(quiet.samples[-12_000:], 16_000)
    assert level_db(loud) == pytest.approx(-56.0, abs=0.5)
    assert not quiet.samples[:16_000].any()


def test_what_has_no_speech_keeps_its_level() -> None:
    sound = Sound(np.zeros(16_000, np.float32), 16_000)

    assert QUIET.apply(sound) is sound


def test_work_is_told_for_each_second_of_audio() -> None:
    looks = [Usage(0.0, 1.0, 100.0), Usage(9.0, 3.0, 140.0)]

    with Cost(lambda: looks.pop(0)) as cost:
        cost.audio_s = 10.0

    assert cost.report() == {
        "server_cpu_per_audio_s": 0.2,
        "server_rss_mb_p50": 120.0,
        "server_rss_mb_max": 140.0,
    }


def test_nothing_is_told_of_a_server_that_cannot_be_seen() -> None:
    with Cost.of(None) as cost:
        cost.audio_s = 10.0

    assert cost.report() == {}


@pytest.mark.parametrize(("seconds", "read_s"), [(60.0, 3.0), (4.0, 4.0)])
def test_a_long_clip_is_read_by_the_segments_of_its_reference(
    tmp_path: Path, seconds: float, read_s: float
) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(round(16_000 * seconds), np.float32), 16_000)
    (tmp_path / "x.segments.json").write_text(
        '[{"start": 0.5, "end": 1.5, "text": "a"}, {"start": 2.0, "end": 4.0, "text": "b"}]'
    )
    recognizer = load_recognizer("scripted")
    offline = Offline(recognizer)

    offline.read_clip(Clip("x", "long", tmp_path / "x.wav", seconds, "a b"))

    assert offline.longest_s < 60.0
    assert offline.audio_s == pytest.approx(read_s)
    recognizer.close()
