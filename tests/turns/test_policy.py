"""How long a silence ends an utterance."""

import inspect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.protocol.config import MAX_ENDPOINT_DELAY_MS_DEFAULT
from oyez.turns.policy import BASE_SILENCE_MS, LEVEL_STEP, MIN_SILENCE_MS, EndpointPolicy

delays = st.integers(500, 3_000)
sensitivities = st.floats(-1.0, 1.0)
levels = st.integers(0, 3)


def silence_ms(sensitivity: float = 0.0, level: int = 0, delay_ms: int = 3_000) -> int:
    return EndpointPolicy.from_settings(
        max_endpoint_delay_ms=delay_ms, sensitivity=sensitivity, latency_level=level
    ).silence_ms


def test_nothing_adjusted_is_the_base() -> None:
    assert EndpointPolicy.from_settings().silence_ms == BASE_SILENCE_MS


def test_the_ceiling_is_that_of_the_protocol() -> None:
    parameters = inspect.signature(EndpointPolicy.from_settings).parameters
    assert parameters["max_endpoint_delay_ms"].default == MAX_ENDPOINT_DELAY_MS_DEFAULT == 2_000


@pytest.mark.parametrize(
    ("sensitivity", "expected"), [(-1.0, 2 * BASE_SILENCE_MS), (1.0, BASE_SILENCE_MS // 2)]
)
def test_sensitivity_doubles_or_halves_the_silence(sensitivity: float, expected: int) -> None:
    assert silence_ms(sensitivity) == expected


def test_each_level_asks_for_a_fifth_less() -> None:
    for level in range(4):
        assert silence_ms(level=level) == round(BASE_SILENCE_MS * LEVEL_STEP**level)


@settings(deadline=None)
@given(delay_ms=delays, sensitivity=sensitivities, more=sensitivities, level=levels, higher=levels)
def test_more_sensitivity_or_a_higher_level_never_waits_longer(
    delay_ms: int, sensitivity: float, more: float, level: int, higher: int
) -> None:
    sensitivity, more = sorted((sensitivity, more))
    level, higher = sorted((level, higher))
    silence = silence_ms(sensitivity, level, delay_ms)
    assert silence_ms(more, level, delay_ms) <= silence
    assert silence_ms(sensitivity, higher, delay_ms) <= silence


@settings(deadline=None)
@given(delay_ms=delays, longer_ms=delays, sensitivity=sensitivities, level=levels)
def test_a_higher_ceiling_never_waits_shorter(
    delay_ms: int, longer_ms: int, sensitivity: float, level: int
) -> None:
    delay_ms, longer_ms = sorted((delay_ms, longer_ms))
    assert silence_ms(sensitivity, level, delay_ms) <= silence_ms(sensitivity, level, longer_ms)


@settings(deadline=None)
@given(delay_ms=delays, sensitivity=sensitivities, level=levels)
def test_ceiling_and_floor_are_kept(delay_ms: int, sensitivity: float, level: int) -> None:
    assert MIN_SILENCE_MS <= silence_ms(sensitivity, level, delay_ms) <= delay_ms


def test_both_bounds_are_reached() -> None:
    assert silence_ms(-1.0, 0, delay_ms=500) == 500
    assert silence_ms(1.0, 3) == MIN_SILENCE_MS
