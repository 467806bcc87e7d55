"""The decoder as a lean graph: one for the first pass over many ids and for later ones over few."""

import math

from onnx import TensorProto

from oyez.engines.moonshine.convert.builder import Builder, Rotary
from oyez.engines.moonshine.convert.kernels import Kernels, Numbers
from oyez.engines.moonshine.convert.weights import HEADS, Attention, Feed, Weights


def decoder_model(weights: Weights, kernels: Kernels) -> bytes:
    """Write the decoder as an ONNX file.

    Inputs: ``ids``, shape (1, ids), to be read after what was read before; for each layer i its
    keys and values of the text so far, ``text_key.i`` and ``text_value.i``, shape (1, heads,
    before, width / heads), where `before` may be 0; and those of the audio, ``audio_key.i`` and
    ``audio_value.i``, as the encoder gives them.

    Outputs: ``best_ids`` and ``best_logprobs``, shape (1, ids, 2): what most probably follows each
    id, and second most probably; ``logits``, shape (1, ids, vocabulary), of which those are made,
    for comparison; the text's keys and values with the new ids,
    ``text_key_next.i`` and ``text_value_next.i``; and ``attention.i``, shape (1, heads, ids,
    vectors): how much each head looked at each vector of the audio.
    """
    return _Decoder(weights, kernels.products).write()


class _Decoder:
    def __init__(self, weights: Weights, numbers: Numbers) -> None:
        self._weights = weights
        self._graph = Builder("decoder", numbers)
        self._width = weights.width
        self._head = weights.width // HEADS
        self._scale = 1 / math.sqrt(self._head)

    def write(self) -> bytes:
        graph, decoder = self._graph, self._weights.decoder
        ids = graph.input("ids", (1, "ids"), TensorProto.INT64)
        kinds = ("key", "value")
        for index in range(len(decoder.layers)):
            for kind in kinds:
                graph.input(f"text_{kind}.{index}", (1, HEADS, "before", self._head))
            graph.input(f"audio_key.{index}", (1, HEADS, self._head, "vectors"))
            graph.input(f"audio_value.{index}", (1, HEADS, "vectors", self._head))
        # As many ids as there are keys were read before.
        position = graph.add("Shape", "text_key.0", start=2, end=3)
        self._rotary = Rotary(graph, self._weights.frequencies, HEADS, position)
        total = self._embed(ids)
        normed = graph.norm("layers.0.norm", total, decoder.layers[0].attention_norm)
        for index, layer in enumerate(decoder.layers):
            assert layer.cross is not None
            assert layer.cross_norm is not None
            name = f"layers.{index}"
            last = index + 1 == len(decoder.layers)
            following = decoder.norm if last else decoder.layers[index + 1].attention_norm
            said = self._attend_text(index, normed, layer.attention)
            normed, total = graph.add_and_norm(f"{name}.cross", total, said, layer.cross_norm)
            heard = self._attend_audio(index, normed, layer.cross)
            normed, total = graph.add_and_norm(f"{name}.feed", total, heard, layer.feed_norm)
            fed = self._feed(name, normed, layer.feed)
            normed, total = graph.add_and_norm(f"{name}.end", total, fed, following)
        logits = graph.product("logits", normed, decoder.logits, output="logits")
        graph.output(logits, (1, "ids", decoder.logits.values.shape[1]))
        self._choose(logits)
        for index in range(len(decoder.layers)):
            for kind in kinds:
                graph.output(f"text_{kind}_next.{index}", (1, HEADS, "after", self._head))
            graph.output(f"attention.{index}", (1, HEADS, "ids", "vectors"))
        return graph.model()

    def _choose(self, logits: str) -> None:
        """Find the two best ids here: a row of logits has 128 KB, which Python need not see."""
        graph, names = self._graph, ("best_logprobs", "best_ids")
        logprobs = graph.add("LogSoftmax", logits, axis=-1)
        graph.add("TopK", logprobs, graph.integers(2), outputs=names, axis=-1)
        for name, kind in zip(names, (TensorProto.FLOAT, TensorProto.INT64), strict=True):
            graph.output(name, (1, "ids", 2), kind)

    def _embed(self, ids: str) -> str:
        graph, embedding = self._graph, self._weights.decoder.embedding
        table, scale, zero = graph.bytes_of("embedding", embedding, numbers=Numbers.SIGNED)
        return graph.add("DequantizeLinear", graph.add("Gather", table, ids), scale, zero)

    def _attend_text(self, index: int, value: str, part: Attention) -> str:
        """Look at the ids so far; the keys and values of the new ones are put behind the others."""
        graph, name = self._graph, f"layers.{index}.text"
        joint = graph.product(f"{name}.in", value, part.query, part.key, part.value)
        query, key, seen = graph.split(joint, 3)
        looked = graph.fused(
            "MultiHeadAttention",
            self._rotary.turn(query),
            self._rotary.turn(key),
            seen,
            "",
            "",
            "",
            f"text_key.{index}",
            f"text_value.{index}",
            outputs=[f"{name}.looked", f"text_key_next.{index}", f"text_value_next.{index}"],
            num_heads=HEADS,
            scale=self._scale,
            unidirectional=1,
        )
        return graph.product(f"{name}.out", looked, part.output)

    def _attend_audio(self, index: int, value: str, part: Attention) -> str:
        """Look at the audio. Written out, because the fused operation hides where it looked."""
        graph, name = self._graph, f"layers.{index}.audio"
        query = graph.product(f"{name}.in", value, part.query)
        query = graph.add("Reshape", query, graph.integers(0, 0, HEADS, self._head))
        query = graph.add("Transpose", query, perm=[0, 2, 1, 3])
        scores = graph.add("MatMul", query, f"audio_key.{index}")
        attention = graph.add("Softmax", scores, outputs=[f"attention.{index}"], axis=-1)
        looked = graph.add("MatMul", attention, f"audio_value.{index}")
        looked = graph.add("Transpose", looked, perm=[0, 2, 1, 3])
        looked = graph.add("Reshape", looked, graph.integers(0, 0, self._width))
        return graph.product(f"{name}.out", looked, part.output)

    def _feed(self, name: str, value: str, feed: Feed) -> str:
        graph = self._graph
        wide = graph.product(f"{name}.feed.in", value, feed.first, bias=feed.first_bias)
        content, gate = graph.split(wide, 2)
        gated = graph.add("Mul", graph.fused("QuickGelu", gate, alpha=1.0), content)
        return graph.product(f"{name}.feed.out", gated, feed.second, bias=feed.second_bias)
