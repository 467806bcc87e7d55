"""What stood where a turn was said to be over."""

import pytest

from oyez.bench.cutoffs import Cut, End, boundaries, ends_of, words_before
from oyez.bench.streaming import Arrival, Stream, Word
from oyez.client.events import RealtimeEvent, Token


def said(text: str) -> list[Word]:
    return [Word(word, float(index), index + 0.8) for index, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("reference", "heard", "after"),
    [
        ("Come in. Sit down.", "come in sit down", {2, 4}),
        ("Come in, sit down.", "Come in. Sit down.", {4}),
        ('He said, "Come in." I did.', "he said come in i did", {4, 6}),
        ("Come on in. Sit down!", "Come in. Sit down.", {2, 4}),
        ("Come in. Sit down?", "come right in sit down", {3, 5}),
        ("Come in. Sit down.", "Come in - sit down.", {2, 5}),
        ("Well. Come in.", "come in", {0, 2}),
        ("Come in. Sit.", "", {0}),
    ],
)
def test_the_reference_tells_where_sentences_end(
    reference: str, heard: str, after: set[int]
) -> None:
    assert boundaries(reference, said(heard)) == after


@pytest.mark.parametrize("reference", ["COME IN SIT DOWN", ""])
def test_without_punctuation_nobody_can_tell(reference: str) -> None:
    assert boundaries(reference, said("Come in. Sit down.")) is None


def test_words_are_before_a_pause_by_their_middle() -> None:
    words = said("come in sit down")
    assert [words_before(words, at_s) for at_s in (0.0, 0.9, 1.9, 9.0)] == [0, 1, 2, 4]


def test_an_end_counts_the_words_and_the_audio_before_it() -> None:
    def arrival(at_s: float, total_ms: int, *texts: str, is_final: bool = True) -> Arrival:
        tokens = [Token(text=text, confidence=1.0, is_final=is_final) for text in texts]
        event = RealtimeEvent(tokens=tokens, final_audio_proc_ms=0, total_audio_proc_ms=total_ms)
        return Arrival(at_s, event)

    stream = Stream(
        3.0,
        [
            arrival(0.5, 400, "Co", is_final=False),
            arrival(1.0, 900, "Co", "me", " in", ".", "<end>"),
            arrival(2.5, 2_000, " Sit"),
            arrival(2.9, 2_800, "<end>"),
        ],
    )
    assert ends_of(stream) == [End(1.0, 0.9, 2), End(2.9, 2.8, 3)]


def test_a_cut_says_where_it_was() -> None:
    assert Cut(0.61, "come in", "sit", True).describe("x") == (
        "x: ... come in <end> sit ... (610 ms, between sentences)"
    )
    assert Cut(0.0, "", "sit").describe("x").endswith("(0 ms)")
