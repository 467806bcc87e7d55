"""How a window is divided: samples, steps of the first convolution, frames of the second, blocks.

A block is so many frames, counted from the window's start, and the samples that they are made of;
it reaches a little into the next one.
"""

from typing import Final

STEP_SAMPLES: Final = 64
STEP_WIDTH: Final = 127
"""Stride and width of the first convolution, in samples."""
FRAME_STEPS: Final = 3
FRAME_WIDTH: Final = 7
"""Stride and width of the second convolution, in steps."""
BLOCK_FRAMES: Final = 16
BLOCK_STEPS: Final = FRAME_STEPS * (BLOCK_FRAMES - 1) + FRAME_WIDTH
OWN_STEPS: Final = FRAME_STEPS * BLOCK_FRAMES
"""Steps of a block that are not in the next one."""
BLOCK_SAMPLES: Final = STEP_SAMPLES * (BLOCK_STEPS - 1) + STEP_WIDTH
"""212 ms."""
BLOCK_STRIDE: Final = STEP_SAMPLES * OWN_STEPS
"""Samples from one block to the next: 192 ms."""


def steps_in(samples: int) -> int:
    """Return how many steps samples make."""
    return max(0, (samples - STEP_WIDTH) // STEP_SAMPLES + 1)


def frames_in(samples: int) -> int:
    """Return how many frames samples make."""
    return max(0, (steps_in(samples) - FRAME_WIDTH) // FRAME_STEPS + 1)
