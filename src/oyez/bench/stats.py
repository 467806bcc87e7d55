"""Numbers about numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jiwer
import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
SUMMARY_RESAMPLES = 500


Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """A set of measurements in one line."""

    count: int
    p50: float
    p90: float
    p95: float
    worst: float
    p50_95: Interval
    """95 % interval of the median."""
    p95_95: Interval
    """95 % interval of the 95th percentile."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            name: [round(bound, 4) for bound in value]
            if isinstance(value, tuple)
            else round(value, 4)
            for name, value in asdict(self).items()
        }


def summary(values: Sequence[float], sources: Sequence[str] | None = None) -> Summary | None:
    """Return percentiles (linear interpolation) with their spread, or None of nothing.

    The intervals are a percentile bootstrap (Efron, 1979). Measurements of one recording resemble
    each other, so whole recordings are drawn (cluster bootstrap) where `sources` names them.

    Args:
        values: The measurements.
        sources: The recording of each; None when each stands for itself.
    """
    if not values:
        return None
    data = np.array(values, np.float64)
    p50, p90, p95 = np.percentile(data, [50, 90, 95])
    low, high = _spread(data, sources)
    return Summary(
        len(values),
        float(p50),
        float(p90),
        float(p95),
        float(data.max()),
        (float(low[0]), float(high[0])),
        (float(low[1]), float(high[1])),
    )


def _spread(
    data: NDArray[np.float64], sources: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 2.5th and 97.5th percentile of the median and of the 95th percentile."""
    random = np.random.default_rng(0)
    if sources is None or len(set(sources)) < 2:
        groups = [data[index : index + 1] for index in range(data.size)]
    else:
        members: dict[str, list[int]] = {}
        for index, source in enumerate(sources):
            members.setdefault(source, []).append(index)
        groups = [data[indices] for indices in members.values()]
    draws = np.array(
        [
            np.percentile(np.concatenate([groups[pick] for pick in picks]), [50, 95])
            for picks in random.integers(0, len(groups), (SUMMARY_RESAMPLES, len(groups)))
        ]
    )
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return low, high


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
