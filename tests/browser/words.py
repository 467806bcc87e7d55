"""What the words of a talk are held against."""

from engines.speech import BECKETT, word_error_rate

WORST_WER = 0.25
"""Three of the twelve words; the smallest model mishears two of them."""


def assert_says(text: str, reference: str = BECKETT) -> None:
    assert word_error_rate(reference, text) <= WORST_WER, text
    assert "<" not in text, "no marker among the words"
