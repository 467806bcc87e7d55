"""Numbers about numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import jiwer
import numpy as np

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Summary:
    """A set of measurements in one line."""

    count: int
    p50: float
    p95: float
    worst: float

    def as_dict(self) -> dict[str, float | int]:
        """Return it for JSON."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def summary(values: Sequence[float]) -> Summary | None:
    """Return median, 95th percentile (linear interpolation) and largest, or None of nothing."""
    if not values:
        return None
    p50, p95 = np.percentile(values, [50, 95])
    return Summary(len(values), float(p50), float(p95), max(values))


@dataclass(frozen=True, slots=True)
class Errors:
    """Word errors of one utterance, or of many together."""

    words: int
    """Words of the reference."""
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def count(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def percent(self) -> float:
        """The word error rate."""
        return 100.0 * self.count / max(self.words, 1)

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(
            self.words + other.words,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def word_errors(reference: str, hypothesis: str) -> Errors:
    """Return the errors of normalised texts."""
    words = len(reference.split())
    if not words:
        return Errors(0, insertions=len(hypothesis.split()))
    found = jiwer.process_words(reference, hypothesis)
    return Errors(words, found.substitutions, found.deletions, found.insertions)


def pooled(errors: Sequence[Errors]) -> Errors:
    """Return the errors of all utterances together: long utterances weigh more."""
    return sum(errors, Errors(0))


Interval = tuple[float, float]


def bootstrap_wer(errors: Sequence[Errors]) -> Interval:
    """Return the 95 % interval of the pooled rate over resampled utterances, in percent."""
    return bootstrap_difference(errors, [Errors(item.words) for item in errors])


def bootstrap_difference(ones: Sequence[Errors], others: Sequence[Errors]) -> Interval:
    """Return the 95 % interval of the difference of two pooled rates, paired, in points."""
    if not ones:
        return (0.0, 0.0)
    words = np.array([item.words for item in ones])
    difference = np.array([a.count - b.count for a, b in zip(ones, others, strict=True)])
    picks = np.random.default_rng(0).integers(0, len(words), (RESAMPLES, len(words)))
    rates = 100.0 * difference[picks].sum(axis=1) / np.maximum(words[picks].sum(axis=1), 1)
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)
