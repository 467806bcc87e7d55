"""Units of a session's audio."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a session's audio is cut into samples and frames."""

    sample_rate_hz: int
    frame_samples: int

    def samples(self, duration_ms: int) -> int:
        """Return the samples in a time."""
        return duration_ms * self.sample_rate_hz // 1000

    def frames(self, duration_ms: int) -> int:
        """Return the whole frames in a time."""
        return self.samples(duration_ms) // self.frame_samples

    def ms(self, samples: int) -> int:
        """Return the time that samples take."""
        return samples * 1000 // self.sample_rate_hz
