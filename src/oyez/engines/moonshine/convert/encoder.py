"""The encoder as a lean graph: samples to vectors, and to what the decoder looks at.

Three convolutions make a vector of every 384 samples, a transformer reads them. The keys and values
that each layer of the decoder attends to depend on the audio alone and are computed here, once.
"""

import math
from dataclasses import replace

import numpy as np

from oyez.engines.moonshine.convert.builder import EPSILON, Builder, Rotary, Rounded
from oyez.engines.moonshine.convert.kernels import Kernels, Numbers
from oyez.engines.moonshine.convert.weights import HEADS, Convolution, Weights

_STRIDES = (64, 3, 2)
_END = 2**31 - 1


def encoder_model(weights: Weights, kernels: Kernels) -> bytes:
    """Write the encoder as an ONNX file.

    Input: ``samples``, shape (1, samples). Outputs: ``vectors``, shape (1, vectors, width), and for
    each layer i of the decoder ``audio_key.i``, shape (1, heads, width / heads, vectors), and
    ``audio_value.i``, shape (1, heads, vectors, width / heads).
    """
    graph = Builder("encoder", kernels.products)
    samples = graph.input("samples", (1, "samples"))
    value = _convolve(graph, weights, kernels.convolutions, samples)
    _look_at(graph, weights, _transform(graph, weights, value))
    return graph.model()


def _convolve(graph: Builder, weights: Weights, numbers: Numbers, samples: str) -> str:
    encoder = weights.encoder
    value = graph.add(
        "Conv",
        graph.add("Unsqueeze", samples, graph.integers(1)),
        graph.constant("conv1.weights", encoder.samples),
        kernel_shape=[encoder.samples.shape[2]],
        strides=[_STRIDES[0]],
    )
    value = graph.add("Tanh", value)
    # Mean and variance over all channels and all time: they are one group.
    flat = graph.add(
        "InstanceNormalization",
        graph.add("Reshape", value, graph.integers(0, 1, -1)),
        graph.constant("one", np.ones(1, np.float32)),
        graph.constant("zero", np.zeros(1, np.float32)),
        epsilon=EPSILON,
    )
    value = graph.add("Reshape", flat, graph.add("Shape", value))
    scale, bias = (part[:, np.newaxis] for part in (encoder.group_scale, encoder.group_bias))
    value = graph.add("Mul", value, graph.constant("group.scale", scale))
    value = graph.add("Add", value, graph.constant("group.bias", bias))
    if numbers is Numbers.FLOAT:
        value = graph.fused("Gelu", _convolution(graph, "conv2", value, encoder.second, 3))
        value = graph.fused("Gelu", _convolution(graph, "conv3", value, encoder.third, 2))
        return graph.add("Transpose", value, perm=[0, 2, 1])
    value = graph.add("Transpose", value, perm=[0, 2, 1])
    for name, part, stride in (("conv2", encoder.second, 3), ("conv3", encoder.third, 2)):
        convolution = _ByteConvolution(graph, name, part, stride, numbers)
        value = graph.fused("Gelu", convolution.apply(value))
    return value


def _convolution(graph: Builder, name: str, value: str, part: Convolution, stride: int) -> str:
    weights = part.weights.floats()
    return graph.add(
        "Conv",
        value,
        graph.constant(f"{name}.weights", weights),
        graph.constant(f"{name}.bias", part.bias),
        kernel_shape=[weights.shape[2]],
        strides=[stride],
    )


class _ByteConvolution:
    """A convolution as two products of bytes: of the rounded input, and of what rounding left over.

    One product loses too much: one step for all channels is too coarse for some of them (55 % of
    the words are wrong). Two give 16 bits and take half the time of floats.
    """

    def __init__(
        self, graph: Builder, name: str, part: Convolution, stride: int, numbers: Numbers
    ) -> None:
        self._graph = graph
        self._width = part.weights.values.shape[2]
        self._stride = stride
        self._weights = graph.bytes_of(name, part.weights.flat(), numbers=numbers)
        self._bias = graph.constant(f"{name}.bias", part.bias)

    def apply(self, value: str) -> str:
        """Convolve a value of shape (1, time, channels)."""
        graph = self._graph
        rounded = graph.rounded(value)
        rest = graph.add("Sub", value, graph.add("DequantizeLinear", *rounded))
        product = self._product(rounded, self._bias)
        return graph.add("Add", product, self._product(graph.rounded(rest)))

    def _product(self, rounded: Rounded, *bias: str) -> str:
        graph = self._graph
        (value, scale, zero), (weights, weights_scale, weights_zero) = rounded, self._weights
        one, stride = graph.integers(1), graph.integers(self._stride)
        places = []
        for first in range(self._width):
            # Up to the last place from which a whole window fits.
            end = first - self._width + 1
            start, stop = graph.integers(first), graph.integers(end if end < 0 else _END)
            places.append(graph.add("Slice", value, start, stop, one, stride))
        windows = graph.add("Concat", *places, axis=-1)
        operands = (windows, weights, scale, weights_scale, zero, weights_zero)
        return graph.fused("MatMulIntegerToFloat", *operands, *bias)


def _transform(graph: Builder, weights: Weights, value: str) -> str:
    """Run the transformer. Each vector may look at all others."""
    rotary = Rotary(graph, weights.frequencies, HEADS, graph.integers(0))
    scale = 1 / math.sqrt(weights.width // HEADS)
    for index, layer in enumerate(weights.encoder.layers):
        name = f"layers.{index}"
        normed = graph.norm(f"{name}.attention.norm", value, layer.attention_norm)
        part = layer.attention
        joint = graph.product(f"{name}.attention.in", normed, part.query, part.key, part.value)
        query, key, seen = graph.split(joint, 3)
        looked = graph.fused(
            "MultiHeadAttention",
            rotary.turn(query),
            rotary.turn(key),
            seen,
            num_heads=HEADS,
            scale=scale,
        )
        value = graph.add("Add", value, graph.product(f"{name}.attention.out", looked, part.output))
        normed = graph.norm(f"{name}.feed.norm", value, layer.feed_norm)
        feed = layer.feed
        wide = graph.product(f"{name}.feed.in", normed, feed.first, bias=feed.first_bias)
        fed = graph.product(
            f"{name}.feed.out", graph.fused("Gelu", wide), feed.second, bias=feed.second_bias
        )
        value = graph.add("Add", value, fed)
    vectors = graph.norm("norm", value, weights.encoder.norm, output="vectors")
    graph.output(vectors, (1, "vectors", weights.width))
    return vectors


def _look_at(graph: Builder, weights: Weights, vectors: str) -> None:
    """Compute the keys and values of the decoder's layers, laid out as it multiplies by them."""
    head = weights.width // HEADS
    rounded = graph.rounded(vectors)
    for index, layer in enumerate(weights.decoder.layers):
        assert layer.cross is not None
        # The decoder's scores are scaled here, once, and so its product is a plain one.
        key = replace(layer.cross.key, scale=layer.cross.key.scale / math.sqrt(head))
        for name, matrix, order, shape in (
            (f"audio_key.{index}", key, [0, 2, 3, 1], (1, HEADS, head, "vectors")),
            (f"audio_value.{index}", layer.cross.value, [0, 2, 1, 3], (1, HEADS, "vectors", head)),
        ):
            value = graph.product_of(name, vectors, rounded, matrix)
            value = graph.add("Reshape", value, graph.integers(0, 0, HEADS, head))
            graph.add("Transpose", value, outputs=[name], perm=order)
            graph.output(name, shape)
