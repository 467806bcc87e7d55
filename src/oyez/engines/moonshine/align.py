"""Which vectors of the audio each id was read from: where the decoder looked.

Some heads of the attention over the audio follow the speech. Their attention is normalised and
averaged, and the best monotonic path through it is found by dynamic time warping, as the times of
Whisper's words are (openai/whisper, ``timing.py``; the median filter there changes nothing here).

Words begin a median of 40 ms (tiny) and 30 ms (base) off a forced alignment, with 9 of 10 within
110 and 90 ms: 600 words of 32 development clips that did not choose the heads. Spread over the loud
stretches by their length, they were 150 and 140 ms off, with 9 of 10 within 470 and 420 ms.
"""

import numpy as np

from oyez.engines.moonshine.graph import FloatArray, IndexArray


def path(looks: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Find the stretch of vectors that each row belongs to.

    Args:
        looks: How much each head looked at each vector, shape (heads, rows, vectors).

    Returns:
        First and last vector of each row. Rows follow one another: a row begins where the one
        before it ends, or one vector later; the first begins at vector 0, the last ends at the end.
    """
    return _warp(_clarity(looks))


def _clarity(looks: FloatArray) -> FloatArray:
    """Return how clearly each row looks at each vector, shape (rows, vectors)."""
    centred = looks - looks.mean(axis=2, keepdims=True)
    centred /= looks.std(axis=2, keepdims=True) + np.float32(1e-10)
    mean: FloatArray = centred.mean(axis=0)
    return mean


def _warp(clarity: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Find the path with the greatest sum from the first place to the last.

    A step goes to the next vector, to the next row, or to both. A row's stretch is found for all of
    its ends at once: the best sum up to its start, less what the row had before it, is a running
    maximum.
    """
    rows, vectors = clarity.shape
    starts = np.zeros((rows, vectors), np.int64)
    is_step = np.zeros((rows, vectors), np.bool_)
    places = np.arange(vectors)
    sums = clarity.astype(np.float64).cumsum(axis=1)
    best = sums[0]
    for row in range(1, rows):
        before = np.concatenate(([-np.inf], best[:-1]))
        is_step[row] = before >= best
        gain = np.maximum(before, best)
        gain[1:] -= sums[row, :-1]
        peak = np.maximum.accumulate(gain)
        # Where the running maximum was reached last.
        starts[row] = np.maximum.accumulate(np.where(gain >= peak, places, 0))
        best = peak + sums[row]
    first, last = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    place = vectors - 1
    for row in range(rows - 1, -1, -1):
        last[row] = place
        first[row] = place = starts[row, place]
        place -= int(is_step[row, place])
    return first, last
