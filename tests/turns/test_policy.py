"""How long a silence ends an utterance."""

import inspect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.protocol.config import MAX_ENDPOINT_DELAY_MS_DEFAULT
from oyez.turns.judge import DONE, GOES_ON, UNKNOWN
from oyez.turns.policy import (
    BASE_SILENCE_MS,
    DONE_PART,
    GOES_ON_PART,
    LEVEL_STEP,
    MIN_SILENCE_MS,
    SPEAKER_PARTS,
    USUAL_PAUSE_MS,
    EndpointPolicy,
)

delays = st.integers(500, 3_000)
sensitivities = st.floats(-1.0, 1.0)
levels = st.integers(0, 3)
donenesses = st.floats(GOES_ON, DONE)
pauses = st.lists(st.integers(200, 1_500), max_size=12)


def policy(sensitivity: float = 0.0, level: int = 0, delay_ms: int = 3_000) -> EndpointPolicy:
    return EndpointPolicy.from_settings(
        max_endpoint_delay_ms=delay_ms, sensitivity=sensitivity, latency_level=level
    )


def test_nothing_adjusted_and_nothing_known_is_the_base() -> None:
    assert EndpointPolicy.from_settings().silence_ms() == BASE_SILENCE_MS


def test_the_ceiling_is_that_of_the_protocol() -> None:
    parameters = inspect.signature(EndpointPolicy.from_settings).parameters
    assert parameters["max_endpoint_delay_ms"].default == MAX_ENDPOINT_DELAY_MS_DEFAULT == 2_000


@pytest.mark.parametrize(
    ("sensitivity", "expected"), [(-1.0, 2 * BASE_SILENCE_MS), (1.0, BASE_SILENCE_MS // 2)]
)
def test_sensitivity_doubles_or_halves_the_silence(sensitivity: float, expected: int) -> None:
    assert policy(sensitivity).silence_ms() == expected


def test_each_level_asks_for_a_fifth_less() -> None:
    for level in range(4):
        assert policy(level=level).silence_ms() == round(BASE_SILENCE_MS * LEVEL_STEP**level)


def test_unfinished_sentences_wait_longer_and_finished_ones_shorter() -> None:
    assert policy().silence_ms(GOES_ON) == round(BASE_SILENCE_MS * GOES_ON_PART)
    assert policy().silence_ms(DONE) == round(BASE_SILENCE_MS * DONE_PART)
    assert policy().silence_ms(UNKNOWN) == BASE_SILENCE_MS


def test_a_speaker_of_long_pauses_is_waited_for_longer() -> None:
    hasty, slow = [250] * 8, [1_200] * 8
    silences = [policy().silence_ms(pauses_ms=heard) for heard in (hasty, [], slow)]
    assert silences == sorted(set(silences))
    assert policy().silence_ms(pauses_ms=[USUAL_PAUSE_MS] * 3) == BASE_SILENCE_MS


def test_one_long_pause_does_not_change_much_and_old_ones_are_forgotten() -> None:
    assert policy().silence_ms(pauses_ms=[1_500]) < 1.25 * BASE_SILENCE_MS
    assert policy().silence_ms(pauses_ms=[1_500, *[300] * 8]) == policy().silence_ms(
        pauses_ms=[300] * 8
    )


@settings(deadline=None)
@given(
    delay_ms=delays,
    sensitivity=sensitivities,
    more=sensitivities,
    level=levels,
    higher=levels,
    doneness=donenesses,
    heard=pauses,
)
def test_more_sensitivity_or_a_higher_level_never_waits_longer(  # the settings
    delay_ms: int,
    sensitivity: float,
    more: float,
    level: int,
    higher: int,
    doneness: float,
    heard: list[int],
) -> None:
    sensitivity, more = sorted((sensitivity, more))
    level, higher = sorted((level, higher))
    silence = policy(sensitivity, level, delay_ms).silence_ms(doneness, heard)
    assert policy(more, level, delay_ms).silence_ms(doneness, heard) <= silence
    assert policy(sensitivity, higher, delay_ms).silence_ms(doneness, heard) <= silence


@settings(deadline=None)
@given(delay_ms=delays, longer_ms=delays, sensitivity=sensitivities, doneness=donenesses)
def test_a_higher_ceiling_never_waits_shorter(
    delay_ms: int, longer_ms: int, sensitivity: float, doneness: float
) -> None:
    delay_ms, longer_ms = sorted((delay_ms, longer_ms))
    shorter = policy(sensitivity, delay_ms=delay_ms).silence_ms(doneness)
    assert shorter <= policy(sensitivity, delay_ms=longer_ms).silence_ms(doneness)


@settings(deadline=None)
@given(doneness=donenesses, more=donenesses, sensitivity=sensitivities, heard=pauses)
def test_the_surer_it_is_that_the_speaker_is_done_the_shorter_the_silence(
    doneness: float, more: float, sensitivity: float, heard: list[int]
) -> None:
    doneness, more = sorted((doneness, more))
    silence = policy(sensitivity).silence_ms(doneness, heard)
    assert policy(sensitivity).silence_ms(more, heard) <= silence


@settings(deadline=None)
@given(
    delay_ms=delays,
    sensitivity=sensitivities,
    level=levels,
    doneness=st.floats(-1.0, 2.0),
    heard=pauses,
)
def test_ceiling_and_floor_are_kept_whatever_is_known(
    delay_ms: int, sensitivity: float, level: int, doneness: float, heard: list[int]
) -> None:
    rule = policy(sensitivity, level, delay_ms)
    silence = rule.silence_ms(doneness, heard)
    assert MIN_SILENCE_MS <= rule.shortest_ms <= silence <= delay_ms


def test_both_bounds_are_reached() -> None:
    assert policy(-1.0, 0, delay_ms=500).silence_ms() == 500
    assert policy(1.0, 3).silence_ms() == MIN_SILENCE_MS
    shortest = policy().silence_ms(DONE, [200] * 8)
    assert shortest == policy().shortest_ms == round(BASE_SILENCE_MS * DONE_PART * SPEAKER_PARTS[0])
