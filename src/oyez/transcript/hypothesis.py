"""What an engine heard in one window of audio, before anything is decided about it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HypothesisToken:
    """One piece of text as an engine gave it: a word or a part of one."""

    text: str
    """The piece; a leading space means that it starts a word."""
    logprob: float
    """Natural logarithm of the probability the engine gave this piece, at most 0."""
    start_ms: int
    """Milliseconds from the first sample of the window."""
    end_ms: int
    """Milliseconds from the first sample of the window; at least `start_ms`."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of one window of audio."""

    tokens: tuple[HypothesisToken, ...]
    """In order of speech; times never decrease."""
    audio_ms: int
    """Length of the window that was read."""
    language: str | None = None
    """Two-letter code of the language heard, when the engine knows it."""
    draft: object = field(default=None, compare=False, repr=False)
    """Whatever the engine wants back to read a longer window of the same audio sooner."""
    is_hurried: bool = False
    """Whether the engine was in a hurry, and may read the same window otherwise when it is not."""

    @property
    def text(self) -> str:
        """The tokens' text, joined."""
        return "".join(token.text for token in self.tokens)

    @property
    def mean_logprob(self) -> float:
        """Mean natural log-probability a token; 0.0 when there are none."""
        if not self.tokens:
            return 0.0
        return sum(token.logprob for token in self.tokens) / len(self.tokens)


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A part of an earlier reading, to be checked rather than read anew."""

    hypothesis: Hypothesis
    from_ms: int = 0
    """Milliseconds from the first sample of its window; what begins earlier is left out."""
    until_ms: int | None = None
    """What begins at this time or later is left out; None for nothing."""
