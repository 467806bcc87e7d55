"""Words: the unit in which readings of the same audio are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from oyez.transcript.hypothesis import Hypothesis, HypothesisToken
from oyez.transcript.numbers import spelt_out

BROKEN_OFF_PART: Final = 0.5
"""A segment's last reading with less than this part of an earlier one's text has lost words: it
read more audio, and corrections are never that short."""


@dataclass(frozen=True, slots=True)
class Word:
    """Tokens that belong together: a word with the punctuation that clings to it."""

    tokens: tuple[HypothesisToken, ...]
    """Times count from the start of the stream, not of the window."""
    key: str
    """What is compared: letters, case folded, and numbers in letters. Empty for punctuation."""

    @property
    def start_ms(self) -> int:
        """Start of the first token, from the start of the stream."""
        return self.tokens[0].start_ms

    @property
    def end_ms(self) -> int:
        """End of the last token, from the start of the stream."""
        return self.tokens[-1].end_ms

    @property
    def logprob(self) -> float:
        """Log-probability of the least certain token."""
        return min(token.logprob for token in self.tokens)

    @property
    def said_logprob(self) -> float:
        """The same of what is said in it: of letters and digits, not of punctuation."""
        said = [token.logprob for token in self.tokens if _is_said(token)]
        return min(said, default=self.logprob)

    @property
    def mark(self) -> tuple[HypothesisToken, ...]:
        """Punctuation at its end, where it stands in tokens of its own."""
        said = [index for index, token in enumerate(self.tokens) if _is_said(token)]
        return self.tokens[said[-1] + 1 :] if said else ()

    @property
    def unmarked(self) -> "Word":
        """The word without that."""
        return replace(self, tokens=self.tokens[: len(self.tokens) - len(self.mark)])


def words_of(hypothesis: Hypothesis, *, offset_ms: int) -> list[Word]:
    """Group a hypothesis into words and move its times to the stream's clock.

    Args:
        hypothesis: Times count from the start of its window.
        offset_ms: Where the window starts in the stream.
    """
    groups: list[list[HypothesisToken]] = []
    for token in hypothesis.tokens:
        moved = HypothesisToken(
            token.text, token.logprob, token.start_ms + offset_ms, token.end_ms + offset_ms
        )
        if not groups or _starts_word(token, groups[-1]):
            groups.append([moved])
        else:
            groups[-1].append(moved)
    words = [Word(tuple(group), _key(group)) for group in groups]
    return _without_bare_punctuation(words)


def capitalised(word: Word) -> Word:
    """Return a word with a capital letter, where it begins with a letter.

    A model may hear one sentence where two parts of it were read apart, the first with a stop.
    """
    first, *rest = word.tokens
    text = first.text.lstrip()
    space = first.text[: len(first.text) - len(text)]
    return replace(word, tokens=(replace(first, text=space + text[:1].upper() + text[1:]), *rest))


def mean_logprob(words: Sequence[Word]) -> float:
    """Return the mean log-probability of a token of these words; 0.0 when there are none."""
    logprobs = [token.logprob for word in words for token in word.tokens]
    return sum(logprobs) / len(logprobs) if logprobs else 0.0


def longer(last: list[Word], earlier: list[Word]) -> list[Word]:
    """Return the last reading of a segment, unless it broke off long before an earlier one did."""
    last_length, earlier_length = (
        sum(len(word.key) for word in words) for words in (last, earlier)
    )
    return earlier if last_length < BROKEN_OFF_PART * earlier_length else last


def _is_said(token: HypothesisToken) -> bool:
    return any(character.isalnum() for character in token.text)


def _starts_word(token: HypothesisToken, before: Sequence[HypothesisToken]) -> bool:
    """Whether a token begins a word of its own: the parts of "long-range" are two.

    One reading's "long" is the next one's "long-range", when more of it was heard.
    """
    return token.text.startswith(" ") or (token.text.startswith("-") and _is_said(before[-1]))


def _key(tokens: list[HypothesisToken]) -> str:
    text = spelt_out("".join(token.text for token in tokens))
    return "".join(character for character in text if character.isalnum()).casefold()


def _without_bare_punctuation(words: list[Word]) -> list[Word]:
    """Join punctuation that stands alone, such as a dash, to the word before it."""
    joined: list[Word] = []
    for word in words:
        if not word.key and joined:
            previous = joined.pop()
            joined.append(Word(previous.tokens + word.tokens, previous.key))
        else:
            joined.append(word)
    return [word for word in joined if word.key]
