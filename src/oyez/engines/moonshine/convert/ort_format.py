"""Reads models in onnxruntime's own format: FlatBuffers with the schema of its ``ort.fbs``.

Only what weights are found by is read: the nodes with their names, and the constants.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oyez.errors import EngineError

Array: TypeAlias = NDArray[Any]

_IDENTIFIER = b"ORTM"
_DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_}
"""onnx.TensorProto.DataType to numpy, as far as the models use it."""

# Places of the fields in the tables' vtables: 4, and 2 for each field before it in the schema.
_SESSION_MODEL = 6
_MODEL_GRAPH = 18
_GRAPH_INITIALIZERS, _GRAPH_NODES = 4, 8
_NODE_NAME, _NODE_OP, _NODE_INPUTS, _NODE_OUTPUTS, _NODE_ATTRIBUTES = 4, 14, 20, 22, 24
_ATTRIBUTE_NAME, _ATTRIBUTE_GRAPH = 4, 18
_TENSOR_NAME, _TENSOR_DIMS, _TENSOR_DTYPE, _TENSOR_RAW = 4, 8, 10, 12


@dataclass(frozen=True, slots=True)
class Node:
    """One operation."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    branches: dict[str, "Graph"]
    """Graphs among its attributes, by the attribute's name."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Operations and constants."""

    nodes: tuple[Node, ...]
    constants: dict[str, Array]
    """By name. Arrays are views of the file."""


def read_graph(path: Path) -> Graph:
    """Read the main graph of a model.

    Raises:
        EngineError: The file is not such a model, or is cut off.
    """
    data = path.read_bytes()
    try:
        if data[4:8] != _IDENTIFIER:
            raise EngineError(f"{path.name} is not a model in onnxruntime's format.")
        return _graph(_Table(data, _u32(data, 0)).table(_SESSION_MODEL).table(_MODEL_GRAPH))
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise EngineError(f"{path.name} is damaged: {error!r}.") from error


class _Table:
    """A FlatBuffers table: fields found through a vtable, any of which may be absent."""

    __slots__ = ("_data", "_position", "_vtable")

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position
        self._vtable = position - _unpack("<i", data, position)

    def text(self, field: int) -> str:
        """Read a string; empty when it is absent."""
        at = self._at(field)
        return _string(self._data, at + _u32(self._data, at)) if at else ""

    def number(self, field: int) -> int:
        """Read a 32-bit integer; 0 when it is absent."""
        at = self._at(field)
        return _unpack("<i", self._data, at) if at else 0

    def table(self, field: int) -> "_Table":
        """Read a table.

        Raises:
            KeyError: It is absent.
        """
        at = self._at(field)
        if not at:
            raise KeyError(field)
        return _Table(self._data, at + _u32(self._data, at))

    def has(self, field: int) -> bool:
        """Whether a field is there."""
        return bool(self._at(field))

    def tables(self, field: int) -> Iterator["_Table"]:
        """Read a vector of tables."""
        return (_Table(self._data, place) for place in self._places(field))

    def texts(self, field: int) -> tuple[str, ...]:
        """Read a vector of strings."""
        return tuple(_string(self._data, place) for place in self._places(field))

    def values(self, field: int, dtype: type[np.generic]) -> Array:
        """Read a vector of numbers."""
        at = self._at(field)
        if not at:
            return np.zeros(0, dtype)
        start = at + _u32(self._data, at)
        return np.frombuffer(self._data, dtype, _u32(self._data, start), start + 4)

    def _places(self, field: int) -> Iterator[int]:
        at = self._at(field)
        if at:
            start = at + _u32(self._data, at)
            for place in range(start + 4, start + 4 + 4 * _u32(self._data, start), 4):
                yield place + _u32(self._data, place)

    def _at(self, field: int) -> int:
        """Return where a field's value is, or 0."""
        if field >= _unpack("<H", self._data, self._vtable):
            return 0
        offset = _unpack("<H", self._data, self._vtable + field)
        return self._position + offset if offset else 0


def _graph(table: _Table) -> Graph:
    nodes = (_node(node) for node in table.tables(_GRAPH_NODES))
    return Graph(
        # Operations that an optimiser removed leave an empty place.
        nodes=tuple(node for node in nodes if node.op),
        constants=dict(_constant(tensor) for tensor in table.tables(_GRAPH_INITIALIZERS)),
    )


def _node(table: _Table) -> Node:
    return Node(
        name=table.text(_NODE_NAME),
        op=table.text(_NODE_OP),
        inputs=table.texts(_NODE_INPUTS),
        outputs=table.texts(_NODE_OUTPUTS),
        branches={
            attribute.text(_ATTRIBUTE_NAME): _graph(attribute.table(_ATTRIBUTE_GRAPH))
            for attribute in table.tables(_NODE_ATTRIBUTES)
            if attribute.has(_ATTRIBUTE_GRAPH)
        },
    )


def _constant(table: _Table) -> tuple[str, Array]:
    dtype = _DTYPES[table.number(_TENSOR_DTYPE)]
    shape = tuple(table.values(_TENSOR_DIMS, np.int64).tolist())
    raw = table.values(_TENSOR_RAW, np.uint8)
    return table.text(_TENSOR_NAME), raw.view(dtype).reshape(shape)


def _string(data: bytes, at: int) -> str:
    start = at + 4
    return data[start : start + _u32(data, at)].decode()


def _u32(data: bytes, at: int) -> int:
    return _unpack("<I", data, at)


def _unpack(layout: str, data: bytes, at: int) -> int:
    value: int = struct.unpack_from(layout, data, at)[0]
    return value
