"""Is the speaker done, by the words before a pause?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.turns.judge import DONE, GOES_ON, UNKNOWN, Pause, judge_text


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
