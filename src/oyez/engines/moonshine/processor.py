"""Which 8-bit products this processor computes rightly and fast.

Products of unsigned activations and signed weights are fastest, where the processor adds four of
them up in 32 bits (VNNI on x86, the dot product on Arm). Older x86 processors add two in 16 bits
first: 255 * 127 + 255 * 127 does not fit and is cut off without a word. Products of unsigned bytes
are widened before they are added, on every processor, and give the same sums as signed ones do
where those are right. (Under valgrind, which has AVX2 and no VNNI, vectors made with signed weights
are 7 % off, and those made with unsigned ones are what they should be.)

What a processor has is told in another way by every system, and not at all by some. So it is tried:
the largest products are asked of the kernels that will compute.
"""

from functools import cache
from typing import Final

import numpy as np
import onnxruntime as ort

from oyez.engines.moonshine.convert.kernels import Numbers

DEPTH: Final = 64
"""Products in one sum."""
KEPT_COLUMNS: Final = 48
_ROWS: Final = (1, 7, 70)
"""Kernels differ for one row, for few and for many."""
_ACTIVATION: Final = 255
_WEIGHT: Final = 127

PROBE: Final = (
    b"\x08\t\x12\x00:\x98\x02\n6\n\x05shape\x12\x04kept\x22\x0fConstantOfShape*\x16\n\x05value*\n"
    b"\x08\x01\x10\x03*\x01\x7fB\x01v\xa0\x01\x04\n0\n\x0bactivations\n\x04kept\x12\x0csums_of_kept"
    b"\x22\rMatMulInteger\n+\n\x0bactivations\n\x07weights\x12\x04sums\x22\rMatMulInteger\x12\x05"
    b"probe*\x0f\x08\x02\x10\x07:\x02@0B\x05shapeZ!\n\x0bactivations\x12\x12\n\x10\x08\x02\x12\x0c"
    b"\n\x06\x12\x04rows\n\x02\x08@Z \n\x07weights\x12\x15\n\x13\x08\x03\x12\x0f\n\x02\x08@\n\t"
    b"\x12\x07columnsb\x14\n\x0csums_of_kept\x12\x04\n\x02\x08\x06b\x0c\n\x04sums\x12\x04\n\x02\x08"
    b"\x06B\x04\n\x00\x10\x12"
)
"""An ONNX file of two products: of unsigned activations by signed weights of 127 that it holds, and
by those that it is given. (To write it here would take `onnx`: 0.3 s and 30 MB.)"""


@cache
def best_numbers() -> Numbers:
    """Return what weights are multiplied as on this machine: signed only where that is right."""
    return Numbers.SIGNED if _are_signed_products_right() else Numbers.UNSIGNED


def _are_signed_products_right() -> bool:
    """Try products that overflow 16 bits when two of them are added. It takes 20 ms."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(PROBE, options, providers=["CPUExecutionProvider"])
    weights = np.full((DEPTH, 2 * KEPT_COLUMNS), _WEIGHT, np.int8)
    wanted = DEPTH * _ACTIVATION * _WEIGHT
    for rows in _ROWS:
        activations = np.full((rows, DEPTH), _ACTIVATION, np.uint8)
        sums = session.run(None, {"activations": activations, "weights": weights})
        if any((found != wanted).any() for found in sums):
            return False
    return True
