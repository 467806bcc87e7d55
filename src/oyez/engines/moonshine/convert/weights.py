"""The weights of a Moonshine model, found in either of the two exports.

moonshine-tiny is quantised by onnxruntime: unsigned 8-bit weights in the operators themselves.
moonshine-base keeps signed 8-bit weights and turns them into floats in front of plain operators, by
way of the nodes Cast, Mul (scale) and Add (offset). Both have one scale a matrix, so that both come
out as the same `Matrix`, without loss.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from oyez.engines.moonshine.convert.ort_format import Array, Graph, Node, read_graph
from oyez.errors import EngineError

FloatArray: TypeAlias = NDArray[np.float32]

HEADS = 8
"""Attention heads of every layer, in tiny and in base; the files say it only in shapes."""

_FIRST_BRANCH = "else_branch"
"""Branch of the merged decoder that reads the audio's vectors; it holds every weight."""
_GRID_TOLERANCE = 1e-3
"""How far, in steps, an unpacked 8-bit weight may lie from its step: rounding of floats."""


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """8-bit weights: (values - zero) * scale."""

    values: NDArray[np.int8]
    """Shape (inputs, outputs), or that of a convolution: (outputs, inputs, width)."""
    scale: float
    zero: int

    def floats(self) -> FloatArray:
        """Return what the weights stand for."""
        whole = self.values.astype(np.int32) - self.zero
        return whole.astype(np.float32) * np.float32(self.scale)

    def flat(self) -> "Matrix":
        """Return a convolution's weights as a matrix: a row for each place and input, in order."""
        outputs, inputs, width = self.values.shape
        rows = self.values.transpose(2, 1, 0).reshape(width * inputs, outputs)
        return Matrix(rows, self.scale, self.zero)


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """Four projections of one attention."""

    query: Matrix
    key: Matrix
    value: Matrix
    output: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """The two layers of a feed-forward block; in decoders the first makes value and gate."""

    first: Matrix
    first_bias: FloatArray
    second: Matrix
    second_bias: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer of a transformer; `cross` attends to the audio and is in decoders only."""

    attention_norm: FloatArray
    attention: Attention
    cross_norm: FloatArray | None
    cross: Attention | None
    feed_norm: FloatArray
    feed: Feed


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution over time with a bias."""

    weights: Matrix
    bias: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """Samples to vectors."""

    samples: FloatArray
    """The first convolution, shape (channels, 1, 127)."""
    group_scale: FloatArray
    """After the normalisation over all channels and all time, shape (channels,)."""
    group_bias: FloatArray
    second: Convolution
    third: Convolution
    layers: tuple[Layer, ...]
    norm: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Decoder:
    """Ids to logits."""

    embedding: Matrix
    """Shape (ids, width)."""
    layers: tuple[Layer, ...]
    norm: FloatArray
    logits: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """One model."""

    encoder: Encoder
    decoder: Decoder
    frequencies: FloatArray
    """Of the rotary positions, in radians a vector, for each pair of dimensions."""

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return self.encoder.norm.size


def read_weights(encoder: Path, decoder: Path) -> Weights:
    """Read the weights of a published model.

    Raises:
        EngineError: A file is damaged, or an export of another kind.
    """
    heard = _Finder(encoder.name, read_graph(encoder))
    merged = read_graph(decoder)
    try:
        branch = next(
            n.branches[_FIRST_BRANCH] for n in merged.nodes if _FIRST_BRANCH in n.branches
        )
    except StopIteration:
        raise EngineError(f"{decoder.name} is not a decoder that oyez knows.") from None
    said = _Finder(decoder.name, merged, branch)
    prefix = "/model/decoder"
    return Weights(
        encoder=Encoder(
            samples=heard.convolution("/conv1/Conv").floats(),
            group_scale=heard.operand("/groupnorm/Mul").ravel(),
            group_bias=heard.operand("/groupnorm/Add").ravel(),
            second=heard.biased("conv2"),
            third=heard.biased("conv3"),
            layers=tuple(heard.layers("", "", _ENCODER_NAMES)),
            norm=heard.array("layer_norm.weight"),
        ),
        decoder=Decoder(
            embedding=said.embedding(f"{prefix}/embed_tokens/Gather"),
            layers=tuple(said.layers(prefix, "model.decoder.", _DECODER_NAMES)),
            norm=said.array("model.decoder.norm.weight"),
            logits=said.matrix("/proj_out"),
        ),
        frequencies=heard.frequencies(),
    )


# In the decoder the norm in front of the feed-forward block is the "final" one of a layer, and the
# one after self-attention belongs to the attention over the audio.
_ENCODER_NAMES = {"feed": "post_attention_layernorm"}
_DECODER_NAMES = {"cross": "post_attention_layernorm", "feed": "final_layernorm"}


class _Finder:
    """Looks weights up by the names that the exporter gave to operations."""

    def __init__(self, file: str, *graphs: Graph) -> None:
        self._file = file
        self._constants: dict[str, Array] = {}
        self._nodes: dict[str, Node] = {}
        self._makers: dict[str, Node] = {}
        for graph in graphs:
            self._constants.update(graph.constants)
            self._nodes.update((node.name, node) for node in graph.nodes)
            self._makers.update((name, node) for node in graph.nodes for name in node.outputs)

    def layers(self, prefix: str, constants: str, names: dict[str, str]) -> Iterator[Layer]:
        """Find the layers, as many as there are."""
        for index in count():
            at, name = f"{prefix}/layers.{index}", f"{constants}layers.{index}."
            if not self._has(f"{at}/self_attn/q_proj"):
                return
            has_cross = "cross" in names
            yield Layer(
                attention_norm=self.array(f"{name}input_layernorm.weight"),
                attention=self._attention(f"{at}/self_attn"),
                cross_norm=self.array(f"{name}{names['cross']}.weight") if has_cross else None,
                cross=self._attention(f"{at}/encoder_attn") if has_cross else None,
                feed_norm=self.array(f"{name}{names['feed']}.weight"),
                feed=self._feed(f"{at}/mlp", f"{name}mlp."),
            )

    def matrix(self, at: str) -> Matrix:
        """Find the weights of a matrix product."""
        quantised = self._nodes.get(f"{at}/MatMul_quant")
        if quantised is None:
            return self._unpacked(self._node(f"{at}/MatMul").inputs[1])
        # MatMulIntegerToFloat has the scale and zero of its first operand in between.
        places = (1, 3, 5) if quantised.op == "MatMulIntegerToFloat" else (1, 2, 3)
        return self._unsigned(*(quantised.inputs[place] for place in places))

    def embedding(self, at: str) -> Matrix:
        """Find the vectors of the ids."""
        name = self._node(at).inputs[0]
        if name not in self._constants:
            return self._unpacked(name)
        return self._unsigned(
            name, *(name.replace("_quantized", part) for part in ("_scale", "_zero_point"))
        )

    def biased(self, name: str) -> Convolution:
        """Find a convolution with its bias."""
        return Convolution(self.convolution(f"/{name}/Conv"), self.array(f"{name}.bias"))

    def convolution(self, at: str) -> Matrix:
        """Find the weights of a convolution."""
        name = self._node(at).inputs[1]
        if name in self._constants:
            return _on_grid(self._constants[name], name)
        return self._unpacked(name)

    def array(self, name: str) -> FloatArray:
        """Find a constant; in merged decoders its name has an ending."""
        for known in (name, f"{name}_merged_0"):
            if known in self._constants:
                return self._constants[known].astype(np.float32)
        raise self._unknown(name)

    def operand(self, at: str) -> FloatArray:
        """Find the constant that an operation works with."""
        found = [self._constants[i] for i in self._node(at).inputs if i in self._constants]
        if len(found) != 1:
            raise self._unknown(at)
        return found[0].astype(np.float32)

    def frequencies(self) -> FloatArray:
        """Find the frequencies of the rotary positions: the one constant of shape (1, n, 1)."""
        found = [c for c in self._constants.values() if c.ndim == 3 and c.shape[::2] == (1, 1)]
        if len(found) != 1:
            raise self._unknown("rotary_emb")
        return found[0].astype(np.float32).ravel()

    def _attention(self, at: str) -> Attention:
        output = "o_proj" if self._has(f"{at}/o_proj") else "dense"
        names = ("q_proj", "k_proj", "v_proj", output)
        return Attention(*(self.matrix(f"{at}/{name}") for name in names))

    def _feed(self, at: str, name: str) -> Feed:
        first, second = "fc1", "fc2"
        if not self._has(f"{at}/{first}"):
            first, second = "up_proj", "down_proj"
        return Feed(
            first=self.matrix(f"{at}/{first}"),
            first_bias=self.array(f"{name}{first}.bias"),
            second=self.matrix(f"{at}/{second}"),
            second_bias=self.array(f"{name}{second}.bias"),
        )

    def _has(self, at: str) -> bool:
        return any(f"{at}/{op}" in self._nodes for op in ("MatMul", "MatMul_quant"))

    def _node(self, name: str) -> Node:
        if name not in self._nodes:
            raise self._unknown(name)
        return self._nodes[name]

    def _unsigned(self, values: str, scale: str, zero: str) -> Matrix:
        """Move unsigned weights and their zero down by 128: the same numbers, signed."""
        if {values, scale, zero} - self._constants.keys():
            raise self._unknown(values)
        weights = self._constants[values]
        if weights.dtype != np.uint8:
            raise self._unknown(values)
        return Matrix(
            values=(weights.astype(np.int16) - 128).astype(np.int8),
            scale=float(self._constants[scale]),
            zero=int(self._constants[zero]) - 128,
        )

    def _unpacked(self, name: str) -> Matrix:
        """Follow Transpose, Add, Mul and Cast back to signed weights."""
        maker = self._maker(name)
        if maker.op == "Transpose":
            matrix = self._unpacked(maker.inputs[0])
            return Matrix(np.ascontiguousarray(matrix.values.T), matrix.scale, matrix.zero)
        offset, scaled = self._split(maker, "Add")
        scale, cast = self._split(self._maker(scaled), "Mul")
        source = self._maker(cast)
        weights = self._constants.get(source.inputs[0])
        zero = -offset / scale
        if source.op != "Cast" or weights is None or weights.dtype != np.int8:
            raise self._unknown(name)
        if abs(zero - round(zero)) > _GRID_TOLERANCE or not -128 <= round(zero) <= 127:
            raise self._unknown(name)
        return Matrix(weights, scale, round(zero))

    def _split(self, node: Node, op: str) -> tuple[float, str]:
        """Return the constant and the other operand of a node."""
        constants = [i for i in node.inputs if i in self._constants]
        others = [i for i in node.inputs if i not in self._constants]
        if node.op != op or len(constants) != 1 or self._constants[constants[0]].size != 1:
            raise self._unknown(node.name)
        return float(self._constants[constants[0]].item()), others[0]

    def _maker(self, name: str) -> Node:
        if name not in self._makers:
            raise self._unknown(name)
        return self._makers[name]

    def _unknown(self, what: str) -> EngineError:
        return EngineError(f"{self._file} is not an export that oyez knows: see {what}.")


def _on_grid(floats: FloatArray, name: str) -> Matrix:
    """Find the 8-bit weights that floats were unpacked from.

    Raises:
        EngineError: They do not lie on 256 equal steps.
    """
    levels = np.unique(floats).astype(np.float64)
    span = levels[-1] - levels[0]
    # Neighbouring levels are mostly one step apart; all of the span is a whole number of steps.
    step = float(np.median(np.diff(levels)))
    step = span / max(1, round(span / step))
    zero = -128 - round(levels[0] / step)
    values = np.round(floats / step) + zero
    error = np.abs((values - zero) * step - floats).max() / step
    if error > _GRID_TOLERANCE or values.max() > 127:
        raise EngineError(f"The weights {name} were not quantised to 8 bits.")
    return Matrix(values.astype(np.int8), step, zero)
