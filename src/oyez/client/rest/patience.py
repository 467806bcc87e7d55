"""Whether a call that failed is made again, and when."""

import random
import time
from collections.abc import Callable
from typing import Any, Final

from oyez.client.rest.calls import Call
from oyez.errors import OyezRealtimeError, OyezRequestError, OyezServerError

FIRST_PAUSE_SEC: Final = 0.25
"""Doubled after every failure; half of each pause is drawn by lot, so that clients which failed
together do not come back together."""
_REFUSED_FOR_NOW: Final = 429
_PASSING_FAULTS: Final = frozenset({408, 500, 502, 503, 504})
"""Statuses after which the same may succeed; not for calls that could then take effect twice."""


class Patience:
    """One call's attempts. They all end within `timeout_sec`, pauses included.

    Args:
        call: What is tried.
        timeout_sec: From now on.
        max_retries: Attempts after the first.
        clock: Seconds, for tests.
        draw: A number from 0 to 1, for tests.
    """

    def __init__(
        self,
        call: Call[Any],
        timeout_sec: float,
        max_retries: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._call = call
        self._clock = clock
        self._draw = draw
        self._deadline = clock() + timeout_sec
        self._retries_left = max_retries
        self._pause_sec = FIRST_PAUSE_SEC

    @property
    def left_sec(self) -> float:
        """Time that is left, never below 0."""
        return max(0.0, self._deadline - self._clock())

    def check(self) -> None:
        """Raise `TimeoutError` when the time is over."""
        if not self.left_sec:
            raise TimeoutError

    def pause_after(self, error: OyezRealtimeError) -> float | None:
        """Return the seconds to wait before the next attempt, or None when there is to be none."""
        if not self._retries_left or not self._may_repeat_after(error):
            return None
        pause_sec = self._pause_sec * (1 + self._draw()) / 2
        if isinstance(error, OyezServerError) and error.retry_after_sec is not None:
            pause_sec = max(pause_sec, error.retry_after_sec)
        if pause_sec >= self.left_sec:
            return None
        self._retries_left -= 1
        self._pause_sec *= 2
        return pause_sec

    def _may_repeat_after(self, error: OyezRealtimeError) -> bool:
        if isinstance(error, OyezRequestError):
            return error.is_retryable and (self._call.is_repeatable or not error.was_sent)
        if not isinstance(error, OyezServerError):
            return False
        if error.error_code == _REFUSED_FOR_NOW:  # nothing was done; without a time, ask people
            return error.retry_after_sec is not None
        return self._call.is_repeatable and error.error_code in _PASSING_FAULTS
