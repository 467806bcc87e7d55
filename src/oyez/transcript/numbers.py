"""Numbers as they are spoken, so that one reading's "17th" is another's "seventeenth".

The models write a number in digits in one reading and in words in the next. Only what is compared
is spelt out here; what people read stays as the model wrote it. English.
"""

import re
from typing import Final

_UP_TO_NINETEEN: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_ROUND: Final = "zero ten twenty thirty forty fifty sixty seventy eighty ninety"
_ONES: Final = _UP_TO_NINETEEN.split()
_TENS: Final = _ROUND.split()
_SCALES: Final = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_CURRENCIES: Final = {"$": "dollars", "£": "pounds", "€": "euros"}
_SIGNS: Final = {"%": "percent", "&": "and"}
_LONGEST_DIGITS: Final = 9
"""Longer numbers are told digit by digit."""

_NUMBER: Final = re.compile(
    r"(?P<currency>[$£€])?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
    r"(?:\.(?P<part>[0-9]+)|:(?P<minutes>[0-9]{2})|(?P<ordinal>st|nd|rd|th)\b)?",
    re.IGNORECASE,
)
_SIGN: Final = re.compile("[%&]")


def spelt_out(text: str) -> str:
    """Return a text with its numbers, currencies, percent signs and ampersands in words.

    Four digits are a year or a time of the day, unless a comma says otherwise.

    >>> spelt_out("the 21st of May 1833")
    'the twenty first of May eighteen thirty three'
    >>> spelt_out("$1.50, 3.5% & 1,100")
    'one dollars fifty, three point five percent and one thousand one hundred'
    """
    text = _NUMBER.sub(lambda found: " ".join(_words(found)), text)
    text = _SIGN.sub(lambda found: f" {_SIGNS[found[0]]} ", text)
    return " ".join(text.split())


def _words(found: re.Match[str]) -> list[str]:
    digits = found["whole"].replace(",", "")
    words = _pairs(digits) if found["whole"] == digits else _cardinal(int(digits))
    if found["minutes"]:
        words = _cardinal(int(digits)) + (
            [] if found["minutes"] == "00" else _low(found["minutes"])
        )
    if found["ordinal"]:
        words = [*words[:-1], _ordinal(words[-1])]
    part = found["part"] or ""
    if found["currency"]:
        cents = _low(part) if len(part) == 2 and part != "00" else []
        return [*words, _CURRENCIES[found["currency"]], *cents]
    return [*words, "point", *(_ONES[int(digit)] for digit in part)] if part else words


def _pairs(digits: str) -> list[str]:
    """Return the words of a number without commas, as a year's where it may be one."""
    number = int(digits)
    if len(digits) > _LONGEST_DIGITS or (digits[0] == "0" and len(digits) > 1):
        return [_ONES[int(digit)] for digit in digits]
    if not (1_100 <= number <= 1_999 or 2_010 <= number <= 2_099):
        return _cardinal(number)
    return _cardinal(number // 100) + (["hundred"] if number % 100 == 0 else _low(digits[2:]))


def _low(digits: str) -> list[str]:
    """Return the words of two digits behind others: "oh five", "thirty three"."""
    return ["oh", _ONES[int(digits[1])]] if digits[0] == "0" else _cardinal(int(digits))


def _cardinal(number: int) -> list[str]:
    if number < len(_ONES):
        return [_ONES[number]]
    if number < 100:
        tens, ones = divmod(number, 10)
        return [_TENS[tens], *([_ONES[ones]] if ones else [])]
    for scale, name in _SCALES:
        if number >= scale:
            many, rest = divmod(number, scale)
            return [*_cardinal(many), name, *(_cardinal(rest) if rest else [])]
    raise AssertionError(number)


def _ordinal(word: str) -> str:
    if word.endswith("y"):
        return f"{word[:-1]}ieth"
    return _ORDINALS.get(word, f"{word}th")
