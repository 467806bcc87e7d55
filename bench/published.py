"""The graphs of a Moonshine model as they were published, for comparison with the lean ones.

The decoder is one graph with two branches: the first call computes keys and values of the audio and
of the text, later calls those of the text. Tiny wants attention masks, base does not.
"""

from typing import Any

import numpy as np
import onnxruntime as ort

from oyez.engines.base import Samples
from oyez.engines.moonshine.assets import ModelFiles
from oyez.engines.moonshine.encoder import SAMPLES_PER_VECTOR, Audio
from oyez.engines.moonshine.graph import Cache, FloatArray, Foretold

_MASK = "encoder_attention_mask"
_PAST = "past_key_values"
_PRESENT = "present"
_VECTORS = "encoder_hidden_states"


class PublishedGraph:
    """Encoder and decoder with the interface of `oyez.engines.moonshine.graph.Graph`."""

    def __init__(self, files: ModelFiles) -> None:
        self._encoder = _session(files.encoder.read_bytes(), arena=False)
        # Base unpacks 160 MB of weights at every call and must keep the memory for it.
        self._decoder = _session(files.decoder.read_bytes(), arena=True)
        self._wants_mask = len(self._encoder.get_inputs()) > 1
        self._past = {
            node.name: np.zeros((1, node.shape[1], 0, node.shape[3]), np.float32)
            for node in self._decoder.get_inputs()
            if node.name.startswith(_PAST)
        }
        self._outputs = [node.name for node in self._decoder.get_outputs()]

    def vectors(self, samples: Samples) -> FloatArray:
        """Hear samples: vectors of shape (1, vectors, width)."""
        feed: dict[str, Any] = {"input_values": samples[np.newaxis]}
        if self._wants_mask:
            feed["attention_mask"] = np.ones((1, samples.size), np.int64)
        vectors: FloatArray = self._encoder.run(None, feed)[0]
        return vectors

    def encode(self, samples: Samples) -> Audio:
        """Hear samples; the decoder makes keys and values of the vectors at its first call."""
        return {_VECTORS: self.vectors(samples)}

    def start(self, audio: Audio, ids: list[int]) -> tuple[Foretold, Cache]:
        """Read the first ids of a text in one pass."""
        cache = self._begin(audio)
        return best_two(self._run(cache, ids, self._past)), cache

    def read(self, cache: Cache, ids: list[int]) -> Foretold:
        """Read more ids into the cache in one pass."""
        return best_two(self._run(cache, ids, cache.text))

    def logits(self, audio: Audio, ids: list[int]) -> FloatArray:
        """Read the first ids of a text; logits of what follows each, shape (ids, vocabulary)."""
        return self._run(self._begin(audio), ids, self._past)

    def _begin(self, audio: Audio) -> Cache:
        cache = Cache(dict(audio), {})
        if self._wants_mask:
            # It counts samples, not vectors: the graph looks at every 384th element.
            length = (audio[_VECTORS].shape[1] - 1) * SAMPLES_PER_VECTOR + 1
            cache.audio[_MASK] = np.ones((1, length), np.float32)
        return cache

    def _run(self, cache: Cache, ids: list[int], past: dict[str, FloatArray]) -> FloatArray:
        is_later = cache.length > 0
        feed: dict[str, Any] = {
            **{name: value for name, value in cache.audio.items() if name != _MASK},
            **past,
            "input_ids": np.array([ids], np.int64),
            "use_cache_branch": np.array([is_later]),
        }
        if _MASK in cache.audio:
            feed[_MASK] = cache.audio[_MASK].astype(np.int64)
        # The audio's keys and values do not change: later calls fetch the text's only.
        wanted = [name for name in self._outputs if not (is_later and ".encoder." in name)]
        values = dict(zip(wanted, self._decoder.run(wanted, feed), strict=True))
        logits: FloatArray = values.pop("logits")[0]
        for name, value in values.items():
            kept = cache.audio if ".encoder." in name else cache.text
            kept[_PAST + name.removeprefix(_PRESENT)] = value
        cache.length += len(ids)
        return logits


def best_two(logits: FloatArray) -> Foretold:
    """Return the two best ids of each row of logits."""
    best = logits.argmax(axis=1)[:, np.newaxis]
    others = logits.copy()
    np.put_along_axis(others, best, -np.inf, axis=1)
    ids = np.concatenate((best, others.argmax(axis=1)[:, np.newaxis]), axis=1)
    peak = logits.max(axis=1, keepdims=True)
    total = peak + np.log(np.exp(logits - peak).sum(axis=1, keepdims=True))
    return Foretold(ids, np.take_along_axis(logits, ids, axis=1) - total)


def _session(model: bytes, *, arena: bool) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = arena
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
