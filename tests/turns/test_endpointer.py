"""Where the utterances of one stream end."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.turns.endpointer import (
    FEWEST_QUIET_MS,
    MOST_HANGOVER_MS,
    STIR_FRAMES,
    STIR_PROBABILITY,
    Endpointer,
)
from oyez.turns.judge import DONE, GOES_ON, UNKNOWN, Pause
from oyez.turns.policy import BASE_SILENCE_MS, EndpointPolicy
from oyez.turns.speech import SpeechDetector

FRAME, FRAME_MS, RATE_HZ = 512, 32, 16_000
LOUD_DB, SOFT_DB = -20.0, -60.0

Heard = tuple[float, float]
"""Probability of speech and level of a frame."""
VOICE: Heard = (0.95, LOUD_DB)
FADING: Heard = (0.6, SOFT_DB)
QUIET: Heard = (0.02, SOFT_DB)


class Listener:
    """An endpointer with its detector, asked after every frame."""

    def __init__(self, policy: EndpointPolicy | None, doneness: float = UNKNOWN) -> None:
        self.detector = SpeechDetector(frame_samples=FRAME)
        self.asked: list[int] = []
        self.due: list[int] = []
        """Ends of frames, in milliseconds, after which the answer was yes."""
        self.endpointer = Endpointer(
            policy, self.detector, sample_rate_hz=RATE_HZ, judge=lambda _: doneness
        )

    def hear(self, frames: Sequence[Heard]) -> "Listener":
        for probability, level_db in frames:
            self.detector.hear(probability)
            self.endpointer.hear(probability, level_db)
            now_ms = self.detector.position * 1000 // RATE_HZ
            if self.endpointer.wants_words:
                self.asked.append(now_ms)
                self.endpointer.judge(Pause("whatever"))
            if self.endpointer.is_due:
                self.due.append(now_ms)
        return self


def ends_ms(
    frames: Sequence[Heard], doneness: float = UNKNOWN, **fields: float
) -> tuple[list[int], list[int]]:
    listener = Listener(EndpointPolicy.from_settings(**fields), doneness).hear(frames)  # type: ignore[arg-type]
    return listener.asked, listener.due


def test_the_silence_counts_from_the_voice_and_not_from_what_the_detector_holds_on_to() -> None:
    _, abrupt = ends_ms([VOICE] * 20 + [QUIET] * 60)
    _, fading = ends_ms([VOICE] * 20 + [FADING] * 4 + [QUIET] * 56)
    assert abrupt[0] == fading[0]
    assert 0 <= abrupt[0] - 20 * FRAME_MS - BASE_SILENCE_MS < FRAME_MS


def test_a_long_fade_is_trusted_to_be_speech_but_for_a_little() -> None:
    fade = [FADING] * 15
    _, due = ends_ms([VOICE] * 20 + fade + [QUIET] * 60)
    faded_ms = (20 + len(fade)) * FRAME_MS
    assert 0 <= due[0] - (faded_ms - MOST_HANGOVER_MS + BASE_SILENCE_MS) < FRAME_MS


def test_somebody_quieter_is_heard_as_a_voice_soon() -> None:
    _, due = ends_ms([VOICE] * 20 + [(0.95, LOUD_DB - 35)] * 60 + [QUIET] * 60)
    assert 0 <= due[0] - 80 * FRAME_MS - BASE_SILENCE_MS < FRAME_MS


@pytest.mark.parametrize("doneness", [GOES_ON, UNKNOWN, DONE])
def test_the_words_are_asked_for_once_in_a_pause_and_before_its_end(doneness: float) -> None:
    frames = [VOICE] * 20 + [QUIET] * 100
    asked, due = ends_ms(frames + frames, doneness)
    assert len(asked) == 2
    assert asked[0] <= due[0]


def test_who_is_done_is_answered_sooner_than_who_goes_on() -> None:
    frames = [VOICE] * 20 + [QUIET] * 100
    first = [ends_ms(frames, doneness)[1][0] for doneness in (DONE, UNKNOWN, GOES_ON)]
    assert first == sorted(set(first))


def test_a_speaker_of_long_pauses_is_waited_for_longer() -> None:
    def silence_ms(pause_frames: int) -> int:
        frames = ([VOICE] * 20 + [QUIET] * pause_frames) * 6 + [VOICE] * 20
        policy = EndpointPolicy.from_settings(sensitivity=-1.0)
        end_ms = len(frames) * FRAME_MS
        due = Listener(policy).hear([*frames, *[QUIET] * 90]).due
        return min(due_ms for due_ms in due if due_ms > end_ms) - end_ms

    assert silence_ms(32) > silence_ms(16) > silence_ms(7)


def test_a_frame_that_could_begin_speech_is_waited_for() -> None:
    needed = -(-BASE_SILENCE_MS // FRAME_MS)
    frames = [VOICE] * 20 + [QUIET] * (needed - 1)
    _, due = ends_ms([*frames, VOICE, VOICE, *[QUIET] * 5])
    assert due == []
    _, due = ends_ms([*frames, VOICE, QUIET])
    assert due == [(len(frames) + 2) * FRAME_MS], "it was a click"


def test_a_frame_that_stirs_is_waited_for_and_noise_that_goes_on_is_not() -> None:
    needed = -(-BASE_SILENCE_MS // FRAME_MS)
    stirs = (STIR_PROBABILITY + 0.01, SOFT_DB)
    frames = [VOICE] * 20 + [QUIET] * (needed - 1)
    _, due = ends_ms([*frames, stirs, VOICE, VOICE, *[QUIET] * 5])
    assert due == [], "it was the beginning of a word"
    _, due = ends_ms([*frames, *[stirs] * 20])
    assert due[0] == (len(frames) + STIR_FRAMES + 1) * FRAME_MS, "it went on and was none"
    _, due = ends_ms([*[VOICE] * 20, *[stirs] * 60])
    assert due[0] == (20 + needed) * FRAME_MS, "it was there all the time"


def test_the_judge_is_told_how_the_voice_fell() -> None:
    def fall_db(last_db: float) -> float:
        frames = [VOICE] * 60 + [(0.95, last_db)] * 20 + [QUIET] * 10
        return Listener(EndpointPolicy.from_settings()).hear(frames).endpointer.fall_db

    assert fall_db(LOUD_DB + 5) < fall_db(LOUD_DB) < fall_db(LOUD_DB - 5)
    assert fall_db(LOUD_DB) == pytest.approx(0.0)


def test_without_a_policy_nothing_is_asked_and_nothing_ends() -> None:
    listener = Listener(None).hear([VOICE] * 20 + [QUIET] * 100)
    assert (listener.asked, listener.due) == ([], [])


probabilities = st.sampled_from([0.01, 0.2, 0.4, 0.6, 0.8, 0.99])
streams = st.lists(
    st.tuples(probabilities, st.sampled_from([-90.0, -60.0, -40.0, -20.0]), st.integers(1, 30)),
    min_size=1,
    max_size=12,
).map(lambda runs: [(speech, level) for speech, level, count in runs for _ in range(count)])


@settings(deadline=None)
@given(
    frames=streams,
    delay_ms=st.integers(500, 3_000),
    sensitivity=st.floats(-1.0, 1.0),
    level=st.integers(0, 3),
    doneness=st.floats(GOES_ON, DONE),
)
def test_speech_that_goes_on_is_not_cut_and_the_ceiling_is_hard(
    frames: list[Heard], delay_ms: int, sensitivity: float, level: int, doneness: float
) -> None:
    policy = EndpointPolicy.from_settings(
        max_endpoint_delay_ms=delay_ms, sensitivity=sensitivity, latency_level=level
    )
    listener = Listener(policy, doneness)
    for frame in frames:
        was_due = len(listener.due)
        listener.hear([frame])
        silence_ms = listener.detector.silence_samples * 1000 // RATE_HZ
        is_due = len(listener.due) > was_due
        if listener.detector.is_speech or silence_ms < FEWEST_QUIET_MS:
            assert not is_due
        elif silence_ms + FRAME_MS > delay_ms:
            assert is_due, "the last frame before the ceiling"


@settings(deadline=None)
@given(frames=streams, doneness=st.floats(GOES_ON, DONE), sensitivity=st.floats(-1.0, 0.9))
def test_more_sensitivity_never_ends_the_first_utterance_later(
    frames: list[Heard], doneness: float, sensitivity: float
) -> None:
    def first(value: float) -> float:
        _, due = ends_ms([*frames, *[QUIET] * 100], doneness, sensitivity=value)
        return min(due, default=float("inf"))

    assert first(sensitivity + 0.1) <= first(sensitivity)
