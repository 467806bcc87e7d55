"""Where speech starts and utterances end, told from the tokens of events."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from oyez.client.events import RealtimeEvent, Token
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN

MARKERS = frozenset({TOKEN_TEXT_END, TOKEN_TEXT_FIN})


@dataclass(frozen=True, slots=True)
class SpeechStart:
    """The first word of an utterance was heard."""

    start_ms: int | None
    """When the word begins, from the start of the stream; None when the server did not say."""
    token: Token
    """Its first token, mostly a guess that later events replace."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said between two markers."""

    tokens: tuple[Token, ...]
    """Its final tokens, translated ones included, without the marker."""
    marker: str | None
    """``<end>``, ``<fin>``, or None for what was left when the stream ended."""

    @property
    def text(self) -> str:
        """What was said, without space around it."""
        return "".join(token.text for token in self.tokens if is_spoken(token)).strip()

    @property
    def translation(self) -> str:
        """What it was translated to, without space around it; empty without translation."""
        return "".join(token.text for token in self.tokens if not is_spoken(token)).strip()

    @property
    def start_ms(self) -> int | None:
        """When its first word begins, from the start of the stream."""
        return next((token.start_ms for token in self.tokens if token.start_ms is not None), None)

    @property
    def end_ms(self) -> int | None:
        """When its last word ends, from the start of the stream."""
        times = (token.end_ms for token in reversed(self.tokens) if token.end_ms is not None)
        return next(times, None)

    @property
    def speaker(self) -> str | None:
        """Who said it; None when nobody told, or several did."""
        return _common(token.speaker for token in self.tokens)

    @property
    def language(self) -> str | None:
        """The language it was said in; None when nobody told, or in several."""
        return _common(token.language for token in self.tokens if is_spoken(token))


Moment: TypeAlias = SpeechStart | Utterance


class Finals:
    """All final tokens of a stream, kept as JSON: parsed ones take ten times the room."""

    def __init__(self) -> None:
        self._packed: list[str] = []

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, token: Token) -> None:
        """Keep a token."""
        self._packed.append(token.model_dump_json(exclude_unset=True))

    def tokens(self, start: int = 0) -> tuple[Token, ...]:
        """Return the tokens from an index on."""
        return tuple(map(Token.model_validate_json, self._packed[start:]))


class Grouper:
    """Finds the starts and ends of utterances. Every event of the stream must pass, in order.

    Args:
        finals: Takes the final tokens; nobody else adds to it.
    """

    def __init__(self, finals: Finals) -> None:
        self._finals = finals
        self._begin = 0
        """Index of the first final token of the utterance that goes on."""
        self._is_speaking = False

    def hear(self, event: RealtimeEvent) -> list[Moment]:
        """Return what starts and ends in an event, in the order of its tokens.

        Speech starts with the first token, a guess or not, after the beginning or a marker. When
        all that was heard since turns out to be nothing, it can start again.
        """
        moments: list[Moment] = []
        guesses = False
        for token in event.tokens:
            if token.is_final and token.text in MARKERS:
                moments.append(self._end(token.text))
                self._finals.add(token)
                self._begin = len(self._finals)
                continue
            is_word = bool(token.text.strip()) and is_spoken(token)
            if is_word and not self._is_speaking:
                self._is_speaking = True
                moments.append(SpeechStart(token.start_ms, token))
            if token.is_final:
                self._finals.add(token)
            else:
                guesses = guesses or is_word
        if event.finished and len(self._finals) > self._begin:
            moments.append(self._end(None))
        if not guesses and len(self._finals) == self._begin:
            self._is_speaking = False
        return moments

    def _end(self, marker: str | None) -> Utterance:
        self._is_speaking = False
        return Utterance(self._finals.tokens(self._begin), marker)


def is_spoken(token: Token) -> bool:
    """Whether this was said, rather than translated from what was said."""
    return token.translation_status != "translation"


def _common(values: Iterable[str | None]) -> str | None:
    known = {value for value in values if value is not None}
    return known.pop() if len(known) == 1 else None
