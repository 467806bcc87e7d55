"""How text is made comparable.

`whisper`: OpenAI's English normaliser, as the Open ASR Leaderboard uses it: spelling variants,
numbers, contractions and titles are brought to one form, fillers dropped. `plain`: lower case,
no punctuation, nothing else, so that "21" for "twenty one" counts as errors.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'"})


@cache
def _normaliser() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer  # noqa: PLC0415 - 0.2 s to load

    normalise: Callable[[str], str] = EnglishTextNormalizer()
    return normalise


def whisper(text: str) -> str:
    """Return the text as the Whisper English normaliser writes it."""
    return " ".join(_normaliser()(text).split())


def plain(text: str) -> str:
    """Return the text in lower case without punctuation; apostrophes inside words stay."""
    text = unicodedata.normalize("NFC", text).translate(_APOSTROPHES).lower()
    text = re.sub(r"[^\w\s']|_", " ", text)
    return " ".join(word.strip("'") for word in text.split() if word.strip("'"))


def key(word: str) -> str:
    """Return what of one word is compared: letters and digits, lower case."""
    return "".join(character for character in word if character.isalnum()).casefold()
