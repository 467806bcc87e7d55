"""How long a silence ends an utterance.

The rule here is a plain silence rule: a semantic end-of-turn model will shorten or lengthen the
silence it asks for, within the same ceiling.
"""

from dataclasses import dataclass
from typing import Final

BASE_SILENCE_MS: Final = 640
"""Silence that ends an utterance when nothing is adjusted: most pauses inside sentences are
shorter (false cut-offs of public end-of-turn benchmarks are stated at budgets of 300 and 600)."""
LEVEL_STEP: Final = 0.8
"""Each latency level shortens the silence to this part of the one before."""
MIN_SILENCE_MS: Final = 200


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """When an utterance ends."""

    silence_ms: int
    """Silence after speech that ends the utterance."""

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
        silence_ms = BASE_SILENCE_MS * 2.0**-sensitivity * LEVEL_STEP**latency_level
        return cls(round(min(max(silence_ms, MIN_SILENCE_MS), max_endpoint_delay_ms)))
