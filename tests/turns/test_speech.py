"""From speech probabilities to the edges of speech."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.turns.speech import SpeechDetector, SpeechRule

FRAME = 512

rules = st.builds(
    lambda onset, gap, frames: SpeechRule(onset, onset - gap, frames),
    st.floats(0.3, 0.9),
    st.floats(0.0, 0.3),
    st.integers(1, 4),
)
probabilities = st.lists(st.floats(0.0, 1.0), max_size=60)


def heard(*frames: float, rule: SpeechRule | None = None) -> SpeechDetector:
    detector = SpeechDetector(frame_samples=FRAME, rule=rule)
    for probability in frames:
        detector.hear(probability)
    return detector


def test_the_thresholds_are_those_that_silero_recommends() -> None:
    assert SpeechRule() == SpeechRule(onset=0.5, offset=0.35, onset_frames=2)


def test_nothing_was_heard_at_first() -> None:
    detector = heard()
    assert not detector.is_speech
    assert detector.silence_samples == 0


def test_one_loud_frame_is_a_click() -> None:
    assert not heard(0.1, 0.9).is_speech
    assert not heard(0.9, 0.1, 0.9, 0.1, 0.9).is_speech


def test_speech_begins_where_its_first_frame_began() -> None:
    detector = heard(0.1, 0.1, 0.9, 0.9)
    assert detector.is_speech
    assert detector.speech_start == 2 * FRAME
    assert detector.speech_end == detector.position == 4 * FRAME
    assert detector.silence_samples == 0


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_as_many_frames_begin_speech_as_the_rule_says(frames: int) -> None:
    rule = SpeechRule(onset_frames=frames)
    before = heard(0.0, *[0.9] * (frames - 1), rule=rule)
    assert not before.is_speech
    assert before.silence_samples == frames * FRAME
    after = heard(0.0, *[0.9] * frames, rule=rule)
    assert after.is_speech
    assert after.speech_start == FRAME


def test_a_probability_at_a_threshold_is_below_it() -> None:
    assert not heard(0.5, 0.5).is_speech
    assert not heard(0.9, 0.9, 0.35).is_speech


def test_between_the_thresholds_nothing_changes() -> None:
    """Speech lasts where it could not begin."""
    assert not heard(*[0.4] * 10).is_speech
    assert heard(0.9, 0.9, *[0.4] * 10).is_speech
    assert not heard(0.9, 0.9, 0.3, *[0.4] * 10).is_speech


def test_silence_counts_from_the_end_of_the_last_frame_of_speech() -> None:
    detector = heard(0.9, 0.9, 0.4, 0.2, 0.2, 0.2)
    assert not detector.is_speech
    assert detector.speech_end == 3 * FRAME
    assert detector.silence_samples == 3 * FRAME


def test_a_click_does_not_interrupt_the_silence() -> None:
    detector = heard(0.9, 0.9, 0.1, 0.9, 0.1, 0.1)
    assert detector.silence_samples == 4 * FRAME


def test_speech_may_begin_again() -> None:
    detector = heard(0.9, 0.9, 0.1, 0.1, 0.9, 0.9)
    assert detector.is_speech
    assert detector.speech_start == 4 * FRAME


def test_a_short_dip_must_not_be_followed_by_a_single_frame() -> None:
    """After speech ended, it takes as many frames to begin it again."""
    assert not heard(0.9, 0.9, 0.1, 0.9).is_speech


@settings(deadline=None)
@given(frames=probabilities, rule=rules)
def test_every_frame_keeps_the_order_of_places(frames: list[float], rule: SpeechRule) -> None:
    detector = SpeechDetector(frame_samples=FRAME, rule=rule)
    for count, probability in enumerate(frames, start=1):
        before = (detector.is_speech, detector.speech_start, detector.speech_end)
        detector.hear(probability)
        assert detector.position == count * FRAME
        assert 0 <= detector.speech_start <= detector.speech_end <= detector.position
        assert detector.silence_samples == detector.position - detector.speech_end
        if detector.is_speech:
            assert detector.silence_samples == 0
            assert probability > rule.offset
            if before[0]:
                assert detector.speech_start == before[1]
            else:
                assert detector.speech_start >= before[2]
                assert probability > rule.onset
        else:
            assert (detector.speech_start, detector.speech_end) == before[1:]
            if before[0]:
                assert probability <= rule.offset


@settings(deadline=None)
@given(frames=probabilities, rule=rules)
def test_speech_is_what_its_definition_says(frames: list[float], rule: SpeechRule) -> None:
    """A run above the onset began it, and no frame since was at or below the offset."""
    detector = heard(*frames, rule=rule)
    since = max(
        (i + 1 for i, probability in enumerate(frames) if probability <= rule.offset), default=0
    )
    rest, need = frames[since:], rule.onset_frames
    runs = (rest[i : i + need] for i in range(len(rest) - need + 1))
    assert detector.is_speech == any(min(run) > rule.onset for run in runs)
