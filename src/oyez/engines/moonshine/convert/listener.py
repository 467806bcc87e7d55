"""The encoder's first two convolutions as a lean graph over blocks of audio.

They are most of what can be kept when an utterance grows. Between them lies a normalisation over
all of the window, but it is one mean and one variance for all channels, and what follows it is
linear up to the next activation: it can be applied afterwards (`encoder`). So a block's numbers
depend on its samples alone, and each block is computed once.
"""

import numpy as np
from onnx import TensorProto

from oyez.engines.moonshine.convert.blocks import (
    BLOCK_FRAMES,
    BLOCK_SAMPLES,
    BLOCK_STEPS,
    FRAME_STEPS,
    FRAME_WIDTH,
    STEP_SAMPLES,
)
from oyez.engines.moonshine.convert.builder import Builder
from oyez.engines.moonshine.convert.kernels import Kernels, Numbers
from oyez.engines.moonshine.convert.weights import Weights

_SILENCE = 1e-6
"""Least peak that a block is scaled by."""
_MOST = 127
_REST_STEPS = 254
"""A rounded number is off by half a step at the most: the rest is rounded to 254 steps of that."""


def listener_model(weights: Weights, kernels: Kernels) -> bytes:
    """Write the first two convolutions as an ONNX file.

    Input: ``samples``, shape (blocks, `BLOCK_SAMPLES`).

    Outputs: ``frames``, shape (blocks, `BLOCK_FRAMES`, channels), the second convolution of what
    has been scaled but neither centred nor normalised, in half precision unless all is computed in
    floats; ``sums`` and ``squares``, shape (blocks, `BLOCK_STEPS`): over the channels of each step
    of the first convolution, from which mean and variance of any stretch can be told.
    """
    graph = Builder("listener", kernels.products)
    samples = graph.input("samples", ("blocks", BLOCK_SAMPLES))
    encoder = weights.encoder
    value = graph.add(
        "Conv",
        graph.add("Unsqueeze", samples, graph.integers(1)),
        graph.constant("conv1.weights", encoder.samples),
        kernel_shape=[encoder.samples.shape[2]],
        strides=[STEP_SAMPLES],
    )
    value = graph.add("Transpose", graph.add("Tanh", value), perm=[0, 2, 1])
    # ReduceSumSquare would take four times as long as these.
    for name, summand in (("sums", value), ("squares", graph.add("Mul", value, value))):
        graph.add("ReduceSum", summand, graph.integers(2), outputs=[name], keepdims=0)
        graph.output(name, ("blocks", BLOCK_STEPS))
    value = graph.add("Mul", value, graph.constant("group.scale", encoder.group_scale))
    shape = ("blocks", BLOCK_FRAMES, encoder.second.bias.size)
    if kernels.convolutions is Numbers.FLOAT:
        weights_2 = encoder.second.weights.floats()
        value = graph.add(
            "Conv",
            graph.add("Transpose", value, perm=[0, 2, 1]),
            graph.constant("conv2.weights", weights_2),
            kernel_shape=[weights_2.shape[2]],
            strides=[FRAME_STEPS],
        )
        graph.add("Transpose", value, outputs=["frames"], perm=[0, 2, 1])
        graph.output("frames", shape)
    else:
        value = _convolve_bytes(graph, weights, kernels.convolutions, value)
        graph.add("Cast", value, outputs=["frames"], to=TensorProto.FLOAT16)
        graph.output("frames", shape, TensorProto.FLOAT16)
    return graph.model()


def _convolve_bytes(graph: Builder, weights: Weights, numbers: Numbers, value: str) -> str:
    """Convolve as two products of bytes: of the rounded input, and of what rounding left over.

    One product loses too much: one step for all channels is too coarse for some of them (55 % of
    the words are wrong). Two give 16 bits and take half the time of floats. The scale is that of
    the block, which makes quiet speech as precise as loud.
    """
    peak = graph.add("ReduceMax", graph.add("Abs", value), graph.integers(1, 2), keepdims=1)
    peak = graph.add("Max", peak, graph.constant("silence", np.float32(_SILENCE)))
    value = graph.add("Div", value, peak)
    step = 1 / _MOST
    second = weights.encoder.second.weights
    operands = graph.bytes_of("conv2", second.flat(), numbers=numbers)
    product = ""
    for part, part_step in (("whole", step), ("rest", step / _REST_STEPS)):
        scale = graph.constant(f"{part}.scale", np.float32(part_step))
        zero = graph.constant(f"{part}.zero", np.uint8(128))
        rounded = graph.add("QuantizeLinear", value, scale, zero)
        if part == "whole":
            value = graph.add("Sub", value, graph.add("DequantizeLinear", rounded, scale, zero))
        windows = graph.windows(rounded, FRAME_WIDTH, FRAME_STEPS)
        weights_2, weights_scale, weights_zero = operands
        made = graph.fused(
            "MatMulIntegerToFloat", windows, weights_2, scale, weights_scale, zero, weights_zero
        )
        product = graph.add("Add", product, made) if product else made
    return graph.add("Mul", product, peak)
