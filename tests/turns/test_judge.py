"""Is the speaker done, by the words before a pause?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.turns.judge import DONE, GOES_ON, UNKNOWN, Pause, judge_pause, judge_text


@pytest.mark.parametrize(
    "text",
    [
        " I would like to",
        " I would like to.",
        " First,",
        " Apples, pears and.",
        " We went to the.",
        " Well, um.",
        " Well... Uh.",
        " I was thinking...",
        " I was thinking\u2026",
        " She said -",
        ' He said, "If.',
    ],
)
def test_unfinished_sentences_go_on(text: str) -> None:
    assert judge_text(Pause(text)) == GOES_ON


@pytest.mark.parametrize(
    "text", [" Yes.", " no.", " Okay.", " Thanks!", " What time is it?", ' He asked, "Why?"']
)
def test_answers_and_questions_are_done(text: str) -> None:
    assert judge_text(Pause(text)) == DONE


@pytest.mark.parametrize("text", [" Turn off the light.", " So be it!", "", " . ", " Yes, I know."])
def test_a_full_stop_says_nothing(text: str) -> None:
    assert judge_text(Pause(text)) == UNKNOWN


@given(text=st.text(max_size=40))
def test_any_text_has_an_answer(text: str) -> None:
    assert GOES_ON <= judge_text(Pause(text)) <= DONE


def test_where_the_words_say_nothing_a_falling_voice_is_done() -> None:
    text = " Turn off the light."
    judged = [judge_pause(Pause(text, fall_db)) for fall_db in (-6.0, -1.0, 0.0, 1.0, 6.0)]
    assert judged == sorted(set(judged))
    assert judged[2] == UNKNOWN, "and what is not known says nothing"


@given(fall_db=st.floats(-60.0, 60.0))
def test_words_that_say_something_are_believed_however_they_were_said(fall_db: float) -> None:
    assert judge_pause(Pause(" We went to the.", fall_db)) == GOES_ON
    assert judge_pause(Pause(" Yes.", fall_db)) == DONE


@given(text=st.text(max_size=40), fall_db=st.floats(-150.0, 150.0))
def test_any_pause_has_an_answer(text: str, fall_db: float) -> None:
    assert GOES_ON <= judge_pause(Pause(text, fall_db)) <= DONE
