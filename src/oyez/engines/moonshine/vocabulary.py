"""Token ids to text.

A Moonshine vocabulary is a BPE one with byte fallback: ids 3 to 258 are single bytes, so that a
character outside the vocabulary arrives in parts, and U+2581 stands for the space before a word.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from oyez.errors import EngineError

BOS = 1
"""Id that opens every decoding."""
EOS = 2
"""Id that ends it."""

_SPECIAL = re.compile(rb"<unk>|</?s>|<<ST_\d+>>")
_SPACE = "▁"
_MUSIC = frozenset("♩♪♫♬♭♮♯\U0001d15e\U0001f3b5\U0001f3b6\U0001f3bc")
"""What the models write for music and noise: a description of the audio, not something said."""
_LATIN = re.compile("[\u0000-\u036f\u1e00-\u1eff]")
"""Blocks of Latin letters and of the marks on them. The models hear English; of the first tenths of
a second of an utterance they sometimes make a Chinese or an Arabic letter."""

_TWO_STOPS = ".."
"""A piece that the models end single letters with. It is no ellipsis; one stop is meant."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one or more ids in a row, with the probability of all of them."""

    text: str
    """Valid text with something to see in it; a leading space means that it starts a word."""
    logprob: float
    """Natural logarithm of the joint probability of the ids, at most 0."""
    first: int
    """Place of its first id among those it was made from."""
    last: int
    """Place of its last id."""


class Vocabulary:
    """The bytes of every id."""

    def __init__(self, records: Iterable[bytes]) -> None:
        self._bytes = tuple(b"" if _SPECIAL.fullmatch(record) else record for record in records)

    def __len__(self) -> int:
        return len(self._bytes)

    @classmethod
    def read(cls, path: Path) -> "Vocabulary":
        """Read a ``tokenizer.bin``.

        It holds a record for each id in order: a length and that many bytes of UTF-8. A length
        below 128 is one byte; else it is two, `low` and `high`, for high * 128 + low - 128.

        Raises:
            EngineError: The file ends inside a record.
        """
        data = path.read_bytes()
        records: list[bytes] = []
        at = 0
        while at < len(data):
            length, at = data[at], at + 1
            if length >= 128 and at < len(data):
                length, at = data[at] * 128 + length - 128, at + 1
            record = data[at : at + length]
            if len(record) < length:
                raise EngineError(f"{path.name} is damaged: record {len(records)} is cut off.")
            records.append(record)
            at += length
        return cls(records)

    def pieces(self, ids: Iterable[int], logprobs: Iterable[float]) -> list[Piece]:
        """Turn ids into text, dropping specials, music, other scripts and what is not text.

        The first piece starts a word whether or not the model said so: a reading does.
        """
        pieces: list[Piece] = []
        raw, logprob = b"", 0.0
        first: int | None = None
        for place, (token, token_logprob) in enumerate(zip(ids, logprobs, strict=True)):
            # The logits may be wider than the vocabulary: base has 768 ids without a record.
            record = self._bytes[token] if token < len(self._bytes) else b""
            if not record:
                continue
            if _starts_character(record) and not _is_text(raw):
                raw = _drop_torn_end(raw)  # a character that was never finished
            raw += record
            logprob += token_logprob
            first = place if first is None else first
            if not _is_text(raw):
                continue
            text = _clean(raw)
            if text.strip() == _TWO_STOPS:
                text = "."
            if text.strip():
                text = text if pieces else " " + text.lstrip()
                pieces.append(Piece(text, logprob, first, place))
            # A space on its own belongs to what comes next.
            raw, logprob, first = (_SPACE.encode() if text == " " else b""), 0.0, None
        return pieces


def _starts_character(record: bytes) -> bool:
    return record[0] & 0xC0 != 0x80


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _drop_torn_end(raw: bytes) -> bytes:
    return raw.decode(errors="ignore").encode()


def _clean(raw: bytes) -> str:
    """Text without what nobody says, and with at most one leading space."""
    text = raw.decode().replace(_SPACE, " ")
    kept = "".join(character for character in text if _is_sayable(character))
    return f" {kept.strip()}" if kept[:1].isspace() else kept.strip()


def _is_sayable(character: str) -> bool:
    """Whether it is no music note, no control character and no letter of another script."""
    if character in _MUSIC or not (character.isprintable() or character.isspace()):
        return False
    is_letter = unicodedata.category(character)[0] in "LM"
    return not is_letter or _LATIN.match(character) is not None
