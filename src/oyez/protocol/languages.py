"""The language codes of the protocol: ISO 639-1, with `no` for Norwegian and `tl` for Tagalog."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_TABLE = """
af Afrikaans, sq Albanian, ar Arabic, az Azerbaijani, eu Basque, be Belarusian, bn Bengali,
bs Bosnian, bg Bulgarian, ca Catalan, zh Chinese, hr Croatian, cs Czech, da Danish, nl Dutch,
en English, et Estonian, fi Finnish, fr French, gl Galician, de German, el Greek, gu Gujarati,
he Hebrew, hi Hindi, hu Hungarian, id Indonesian, it Italian, ja Japanese, kn Kannada, kk Kazakh,
ko Korean, lv Latvian, lt Lithuanian, mk Macedonian, ms Malay, ml Malayalam, mr Marathi,
no Norwegian, fa Persian, pl Polish, pt Portuguese, pa Punjabi, ro Romanian, ru Russian,
sr Serbian, sk Slovak, sl Slovenian, es Spanish, sw Swahili, sv Swedish, tl Tagalog, ta Tamil,
te Telugu, th Thai, tr Turkish, uk Ukrainian, ur Urdu, vi Vietnamese, cy Welsh
"""

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {code: name for code, _, name in (entry.strip().partition(" ") for entry in _TABLE.split(","))}
)
"""Language code to English name: 60 entries."""
