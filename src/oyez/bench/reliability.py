"""What confidence is worth: of the words said with 0.8, are eight of ten right?

A final word is right when the alignment of the transcript with the reference (letters and digits,
lower case; numbers are not brought to one form) has it at its place. Reliability diagram of ten
bins and expected calibration error: mean of |confidence - share right| over the bins, weighted by
their words (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). AUC: how often a
right word has the higher confidence than a wrong one, ties half.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oyez.bench import tables
from oyez.bench.joints import align, keyed, keys_of
from oyez.bench.streaming import Word

BINS = 10


def report(readings: Sequence[tuple[str, Sequence[Word]]]) -> dict[str, Any]:
    """Print and return the reliability of the words of transcripts beside their references."""
    confidence, is_right = judged(readings)
    if not confidence.size:
        tables.note("\nNo word has a confidence.")
        return {}
    found = bins(confidence, is_right)
    error = calibration_error(found)
    rank = auc(confidence, is_right)
    rows = [
        [
            f"{index / BINS:.1f}-{(index + 1) / BINS:.1f}",
            str(item["words"]),
            f"{item['confidence']:.3f}",
            f"{item['right']:.3f}",
        ]
        for index, item in enumerate(found)
        if item["words"]
    ]
    tables.note("\n" + tables.table(("confidence", "words", "mean", "right"), rows))
    tables.note(
        f"\nExpected calibration error {error:.3f}; AUC "
        f"{'-' if rank is None else f'{rank:.3f}'}; {confidence.size} words."
    )
    return {"bins": found, "ece": round(error, 4), "auc": rank, "words": int(confidence.size)}


def judged(
    readings: Sequence[tuple[str, Sequence[Word]]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the confidence of every word that has one, and whether it is right."""
    confidences: list[float] = []
    rights: list[bool] = []
    for reference, words in readings:
        said = keyed(words)
        right: set[int] = set()
        for step in align(keys_of(reference), [word.text for word in said]):
            if step.kind == "equal":
                right.update(range(step.hyp_start, step.hyp_end))
        for index, word in enumerate(said):
            if word.confidence is not None:
                confidences.append(word.confidence)
                rights.append(index in right)
    return np.array(confidences, np.float64), np.array(rights, np.bool_)


def bins(
    confidence: NDArray[np.float64], is_right: NDArray[np.bool_]
) -> list[dict[str, float | int]]:
    """Return words, mean confidence and share right of each tenth of the scale."""
    places = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    found: list[dict[str, float | int]] = []
    for index in range(BINS):
        inside = places == index
        count = int(inside.sum())
        found.append(
            {
                "words": count,
                "confidence": round(float(confidence[inside].mean()), 4) if count else 0.0,
                "right": round(float(is_right[inside].mean()), 4) if count else 0.0,
            }
        )
    return found


def calibration_error(found: Sequence[dict[str, float | int]]) -> float:
    """Return the expected calibration error of the bins."""
    words = sum(item["words"] for item in found)
    gaps = sum(item["words"] * abs(item["confidence"] - item["right"]) for item in found)
    return gaps / max(words, 1)


def auc(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float | None:
    """Return the area under the ROC curve; None where all words are right, or all wrong."""
    rights, wrongs = confidence[is_right], np.sort(confidence[~is_right])
    if not rights.size or not wrongs.size:
        return None
    below = np.searchsorted(wrongs, rights, "left") + np.searchsorted(wrongs, rights, "right")
    return round(float(below.mean()) / 2.0 / wrongs.size, 4)
