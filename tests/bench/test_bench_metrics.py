"""Every metric of live transcripts on event sequences made by hand."""

import pytest

from oyez.bench.metrics import (
    erased_words,
    final_at,
    first_partial_s,
    first_words_s,
    matched_words,
    settled_s,
    shown_at,
    unstable_words,
)
from oyez.bench.streaming import Arrival, Stream, Word
from oyez.bench.views import View, view_of_texts, views_of
from oyez.client.events import RealtimeEvent, Token


def view(at_s: float, final: str, draft: str = "") -> View:
    return view_of_texts(at_s, final, draft)


TALE = [
    view(0.5, ""),
    view(0.8, "", "It"),
    view(1.2, "", "It was a"),
    view(1.6, "It", "was the best"),
    view(2.0, "It was the best"),
]


def test_texts_become_words_as_they_are_compared() -> None:
    assert view(1.0, "Well-known,", "Don’t!") == View(1.0, ("well", "known", "dont"), 2)


def test_a_view_tells_what_is_final() -> None:
    assert view(1.0, "a b", "c").final == ("a", "b")
    assert view(1.0, "a b", "c").has_draft
    assert not view(1.0, "a b").has_draft


def test_first_partial_counts_from_the_onset_of_speech() -> None:
    assert first_partial_s(TALE, 0.3) == pytest.approx(0.5)


def test_words_that_come_final_have_no_partial() -> None:
    views = [view(1.0, "Yes")]

    assert first_partial_s(views, 0.2) is None
    assert first_words_s(views, 0.2) == pytest.approx(0.8)


def test_a_word_is_shown_when_it_first_stands_at_its_place() -> None:
    assert shown_at(TALE) == [0.8, 1.2, 1.6, 1.6]


def test_a_word_is_shown_though_another_before_it_is_still_missing() -> None:
    views = [view(1.0, "", "best of times"), view(2.0, "the best of times")]

    assert shown_at(views) == [2.0, 1.0, 1.0, 1.0]


def test_the_same_word_at_an_earlier_place_is_not_shown_early() -> None:
    views = [view(1.0, "it was"), view(2.0, "it was", "best"), view(3.0, "it was best it was")]

    assert shown_at(views) == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_a_word_is_not_shown_before_it_is_said() -> None:
    views = [view(1.0, "", "the"), view(2.0, "the end", "the"), view(3.0, "the end the")]

    assert shown_at(views, [0.5, 1.2, 1.8]) == [1.0, 2.0, 2.0]
    assert shown_at(views, [0.5, 1.2, 2.5]) == [1.0, 2.0, 3.0]


def test_a_word_is_final_when_its_place_is() -> None:
    assert final_at(TALE) == [1.6, 2.0, 2.0, 2.0]


def test_a_word_that_stays_a_draft_is_never_final() -> None:
    assert final_at([view(1.0, "a", "b")]) == [1.0, None]


def test_settled_is_when_the_text_stays_as_it_is() -> None:
    views = [view(1.0, "", "a"), view(2.0, "", "a b"), view(3.0, "a", "b"), view(9.0, "a b")]

    assert settled_s(views) == 2.0


def test_nothing_said_never_settles() -> None:
    assert settled_s([view(1.0, "")]) is None
    assert settled_s([]) is None


@pytest.mark.parametrize(
    ("texts", "unstable", "erased"),
    [
        (["a", "a b", "a b c"], 0, 0),
        (["a x", "a b"], 1, 1),
        (["a x c", "a b c d"], 1, 2),
        (["b c", "a b c"], 0, 2),
        (["a b c", "a"], 2, 2),
        (["a b", "", "a b"], 2, 2),
    ],
)
def test_words_taken_back_are_counted(texts: list[str], unstable: int, erased: int) -> None:
    views = [view(float(index), "", text) for index, text in enumerate(texts)]

    assert (unstable_words(views), erased_words(views)) == (unstable, erased)


def test_becoming_final_takes_nothing_back() -> None:
    assert unstable_words(TALE) == 1  # "a" became "the"
    assert erased_words(TALE) == 1


def test_times_come_from_the_reference_where_the_word_is_there() -> None:
    known = [Word("it", 0.1, 0.2), Word("was", 0.2, 0.4), Word("best", 0.5, 0.9)]

    assert matched_words(("it", "is", "the", "best"), known) == [known[0], None, None, known[2]]


def test_views_of_a_stream_keep_final_words_first() -> None:
    def token(text: str, start_ms: int, *, final: bool) -> Token:
        return Token(text=text, start_ms=start_ms, end_ms=start_ms + 100, is_final=final)

    first = RealtimeEvent(
        tokens=[
            token("He", 0, final=True),
            token("llo", 100, final=False),
            token(" you", 200, final=False),
        ],
        total_audio_proc_ms=0,
    )
    second = RealtimeEvent(
        tokens=[
            token("llo", 100, final=True),
            token(" there.", 200, final=True),
            token("<end>", 300, final=True),
        ],
        total_audio_proc_ms=0,
    )

    views = views_of(Stream(1.0, [Arrival(0.4, first), Arrival(0.9, second)]))

    assert views == [View(0.4, ("hello", "you"), 0), View(0.9, ("hello", "there"), 2)]
