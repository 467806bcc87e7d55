"""From the tokens of a stream to what people read: words, paragraphs, a JSON document.

    words       tokens grouped into words, with times
    paragraphs  words grouped by endpoints and speakers
    text        the paragraphs, a line each
    document    text, words and tokens as one JSON object

Captions are in `oyez.transcript.captions`. Only final tokens belong here: non-final ones are still
being replaced.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from oyez.protocol.tokens import Token

_WORD = re.compile(r"\S+")
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"
    "]"
)
"""Letters of scripts that put no space between words: each token of them is a word."""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with the punctuation that clings to it."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float
    """That of its least certain token; punctuation does not count beside letters."""
    has_space_before: bool
    """Whether a space parts it from the word before."""
    paragraph: int
    """Counts endpoints and changes of speaker."""
    speaker: str | None = None
    language: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return its JSON object; absent options are left out."""
        fields: dict[str, Any] = {
            "text": self.text,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "confidence": round(self.confidence, 3),
        }
        if self.speaker is not None:
            fields["speaker"] = self.speaker
        if self.language is not None:
            fields["language"] = self.language
        return fields


def words(tokens: Iterable[Token]) -> list[TimedWord]:
    """Group tokens into words.

    A space, a marker, a change of speaker, or a letter of a script without spaces begins a word.
    Characters that cannot be shown, such as terminal codes, count as spaces.
    """
    builder = _Words()
    for token in tokens:
        builder.add(token)
    return builder.close()


def joined(group: Sequence[TimedWord]) -> str:
    """Return the words as running text."""
    return "".join(
        f" {word.text}" if index and word.has_space_before else word.text
        for index, word in enumerate(group)
    )


def paragraphs(tokens: Iterable[Token]) -> list[list[TimedWord]]:
    """Group tokens into words, and words into what one speaker said up to an endpoint."""
    return [list(group) for _, group in groupby(words(tokens), lambda word: word.paragraph)]


def text(tokens: Iterable[Token]) -> str:
    """Return the transcript: a line a paragraph, each with its speaker when they are known."""
    return "\n".join(_line(paragraph) for paragraph in paragraphs(tokens))


def document(tokens: Sequence[Token], *, audio_ms: int) -> dict[str, Any]:
    """Return everything as one JSON object.

    Args:
        tokens: Final tokens, in order; markers stay among the document's tokens.
        audio_ms: Length of the stream.
    """
    return {
        "text": text(tokens),
        "audio_ms": audio_ms,
        "words": [word.to_json() for word in words(tokens)],
        "tokens": [token.to_wire() for token in tokens],
    }


def printable(raw: str) -> str:
    """Return text with every character that cannot be shown replaced by a space."""
    if raw.isprintable():
        return raw
    return "".join(" " if _is_unshowable(character) else character for character in raw)


def _is_unshowable(character: str) -> bool:
    # Format characters join letters in some scripts; everything else in class C steers terminals.
    category = unicodedata.category(character)
    return category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")


def _line(paragraph: Sequence[TimedWord]) -> str:
    speaker = paragraph[0].speaker
    return joined(paragraph) if speaker is None else f"Speaker {speaker}: {joined(paragraph)}"


def _confidence(pieces: Sequence[tuple[str, int, int, float]]) -> float:
    letters = [piece for piece in pieces if any(map(str.isalnum, piece[0]))]
    return min(confidence for _, _, _, confidence in letters or pieces)


class _Words:
    """Words under construction."""

    def __init__(self) -> None:
        self._done: list[TimedWord] = []
        self._open: list[tuple[str, int, int, float]] = []
        """Pieces of the word under construction: text, start, end, confidence."""
        self._token: Token | None = None
        """The newest token of speech."""
        self._paragraph = 0
        self._has_space = True
        """Whether the word under construction has a space before it."""
        self._ends_paragraph = False

    def add(self, token: Token) -> None:
        """Take the next token."""
        if token.is_marker:
            self._finish(has_space_after=True)
            self._ends_paragraph = True
            return
        if self._token is not None and token.speaker != self._token.speaker:
            self._finish(has_space_after=True)
            self._ends_paragraph = True
        shown = printable(token.text)
        if not shown:
            return
        if shown.isspace():
            self._finish(has_space_after=True)
            return
        for match in _WORD.finditer(shown):
            has_space = match.start() > 0
            if has_space or (match.start() == 0 and _UNSPACED.match(match[0])):
                self._finish(has_space_after=has_space)
            self._append(match, token, shown)
        if shown[-1].isspace():
            self._finish(has_space_after=True)

    def close(self) -> list[TimedWord]:
        """Return all words."""
        self._finish(has_space_after=True)
        return self._done

    def _append(self, match: re.Match[str], token: Token, shown: str) -> None:
        """Add a piece of a token to the open word; several words in a token share its time."""
        if self._ends_paragraph:
            self._ends_paragraph = False
            self._paragraph += bool(self._done)
        span = max(token.end_ms - token.start_ms, 0)
        is_whole = match[0] == shown.strip()
        begin_ms = token.start_ms + (0 if is_whole else span * match.start() // len(shown))
        end_ms = token.start_ms + (span if is_whole else span * match.end() // len(shown))
        self._open.append((match[0], begin_ms, end_ms, token.confidence))
        self._token = token

    def _finish(self, *, has_space_after: bool) -> None:
        """End the open word, if any."""
        if self._open and self._token is not None:
            self._done.append(
                TimedWord(
                    text="".join(text for text, _, _, _ in self._open),
                    start_ms=self._open[0][1],
                    end_ms=max(self._open[-1][2], self._open[0][1]),
                    confidence=_confidence(self._open),
                    has_space_before=self._has_space,
                    paragraph=self._paragraph,
                    speaker=self._token.speaker,
                    language=self._token.language,
                )
            )
            self._open = []
            self._has_space = has_space_after
        else:
            self._has_space = self._has_space or has_space_after
