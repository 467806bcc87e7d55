"""The path through where the decoder looked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines.moonshine.align import path
from oyez.engines.moonshine.graph import FloatArray


def slow_best(clarity: FloatArray) -> float:
    """The greatest sum of a path, place by place."""
    rows, vectors = clarity.shape
    best = np.full((rows, vectors), -np.inf)
    best[0, 0] = clarity[0, 0]
    for row in range(rows):
        for place in range(vectors):
            before = [
                best[row - 1, place] if row else -np.inf,
                best[row, place - 1] if place else -np.inf,
                best[row - 1, place - 1] if row and place else -np.inf,
            ]
            if row or place:
                best[row, place] = clarity[row, place] + max(before)
    return float(best[-1, -1])


def clarity_of(looks: FloatArray) -> FloatArray:
    centred = looks - looks.mean(axis=2, keepdims=True)
    clarity: FloatArray = (centred / (looks.std(axis=2, keepdims=True) + 1e-10)).mean(axis=0)
    return clarity


@given(
    heads=st.integers(1, 3), rows=st.integers(1, 12), vectors=st.integers(1, 30), seed=st.integers()
)
def test_no_path_is_better(heads: int, rows: int, vectors: int, seed: int) -> None:
    random = np.random.default_rng(abs(seed))
    looks = random.random((heads, rows, vectors), np.float32)
    first, last = path(looks)
    assert first[0] == 0
    assert last[-1] == vectors - 1
    assert (first <= last).all()
    steps = first[1:] - last[:-1]
    assert ((steps == 0) | (steps == 1)).all()
    clarity = clarity_of(looks)
    total = sum(clarity[row, first[row] : last[row] + 1].sum() for row in range(rows))
    assert total == pytest.approx(slow_best(clarity), abs=1e-3)


def test_clear_looks_are_followed() -> None:
    looks = np.full((1, 3, 9), 0.01, np.float32)
    for row, (start, end) in enumerate(((0, 4), (4, 5), (5, 9))):
        looks[0, row, start:end] = 1.0
    first, last = path(looks)
    assert first.tolist() == [0, 4, 5]
    assert last.tolist() == [3, 4, 8]


def test_blank_looks_are_no_error() -> None:
    first, last = path(np.zeros((2, 4, 3), np.float32))
    assert first[0] == 0
    assert last[-1] == 2
