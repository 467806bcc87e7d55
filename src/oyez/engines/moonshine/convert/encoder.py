"""The encoder as a lean graph: frames to vectors, and to what the decoder looks at.

Convolutions make a vector of every 384 samples, a transformer reads them. The first two are in a
graph of their own (`listener`). The keys and values that each layer of the decoder attends to
depend on the audio alone and are computed here, once.
"""

import math
from dataclasses import replace

import numpy as np
from onnx import TensorProto

from oyez.engines.moonshine.convert.builder import Builder, Rotary, Rounded
from oyez.engines.moonshine.convert.kernels import Kernels, Numbers
from oyez.engines.moonshine.convert.weights import HEADS, Convolution, Weights

_STRIDE = 2


def encoder_model(weights: Weights, kernels: Kernels) -> bytes:
    """Write the encoder as an ONNX file.

    Inputs: ``frames``, shape (1, frames, channels), as the listener makes them of blocks; ``mean``
    and ``scale``, shape (1,), of the first convolution over the whole window: its mean, and one
    over its standard deviation; and for each layer i of the encoder the keys and values of vectors
    that come before those of the frames, ``heard_key.i`` and ``heard_value.i``, shape (1, heads,
    before, width / heads), where `before` may be 0.

    Outputs: ``vectors``, shape (1, vectors, width), and for each layer i of the decoder
    ``audio_key.i``, shape (1, heads, width / heads, vectors), and ``audio_value.i``, shape
    (1, heads, vectors, width / heads), all of the frames; and the encoder's keys and values with
    those of the frames, ``heard_key_next.i`` and ``heard_value_next.i``.
    """
    graph = Builder("encoder", kernels.products)
    value = _convolve(graph, weights, kernels.convolutions)
    _look_at(graph, weights, _transform(graph, weights, value))
    return graph.model()


def _convolve(graph: Builder, weights: Weights, numbers: Numbers) -> str:
    """Finish the second convolution and apply the third."""
    encoder = weights.encoder
    is_float = numbers is Numbers.FLOAT
    shape = (1, "frames", encoder.second.bias.size)
    kind = TensorProto.FLOAT if is_float else TensorProto.FLOAT16
    value = graph.input("frames", shape, kind)
    mean, scale = (graph.input(name, (1,)) for name in ("mean", "scale"))
    if not is_float:
        value = graph.add("Cast", value, to=TensorProto.FLOAT)
    # Normalised, the second convolution's input would be (value - mean) * scale * s + b for each
    # channel. What becomes of s and of b is the same in every frame.
    kernel = encoder.second.weights.floats().astype(np.float64)
    from_scale, from_bias = (
        np.einsum("oiw,i->o", kernel, part.astype(np.float64)).astype(np.float32)
        for part in (encoder.group_scale, encoder.group_bias)
    )
    lowered = graph.add("Mul", mean, scale)
    lowered = graph.add("Mul", lowered, graph.constant("conv2.from_scale", from_scale))
    bias = graph.constant("conv2.bias", from_bias + encoder.second.bias)
    value = graph.add("Mul", value, scale)
    value = graph.add("Add", value, graph.add("Sub", bias, lowered))
    value = graph.fused("Gelu", value)
    if is_float:
        value = graph.add("Transpose", value, perm=[0, 2, 1])
        value = graph.fused("Gelu", _convolution(graph, "conv3", value, encoder.third, _STRIDE))
        return graph.add("Transpose", value, perm=[0, 2, 1])
    return graph.fused("Gelu", _byte_convolution(graph, "conv3", value, encoder.third, numbers))


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


def _byte_convolution(
    graph: Builder, name: str, value: str, part: Convolution, numbers: Numbers
) -> str:
    """Convolve as two products of bytes: of the rounded input, and of what rounding left over."""
    operands = graph.bytes_of(name, part.weights.flat(), numbers=numbers)
    width = part.weights.values.shape[2]

    def product(rounded: Rounded, *bias: str) -> str:
        (value, scale, zero), (weights, weights_scale, weights_zero) = rounded, operands
        windows = graph.windows(value, width, _STRIDE)
        names = (windows, weights, scale, weights_scale, zero, weights_zero)
        return graph.fused("MatMulIntegerToFloat", *names, *bias)

    rounded = graph.rounded(value)
    rest = graph.add("Sub", value, graph.add("DequantizeLinear", *rounded))
    bias = graph.constant(f"{name}.bias", part.bias)
    return graph.add("Add", product(rounded, bias), product(graph.rounded(rest)))


def _transform(graph: Builder, weights: Weights, value: str) -> str:
    """Run the transformer. Each vector may look at all others, and at those before them."""
    head = weights.width // HEADS
    kept = [
        f"heard_{kind}{{}}.{index}"
        for index in range(len(weights.encoder.layers))
        for kind in ("key", "value")
    ]
    for name in kept:
        graph.input(name.format(""), (1, HEADS, "before", head))
    # As many vectors as there are keys come before.
    position = graph.add("Shape", "heard_key.0", start=2, end=3)
    rotary = Rotary(graph, weights.frequencies, HEADS, position)
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
            "",
            "",
            "",
            f"heard_key.{index}",
            f"heard_value.{index}",
            outputs=[f"{name}.looked", f"heard_key_next.{index}", f"heard_value_next.{index}"],
            num_heads=HEADS,
            scale=1 / math.sqrt(head),
        )
        value = graph.add("Add", value, graph.product(f"{name}.attention.out", looked, part.output))
        normed = graph.norm(f"{name}.feed.norm", value, layer.feed_norm)
        feed = layer.feed
        wide = graph.product(f"{name}.feed.in", normed, feed.first, bias=feed.first_bias)
        fed = graph.product(
            f"{name}.feed.out", graph.bend(wide), feed.second, bias=feed.second_bias
        )
        value = graph.add("Add", value, fed)
    vectors = graph.norm("norm", value, weights.encoder.norm, output="vectors")
    graph.output(vectors, (1, "vectors", weights.width))
    for name in kept:
        graph.output(name.format("_next"), (1, HEADS, "all", head))
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
