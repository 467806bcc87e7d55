"""How long a silence ends an utterance.

The silence is `BASE_SILENCE_MS`, scaled by what the client asked for, by how likely the speaker is
done with what was said, and by how long this speaker's pauses are. It is never longer than the
client's ceiling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oyez.turns.judge import DONE, GOES_ON, UNKNOWN

BASE_SILENCE_MS: Final = 600
"""Silence that ends an utterance when nothing speaks for shorter or longer."""
LEVEL_STEP: Final = 0.8
"""Each latency level shortens the silence to this part of the one before."""
MIN_SILENCE_MS: Final = 200
GOES_ON_PART: Final = 1.5
"""The silence is multiplied by this when the speaker is in the middle of something. It is for
people who look for words: with read speech, which pauses between phrases and is read with a full
stop before most pauses, it buys nothing that a longer silence for all would not."""
DONE_PART: Final = 0.8
"""The same when the speaker is surely done."""

USUAL_PAUSE_MS: Final = 500
"""A speaker with such pauses inside utterances is waited for as long as one who is unknown."""
USUAL_WEIGHT: Final = 4
"""Pauses that have to be heard to count as much as what is usual."""
PAUSES_REMEMBERED: Final = 8
PAUSE_INFLUENCE: Final = 0.5
SPEAKER_PARTS: Final = (0.9, 1.5)


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """When an utterance ends."""

    neutral_ms: float
    """Silence asked for when nothing but the client's wishes is known."""
    ceiling_ms: int
    """Longest time from the end of speech to the endpoint."""

    @classmethod
    def from_settings(
        cls,
        *,
        max_endpoint_delay_ms: int = 2000,
        sensitivity: float = 0.0,
        latency_level: int = 0,
    ) -> "EndpointPolicy":
        """Return the policy for a session's settings.

        Args:
            max_endpoint_delay_ms: Ceiling from the end of speech to the endpoint.
            sensitivity: -1 doubles the silence asked for, +1 halves it.
            latency_level: 0 to 3; each step asks for a fifth less.
        """
        neutral_ms = BASE_SILENCE_MS * 2.0**-sensitivity * LEVEL_STEP**latency_level
        return cls(neutral_ms, max_endpoint_delay_ms)

    def silence_ms(self, doneness: float = UNKNOWN, pauses_ms: Sequence[int] = ()) -> int:
        """Return the silence that ends an utterance.

        Args:
            doneness: How likely the speaker is done, from 0 to 1: see `oyez.turns.judge`.
            pauses_ms: Of this speaker, inside utterances.
        """
        return self._bounded(self.neutral_ms * _text_part(doneness) * _speaker_part(pauses_ms))

    @property
    def shortest_ms(self) -> int:
        """The shortest silence that can end an utterance."""
        return self._bounded(self.neutral_ms * _text_part(DONE) * SPEAKER_PARTS[0])

    def _bounded(self, silence_ms: float) -> int:
        return round(min(max(silence_ms, MIN_SILENCE_MS), self.ceiling_ms))


def _text_part(doneness: float) -> float:
    """Return 1 for what is unknown, and what lies between on straight lines."""
    bounded = min(max(doneness, GOES_ON), DONE)
    if bounded <= UNKNOWN:
        return GOES_ON_PART + (1.0 - GOES_ON_PART) * (bounded - GOES_ON) / (UNKNOWN - GOES_ON)
    return 1.0 + (DONE_PART - 1.0) * (bounded - UNKNOWN) / (DONE - UNKNOWN)


def _speaker_part(pauses_ms: Sequence[int]) -> float:
    recent = pauses_ms[-PAUSES_REMEMBERED:]
    mean_ms = (sum(recent) + USUAL_WEIGHT * USUAL_PAUSE_MS) / (len(recent) + USUAL_WEIGHT)
    part = 1.0 + PAUSE_INFLUENCE * (mean_ms / USUAL_PAUSE_MS - 1.0)
    shortest, longest = SPEAKER_PARTS
    return min(max(part, shortest), longest)
