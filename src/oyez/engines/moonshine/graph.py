"""The two graphs of a Moonshine model, run by onnxruntime.

The encoder turns samples into one vector every 384 samples (24 ms). The decoder reads them through
keys and values that it computes once, at its first call, and foretells the next id of a text. A
call may take many ids at once: in tiny, one costs 4 ms and fourteen cost 6 ms.

Layers, heads and widths are read from the graphs, and so is whether they want attention masks: tiny
does, base does not.
"""

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from oyez.engines.base import Samples

FloatArray: TypeAlias = NDArray[np.float32]

SAMPLES_PER_VECTOR = 384
"""Stride of the encoder: convolutions with strides 64, 3 and 2."""

_MASK = "encoder_attention_mask"
_PAST = "past_key_values"
_PRESENT = "present"


class Cache:
    """What the decoder remembers of one text: keys and values of each layer.

    Attributes:
        length: Ids that were read into it.
    """

    def __init__(self, feed: dict[str, Any], length: int) -> None:
        self.feed = feed
        self.length = length

    def truncate(self, length: int) -> None:
        """Forget all ids but the first `length`."""
        if length >= self.length:
            return
        for name in [name for name in self.feed if _of_text(name)]:
            self.feed[name] = self.feed[name][:, :, :length]
        self.length = length


class Graph:
    """Encoder and decoder of one model. Thread-safe: what changes is in the `Cache`.

    Args:
        encoder: ``encoder_model.ort``.
        decoder: ``decoder_model_merged.ort``.
        release_memory: Whether the decoder returns its working memory after every call.
    """

    def __init__(self, encoder: Path, decoder: Path, *, release_memory: bool) -> None:
        # An encoder that returns its memory is as fast below 10 s of audio, takes 35 ms more at
        # 15 s, and saves 50 MB. A decoder that keeps its memory gains nothing in tiny; in base it
        # must, as it unpacks 160 MB of weights in every call (60 ms; 200 ms if it returns it).
        self._encoder = ort.InferenceSession(
            encoder, _options(arena=False), providers=["CPUExecutionProvider"]
        )
        self._decoder = ort.InferenceSession(
            decoder, _options(arena=not release_memory), providers=["CPUExecutionProvider"]
        )
        self._encoder_mask = len(self._encoder.get_inputs()) > 1
        inputs = {node.name: node.shape for node in self._decoder.get_inputs()}
        self._decoder_mask = _MASK in inputs
        self._empty: dict[str, FloatArray] = {
            name: np.zeros((1, shape[1], 0, shape[3]), np.float32)
            for name, shape in inputs.items()
            if name.startswith(_PAST)
        }
        self._first_outputs = [node.name for node in self._decoder.get_outputs()]
        # The audio's keys and values do not change: later calls fetch the text's only.
        self._later_outputs = [
            name for name in self._first_outputs if not name.startswith(_PRESENT) or _of_text(name)
        ]

    def encode(self, samples: Samples) -> FloatArray:
        """Hear samples at 16 kHz, at least 895: vectors of shape (1, vectors, width)."""
        feed: dict[str, Any] = {"input_values": samples[np.newaxis]}
        if self._encoder_mask:
            feed["attention_mask"] = np.ones((1, samples.size), np.int64)
        vectors: FloatArray = self._encoder.run(None, feed)[0]
        return vectors

    def start(self, vectors: FloatArray, ids: list[int]) -> tuple[FloatArray, Cache]:
        """Read the first ids of a text in one pass.

        Args:
            vectors: What `encode` returned.
            ids: At least the opening id.

        Returns:
            Logits of shape (ids, vocabulary), where row i foretells the id after ids[i], and the
            cache to go on with.
        """
        feed: dict[str, Any] = {
            "encoder_hidden_states": vectors,
            "use_cache_branch": np.array([False]),
            **self._empty,
        }
        if self._decoder_mask:
            # The mask counts samples, not vectors: the graph looks at every 384th element.
            length = (vectors.shape[1] - 1) * SAMPLES_PER_VECTOR + 1
            feed[_MASK] = np.ones((1, length), np.int64)
        cache = Cache(feed, 0)
        logits = self._run(cache, ids, self._first_outputs)
        feed["use_cache_branch"] = np.array([True])
        return logits, cache

    def read(self, cache: Cache, ids: list[int]) -> FloatArray:
        """Read more ids into the cache in one pass; logits as `start` returns them."""
        return self._run(cache, ids, self._later_outputs)

    def _run(self, cache: Cache, ids: list[int], wanted: list[str]) -> FloatArray:
        feed = cache.feed
        feed["input_ids"] = np.array([ids], np.int64)
        values = dict(zip(wanted, self._decoder.run(wanted, feed), strict=True))
        logits: FloatArray = values.pop("logits")[0]
        for name, value in values.items():
            feed[_PAST + name.removeprefix(_PRESENT)] = value
        cache.length += len(ids)
        return logits


def _of_text(name: str) -> bool:
    return ".decoder." in name


def _options(*, arena: bool) -> ort.SessionOptions:
    options = ort.SessionOptions()
    # Two threads make nothing faster below 8 s of audio; sessions are what runs in parallel.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = arena
    return options
