"""How loud a voice is at the end of what it said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.turns.loudness import STRETCH_FRAMES, Loudness

USUAL_DB = -25.0
SECOND = 31
"""Frames in about a second."""


def heard(*levels_db: float) -> Loudness:
    loudness = Loudness()
    for level_db in levels_db:
        loudness.hear(level_db, is_voice=True)
    return loudness


def test_a_voice_that_stays_as_loud_does_not_fall() -> None:
    assert Loudness().fall_db == 0.0
    assert heard(*[USUAL_DB] * 2 * SECOND).fall_db == pytest.approx(0.0)


def test_a_single_word_tells_nothing_however_it_swells() -> None:
    word = [USUAL_DB - 20.0, USUAL_DB - 10.0, *[USUAL_DB] * 12, *[USUAL_DB - 10.0] * 12]
    for frames in range(1, len(word) + 1):
        assert heard(*word[:frames]).fall_db == 0.0


@pytest.mark.parametrize("by_db", [6.0, -6.0])
def test_the_last_half_second_tells_by_how_much_a_voice_falls(by_db: float) -> None:
    fallen = heard(*[USUAL_DB] * 6 * SECOND, *[USUAL_DB - by_db] * STRETCH_FRAMES)
    assert fallen.fall_db * by_db > 0
    assert 0.3 * abs(by_db) < abs(fallen.fall_db) <= abs(by_db)


def test_a_soft_syllable_after_a_stressed_one_is_no_fall() -> None:
    syllables = [USUAL_DB] * 6 + [USUAL_DB - 15.0] * 6
    assert heard(*syllables * 10).fall_db == pytest.approx(0.0)


def test_what_is_heard_in_a_pause_changes_nothing() -> None:
    loudness = heard(*[USUAL_DB] * 3 * SECOND, *[USUAL_DB - 4.0] * STRETCH_FRAMES)
    before = loudness.fall_db
    for level_db in (-70.0, -5.0) * SECOND:
        loudness.hear(level_db, is_voice=False)
    assert loudness.fall_db == before


def test_a_voice_that_comes_nearer_is_usual_after_seconds() -> None:
    loudness = heard(*[USUAL_DB - 20.0] * 3 * SECOND, *[USUAL_DB] * 6 * SECOND)
    assert abs(loudness.fall_db) < 1.0


@given(
    st.lists(st.floats(-120.0, 0.0), min_size=1, max_size=120),
    st.floats(-30.0, 30.0),
)
def test_the_distance_to_the_microphone_does_not_matter(levels: list[float], gain: float) -> None:
    near = heard(*(level_db + gain for level_db in levels))
    assert near.fall_db == pytest.approx(heard(*levels).fall_db, abs=1e-9)
