import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oyez.transcript.numbers
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken
from oyez.transcript.numbers import spelt_out
from oyez.transcript.stabilizer import Stabilizer
from oyez.transcript.words import Word, words_of


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("7", "seven"),
        ("21", "twenty one"),
        ("40", "forty"),
        ("101", "one hundred one"),
        ("16th", "sixteenth"),
        ("20th", "twentieth"),
        ("31st", "thirty first"),
        ("102nd", "one hundred second"),
        ("12TH", "twelfth"),
        ("1833", "eighteen thirty three"),
        ("1900", "nineteen hundred"),
        ("1905", "nineteen oh five"),
        ("2007", "two thousand seven"),
        ("2026", "twenty twenty six"),
        ("1,833", "one thousand eight hundred thirty three"),
        ("12,000,000", "twelve million"),
        ("3.14", "three point one four"),
        ("10:30", "ten thirty"),
        ("10:00", "ten"),
        ("9:05", "nine oh five"),
        ("$5", "five dollars"),
        ("£2.50", "two pounds fifty"),
        ("100%", "one hundred percent"),
        ("007", "zero zero seven"),
        ("1234567890", "one two three four five six seven eight nine zero"),
        ("Q&A", "Q and A"),
        ("B2B", "BtwoB"),
        ("no numbers, none.", "no numbers, none."),
        ("", ""),
    ],
)
def test_numbers_are_told_as_people_say_them(text: str, spoken: str) -> None:
    assert spelt_out(text) == spoken


def test_the_examples_in_the_documentation() -> None:
    assert doctest.testmod(oyez.transcript.numbers).failed == 0


@given(st.text(alphabet="0123456789,.:$%&sthndr a", max_size=20))
def test_any_text_can_be_spelt_out_once(text: str) -> None:
    spoken = spelt_out(text)
    assert not any(character.isdigit() for character in spoken)
    assert spelt_out(spoken) == spoken


def read(text: str) -> list[Word]:
    tokens = tuple(
        HypothesisToken(f" {word}", -0.1, 300 * index, 300 * index + 250)
        for index, word in enumerate(text.split())
    )
    return words_of(Hypothesis(tokens, 10_000), offset_ms=0)


@pytest.mark.parametrize(
    ("first", "second", "new"),
    [
        ("is the 17th of February", "is the seventeenth of February, eighteen", "eighteen"),
        ("in February 1833", "in February, eighteen thirty three was a", "was a"),
        ("in February, eighteen thirty three", "in February 1833, was a", "was a"),
        ("only 21 years old", "only twenty-one years old when he", "when he"),
        ("it costs $5 and", "it costs five dollars and not", "not"),
        ("about 10% of", "about ten percent of them", "them"),
    ],
)
def test_what_was_said_in_digits_is_not_said_again_in_words(
    first: str, second: str, new: str
) -> None:
    stabilizer = Stabilizer()
    said = stabilizer.close(read(first))
    assert " ".join(word.tokens[0].text.strip() for word in said) == first
    added = [word for word in stabilizer.close(read(second)) if word.key]
    assert "".join(token.text for word in added for token in word.tokens).strip() == new


def test_readings_agree_on_a_number_however_they_write_it() -> None:
    stabilizer = Stabilizer()
    assert stabilizer.offer(read("the 17th of May"), stable_until_ms=0) == []
    settled = stabilizer.offer(read("the seventeenth of May"), stable_until_ms=10_000)
    assert [word.key for word in settled] == ["the", "seventeenth", "of", "may"]
