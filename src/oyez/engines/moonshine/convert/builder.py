"""Writes ONNX graphs node by node."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

from oyez.engines.moonshine.convert.kernels import Numbers
from oyez.engines.moonshine.convert.ort_format import Array
from oyez.engines.moonshine.convert.weights import Matrix

Fact: TypeAlias = int | float | Sequence[int]
"""What an operation is told beside its inputs."""
Rounded: TypeAlias = tuple[str, str, str]
"""Names of bytes, of their scale and of their zero."""

_OPSET = 18
_IR_VERSION = 9
"""What onnxruntime 1.17 and later read."""
_FUSED = "com.microsoft"
_END = 2**31 - 1
EPSILON = 1e-5


class Builder:
    """One graph in the making. Names of values are strings; constants are added when first used."""

    def __init__(self, name: str, numbers: Numbers) -> None:
        self._name = name
        self._numbers = numbers
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Sequence[str | int], kind: int = TensorProto.FLOAT) -> str:
        """Declare an input."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, shape: Sequence[str | int], kind: int = TensorProto.FLOAT) -> None:
        """Declare a value as an output."""
        self._outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def constant(self, name: str, value: ArrayLike) -> str:
        """Add a constant; the same name again means the same constant."""
        if name not in self._constants:
            array: Array = np.ascontiguousarray(value)
            self._constants[name] = numpy_helper.from_array(array.reshape(np.shape(value)), name)
        return name

    def integers(self, *values: int) -> str:
        """Add a constant list of integers."""
        name = "ints." + ".".join(map(str, values))
        return self.constant(name, np.array(values, np.int64))

    def add(
        self, op: str, *inputs: str, outputs: Sequence[str] = (), domain: str = "", **facts: Fact
    ) -> str:
        """Add an operation; return the name of its first output."""
        at = f"{op}.{len(self._nodes)}"
        names = list(outputs) or [at]
        node = helper.make_node(op, list(inputs), names, name=at, domain=domain)
        node.attribute.extend(helper.make_attribute(name, fact) for name, fact in facts.items())
        self._nodes.append(node)
        return names[0]

    def fused(self, op: str, *inputs: str, outputs: Sequence[str] = (), **facts: Fact) -> str:
        """Add one of onnxruntime's own operations."""
        return self.add(op, *inputs, outputs=outputs, domain=_FUSED, **facts)

    def split(self, value: str, parts: int) -> list[str]:
        """Cut the last axis into equal parts."""
        names = [f"{value}.{part}" for part in range(parts)]
        self.add("Split", value, outputs=names, axis=-1, num_outputs=parts)
        return names

    def windows(self, value: str, width: int, stride: int) -> str:
        """Put neighbours side by side: (1, steps, channels) to (1, frames, width * channels)."""
        one, by = self.integers(1), self.integers(stride)
        places = []
        for first in range(width):
            # Up to the last place from which a whole window fits.
            end = first - width + 1
            stop = self.integers(end if end < 0 else _END)
            places.append(self.add("Slice", value, self.integers(first), stop, one, by))
        return self.add("Concat", *places, axis=-1)

    def norm(self, name: str, value: str, weights: ArrayLike, *, output: str = "") -> str:
        """Normalise each vector, without a bias."""
        return self.add(
            "LayerNormalization",
            value,
            self.constant(name, weights),
            outputs=[output] if output else (),
            axis=-1,
            epsilon=EPSILON,
        )

    def add_and_norm(
        self, name: str, value: str, change: str, weights: ArrayLike
    ) -> tuple[str, str]:
        """Add a change to a value and normalise the sum, in one operation.

        For few vectors: for many, onnxruntime is four times faster with two operations.

        Returns:
            Names of the normalised sum and of the sum.
        """
        at = f"{name}.sum"
        normed = self.fused(
            "SkipLayerNormalization",
            value,
            change,
            self.constant(name, weights),
            outputs=[f"{name}.normed", "", "", at],
            epsilon=EPSILON,
        )
        return normed, at

    def product(
        self,
        name: str,
        value: str,
        *matrices: Matrix,
        bias: ArrayLike | None = None,
        output: str = "",
    ) -> str:
        """Multiply vectors by matrices side by side, as one matrix with a scale for each column."""
        outputs = [output] if output else ()
        if self._numbers is Numbers.FLOAT:
            floats = np.concatenate([matrix.floats() for matrix in matrices], axis=1)
            weights = self.constant(f"{name}.weights", floats)
            if bias is None:
                return self.add("MatMul", value, weights, outputs=outputs)
            product = self.add("MatMul", value, weights)
            return self.add("Add", product, self.constant(f"{name}.bias", bias), outputs=outputs)
        return self.fused(
            "DynamicQuantizeMatMul",
            value,
            *self.bytes_of(name, *matrices, numbers=self._numbers),
            *([] if bias is None else [self.constant(f"{name}.bias", bias)]),
            outputs=outputs,
        )

    def bend(self, value: str) -> str:
        """Apply GELU to what is multiplied next.

        Where that is rounded to bytes, by way of tanh (Hendrycks and Gimpel, arXiv 1606.08415): off
        by 0.0005 at the most, a fortieth of a byte's step, in half the time.
        """
        return self.fused("Gelu" if self._numbers is Numbers.FLOAT else "FastGelu", value)

    def rounded(self, value: str) -> Rounded:
        """Round floats to unsigned bytes, with one scale for all of them."""
        names = (f"{value}.bytes", f"{value}.scale", f"{value}.zero")
        self.add("DynamicQuantizeLinear", value, outputs=names)
        return names

    def product_of(self, name: str, value: str, rounded: Rounded, matrix: Matrix) -> str:
        """Multiply a value that has been rounded, for products that share it."""
        if self._numbers is Numbers.FLOAT:
            return self.product(name, value, matrix)
        (value, scale, zero) = rounded
        weights = self.bytes_of(name, matrix, numbers=self._numbers)
        operands = (value, weights[0], scale, weights[1], zero, weights[2])
        return self.fused("MatMulIntegerToFloat", *operands)

    def bytes_of(self, name: str, *matrices: Matrix, numbers: Numbers) -> tuple[str, str, str]:
        """Add 8-bit weights, scales and zeros of matrices side by side."""
        up, dtype = (128, np.uint8) if numbers is Numbers.UNSIGNED else (0, np.int8)
        values = np.concatenate([matrix.values for matrix in matrices], axis=1)
        scales = np.array([matrix.scale for matrix in matrices], np.float32)
        zeros = np.array([matrix.zero + up for matrix in matrices]).astype(dtype)
        if len({(matrix.scale, matrix.zero) for matrix in matrices}) == 1:
            scales, zeros = scales[0], zeros[0]
        else:
            columns = [matrix.values.shape[1] for matrix in matrices]
            scales, zeros = np.repeat(scales, columns), np.repeat(zeros, columns)
        return (
            self.constant(f"{name}.bytes", (values.astype(np.int16) + up).astype(dtype)),
            self.constant(f"{name}.scale", scales),
            self.constant(f"{name}.zero", zeros),
        )

    def model(self) -> bytes:
        """Return the finished model as the bytes of an ONNX file."""
        graph = helper.make_graph(
            self._nodes,
            self._name,
            self._inputs,
            self._outputs,
            initializer=list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        data: bytes = made.SerializeToString()
        return data


class Rotary:
    """Rotary positions of one model."""

    _LONGEST = 4096
    """Positions: 98 s of audio."""

    def __init__(self, builder: Builder, frequencies: Array, heads: int, position: str) -> None:
        turns = np.arange(self._LONGEST)[:, np.newaxis] * frequencies.astype(np.float64)
        self._builder = builder
        self._operands = (
            position,
            builder.constant("rotary.cos", np.cos(turns).astype(np.float32)),
            builder.constant("rotary.sin", np.sin(turns).astype(np.float32)),
        )
        self._heads = heads
        self._dimensions = 2 * frequencies.size

    def turn(self, value: str) -> str:
        """Turn the first dimensions of each head by their positions."""
        return self._builder.fused(
            "RotaryEmbedding",
            value,
            *self._operands,
            interleaved=1,
            num_heads=self._heads,
            rotary_embedding_dim=self._dimensions,
        )
