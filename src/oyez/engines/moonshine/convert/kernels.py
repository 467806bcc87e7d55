"""How a lean graph computes."""

from dataclasses import dataclass
from enum import StrEnum


class Numbers(StrEnum):
    """What weights are multiplied as."""

    SIGNED = "s8"
    """Signed bytes, by activations that are rounded to unsigned bytes at run time."""
    UNSIGNED = "u8"
    """Unsigned bytes: the same sums, for processors that would overflow with signed ones."""
    FLOAT = "f32"
    """Floats, without rounding of activations: five times the work, for comparison."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """How the parts of a graph compute."""

    products: Numbers
    convolutions: Numbers
