"""How far apart a stream's commit readings are."""

from oyez.session.rules import Rules


class Pace:
    """The distance from one commit reading to the next.

    It depends on the audio alone while the machine keeps up. Where answers come late, because it is
    slow or hears too many streams, the next reading waits the longer: all streams then make words
    final later, and none falls behind. Times are in milliseconds.

    Args:
        rules: The numbers.
        interval_ms: Least distance, as the engine declares it.
        max_window_ms: Longest segment at a commit reading.
    """

    def __init__(self, rules: Rules, *, interval_ms: int, max_window_ms: int) -> None:
        self._rules = rules
        self._interval_ms = interval_ms
        self._max_window_ms = max_window_ms
        self._rest_ms = 0

    def waited(self, duration_ms: int) -> None:
        """Take how long the latest commit reading was waited for."""
        is_late = duration_ms > self._rules.late_ms
        self._rest_ms = round(duration_ms * self._rules.late_factor) if is_late else 0

    def step_ms(self, length_ms: int) -> int:
        """Return the audio to the next commit reading in a segment of a length.

        Lateness stretches it only so far that the segment can be read whole.
        """
        late_ms = min(
            self._rest_ms,
            self._rules.longest_commit_ms,
            self._max_window_ms - length_ms,
        )
        return max(self._prompt_step_ms(length_ms), late_ms)

    def is_last_chance(self, length_ms: int) -> bool:
        """Whether a segment of a length would be too long at its next commit reading."""
        return length_ms + self._prompt_step_ms(length_ms) > self._max_window_ms

    def _prompt_step_ms(self, length_ms: int) -> int:
        rules = self._rules
        part = min(rules.commit_part, self._interval_ms / rules.commit_even_ms)
        return max(self._interval_ms, round(length_ms * part))
