"""Audio to frames, block by block: what a window shares with an earlier one is not heard again.

A block is a fixed stretch of samples, and its frames depend on nothing else. Blocks are known by
their very samples. So a window is heard the same whether or not its blocks were known, and a window
that begins whole blocks earlier or later than another shares them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from oyez.engines.base import Samples
from oyez.engines.moonshine.convert.blocks import (
    BLOCK_SAMPLES,
    BLOCK_STRIDE,
    OWN_STEPS,
    frames_in,
    steps_in,
)

FloatArray: TypeAlias = NDArray[np.float32]
Frames: TypeAlias = NDArray[np.float16] | NDArray[np.float32]

_EPSILON = 1e-5
"""Added to the variance, as the published models do."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the first two convolutions make of a block."""

    frames: Frames
    """Shape (`BLOCK_FRAMES`, channels)."""
    sums: FloatArray
    squares: FloatArray
    """Over the channels of each step, shape (`BLOCK_STEPS`,)."""


Blocks: TypeAlias = Mapping[bytes, Block]
"""Blocks by their samples."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the first two convolutions make of a window."""

    frames: Frames
    """Shape (1, frames, channels)."""
    mean: float
    scale: float
    """Of the first convolution over the window: its mean, and one over its standard deviation."""

    @property
    def feed(self) -> dict[str, Frames]:
        """The encoder's inputs."""
        mean, scale = (np.array([number], np.float32) for number in (self.mean, self.scale))
        return {"frames": self.frames, "mean": mean, "scale": scale}


class Listener:
    """The first two convolutions of a model. Thread-safe.

    Args:
        session: The graph that `convert.listener` writes.
        channels: Of the first convolution.
    """

    def __init__(self, session: ort.InferenceSession, channels: int) -> None:
        self._session = session
        self._channels = channels
        self._names = ("frames", "sums", "squares")

    def listen(self, samples: Samples, known: Blocks) -> tuple[Heard, dict[bytes, Block]]:
        """Hear a window.

        Args:
            samples: At least 895.
            known: Blocks that need not be heard.

        Returns:
            What was heard, and the blocks that it is made of.
        """
        keys = list(_cut(samples))
        blocks: dict[bytes, Block] = {}
        for key in keys:
            if key not in blocks:
                blocks[key] = known.get(key) or self._hear(key)
        return self._join([blocks[key] for key in keys], samples.size), blocks

    def _hear(self, block: bytes) -> Block:
        """Hear a block by itself: beside others, its sums would be rounded otherwise."""
        samples = np.frombuffer(block, np.float32)[np.newaxis]
        frames, sums, squares = self._session.run(self._names, {"samples": samples})
        return Block(frames[0], sums[0], squares[0])

    def _join(self, blocks: Sequence[Block], samples: int) -> Heard:
        """Put blocks together that follow one another, as far as the samples go."""
        frames = np.concatenate([block.frames for block in blocks])[: frames_in(samples)]
        steps = steps_in(samples)
        # What is summed, and in which order, depends on the window alone.
        sums = np.concatenate([block.sums[:OWN_STEPS] for block in blocks])[:steps]
        squares = np.concatenate([block.squares[:OWN_STEPS] for block in blocks])[:steps]
        numbers = steps * self._channels
        mean = float(sums.sum(dtype=np.float64)) / numbers
        variance = float(squares.sum(dtype=np.float64)) / numbers - mean**2
        return Heard(frames[np.newaxis], mean, 1 / math.sqrt(max(0.0, variance) + _EPSILON))


def _cut(samples: Samples) -> Iterator[bytes]:
    """Cut a window into blocks; the last ones reach into silence, which no frame is made of."""
    blocks = max(1, -(-steps_in(samples.size) // OWN_STEPS))
    missing = BLOCK_STRIDE * (blocks - 1) + BLOCK_SAMPLES - samples.size
    padded = np.concatenate((samples, np.zeros(max(0, missing), np.float32)))
    for start in range(0, BLOCK_STRIDE * blocks, BLOCK_STRIDE):
        yield padded[start : start + BLOCK_SAMPLES].tobytes()
