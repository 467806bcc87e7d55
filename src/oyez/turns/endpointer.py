"""Where the utterances of one stream end. Pure: it is told of every frame and reads no clock.

Its answers depend on the frames and on the words of fixed stretches of audio, so the same stream
has the same endpoints.
"""

from collections import deque
from typing import Final

from oyez.turns.judge import UNKNOWN, Pause, TurnJudge, judge_pause
from oyez.turns.loudness import Loudness
from oyez.turns.policy import PAUSES_REMEMBERED, EndpointPolicy
from oyez.turns.speech import SpeechDetector

VOICE_PROBABILITY: Final = 0.7
VOICE_RANGE_DB: Final = 28.0
"""A frame further below the loudest speech is no voice, whatever the detector makes of it."""
LOUDEST_FALLS_DB: Final = 0.15
"""By this, each frame, is the loudest speech forgotten: 5 dB a second."""
MOST_HANGOVER_MS: Final = 200
"""The voice is never taken to have ended longer than this before the detector's speech did."""
FEWEST_QUIET_MS: Final = 96
"""Silence by the detector itself without which no utterance ends."""
STIR_PROBABILITY: Final = 0.05
"""A frame above it may be the first of new speech, which the detector notices 70 ms late at the
median."""
STIR_FRAMES: Final = 3
"""Such frames in a row that are waited for; more of them are noise."""
SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 200, 1_500
"""Shorter gaps belong to words, longer ones to turns."""


class Endpointer:
    """Follows one stream.

    The detector holds on to speech while it fades: with recordings whose last sound is known, it
    says that speech ended 100 ms late at the median, and up to 300 ms. So silence is counted from
    the last frame in which a voice was heard that is not far below the loudest.

    Args:
        policy: How long to wait; None ends nothing.
        detector: Of the stream. It hears each frame first.
        sample_rate_hz: Of the detector's positions.
        context_silence_ms: Silence by the detector after which the words before it are read with
            more care; they are asked for then if that is soon enough.
        judge: Asked how likely the speaker is done.
    """

    def __init__(
        self,
        policy: EndpointPolicy | None,
        detector: SpeechDetector,
        *,
        sample_rate_hz: int,
        context_silence_ms: int = 0,
        judge: TurnJudge = judge_pause,
    ) -> None:
        self._policy = policy
        self._detector = detector
        self._samples_per_ms = sample_rate_hz / 1000
        self._frame_ms = detector.frame_samples / self._samples_per_ms
        self._context_silence_ms = context_silence_ms
        self._judge = judge
        self._pauses_ms: deque[int] = deque(maxlen=PAUSES_REMEMBERED)
        self._was_speech = False
        self._loudest_db = float("-inf")
        self._voice_end = 0
        self._loud_end = 0
        self._loudness = Loudness()
        self._stirring = 0
        self._doneness = UNKNOWN
        self._is_judged = False
        self.is_open = False
        """Whether words were said since the last endpoint; kept by its owner."""

    def hear(self, probability: float, level_db: float) -> None:
        """Take what was heard in the next frame.

        Args:
            probability: Of speech.
            level_db: Root mean square, in dB below full scale.
        """
        detector = self._detector
        is_voice = False
        if detector.is_speech:
            if not self._was_speech:
                self._speech_begins()
            self._loudest_db = max(self._loudest_db - LOUDEST_FALLS_DB, level_db)
            is_loud = level_db > self._loudest_db - VOICE_RANGE_DB
            if is_loud:
                self._loud_end = detector.position
            is_voice = is_loud and probability > VOICE_PROBABILITY
        if is_voice:
            self._voice_end = detector.position
        self._loudness.hear(level_db, is_voice=is_voice)
        self._stirring = self._stirring + 1 if probability > STIR_PROBABILITY else 0
        self._was_speech = detector.is_speech

    @property
    def sound_end(self) -> int:
        """Sample after the last frame of speech that is not far below the loudest, voice or not."""
        return max(self._loud_end, self._held_since)

    @property
    def fall_db(self) -> float:
        """By how much the voice was softer than usual when it was heard last."""
        return self._loudness.fall_db

    @property
    def wants_words(self) -> bool:
        """Whether the pause may soon be the end, and nobody has been asked about it yet."""
        if self._policy is None or self._is_judged or not self._is_quiet:
            return False
        if self._silence_ms >= self._needed_ms(self._policy):
            return True
        is_read_with_care = self._quiet_ms >= self._context_silence_ms
        return self._silence_ms >= self._policy.shortest_ms and is_read_with_care

    def judge(self, pause: Pause) -> None:
        """Take the words before this pause; in speech there is nothing to judge."""
        if self._detector.is_speech:
            return
        self._is_judged = True
        self._doneness = self._judge(pause)

    @property
    def is_due(self) -> bool:
        """Whether the silence is long enough to end the utterance."""
        if self._policy is None or not self._is_quiet:
            return False
        if self._silence_ms + self._frame_ms > self._policy.ceiling_ms:
            return True
        is_long = self._silence_ms >= self._needed_ms(self._policy)
        return is_long and not self._is_stirring

    @property
    def _is_quiet(self) -> bool:
        return not self._detector.is_speech and self._quiet_ms >= FEWEST_QUIET_MS

    @property
    def _is_stirring(self) -> bool:
        """Whether somebody may be about to speak."""
        return self._detector.is_rising or 0 < self._stirring <= STIR_FRAMES

    def _needed_ms(self, policy: EndpointPolicy) -> int:
        return policy.silence_ms(self._doneness, tuple(self._pauses_ms))

    @property
    def _quiet_ms(self) -> float:
        return self._detector.silence_samples / self._samples_per_ms

    @property
    def _silence_ms(self) -> float:
        """Since the voice ended."""
        voice_end = max(self._voice_end, self._held_since)
        return (self._detector.position - voice_end) / self._samples_per_ms

    @property
    def _held_since(self) -> int:
        """Earliest sample that the detector may hold on to speech from."""
        return self._detector.speech_end - round(MOST_HANGOVER_MS * self._samples_per_ms)

    def _speech_begins(self) -> None:
        pause_ms = (self._detector.speech_start - self._voice_end) / self._samples_per_ms
        if SHORTEST_PAUSE_MS <= pause_ms <= LONGEST_PAUSE_MS:
            self._pauses_ms.append(round(pause_ms))
        self._doneness = UNKNOWN
        self._is_judged = False
