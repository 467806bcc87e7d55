"""Speech probabilities to speech edges, with hysteresis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeechRule:
    """When frames count as speech.

    The thresholds are those that Silero recommends for its model: speech begins above `onset` and
    lasts while above `offset`, 0.15 lower.
    """

    onset: float = 0.5
    offset: float = 0.35
    onset_frames: int = 2
    """Consecutive frames above `onset` that begin speech; one alone is a click."""


class SpeechDetector:
    """Follows one stream of frames.

    Args:
        frame_samples: Samples in one frame.
        rule: Thresholds.
    """

    def __init__(self, *, frame_samples: int, rule: SpeechRule | None = None) -> None:
        self.frame_samples = frame_samples
        self._rule = rule or SpeechRule()
        self._run = 0
        self.position = 0
        """End of the last frame heard, in samples from the start of the stream."""
        self.is_speech = False
        """Whether speech has begun and not fallen below `offset`."""
        self.speech_start = 0
        """First sample of the newest speech."""
        self.speech_end = 0
        """Sample after the newest frame of speech."""

    @property
    def silence_samples(self) -> int:
        """Samples since speech was last heard."""
        return self.position - self.speech_end

    @property
    def is_rising(self) -> bool:
        """Whether the last frame could be the first of new speech."""
        return not self.is_speech and self._run > 0

    def hear(self, probability: float) -> None:
        """Take the speech probability of the next frame."""
        rule = self._rule
        start = self.position
        self.position += self.frame_samples
        self._run = self._run + 1 if probability > rule.onset else 0
        if self.is_speech:
            self.is_speech = probability > rule.offset
        elif self._run >= rule.onset_frames:
            self.is_speech = True
            self.speech_start = start - (rule.onset_frames - 1) * self.frame_samples
        if self.is_speech:
            self.speech_end = self.position
