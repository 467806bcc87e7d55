"""The three lean graphs of a Moonshine model, run by onnxruntime.

The listener turns blocks of samples into frames. The encoder turns the frames of a window into one
vector every 384 samples (24 ms), and these into the keys and values that the decoder looks at. The
decoder foretells the next id of a text. A call may take many ids at once: in tiny, one costs 2.5 ms
and fourteen cost 5 ms, because what costs is to fetch the weights.

Layers, heads and widths are read from the graphs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from oyez.engines.base import Samples
from oyez.engines.moonshine.encoder import Audio, Encoded, Encoder, Settled
from oyez.engines.moonshine.lean import LeanModel
from oyez.engines.moonshine.listener import Blocks, Listener

FloatArray: TypeAlias = NDArray[np.float32]
IndexArray: TypeAlias = NDArray[np.int64]


class Foretold(NamedTuple):
    """What a model expects after each of some ids: the best id and the second best."""

    ids: IndexArray
    """Shape (ids, 2)."""
    logprobs: FloatArray
    """Natural logarithms of their probabilities, shape (ids, 2)."""


class Cache:
    """What the decoder remembers of one text: the audio, and keys and values of the ids so far.

    Attributes:
        length: Ids that were read into it.
    """

    def __init__(self, audio: Audio, text: dict[str, FloatArray]) -> None:
        self.audio = audio
        self.text = text
        self.length = 0
        self._looks: list[FloatArray] = []

    def truncate(self, length: int) -> None:
        """Forget all ids but the first `length`."""
        if length < self.length:
            self.text = {name: value[:, :, :length] for name, value in self.text.items()}
            self._looks = [self.looks(length)] if self._looks else []
            self.length = length

    def look(self, looks: FloatArray) -> None:
        """Add where more ids looked, shape (heads, ids, vectors)."""
        self._looks.append(looks)

    def looks(self, ids: int) -> FloatArray:
        """Return how much each chosen head looked at each vector from each of the first `ids` ids.

        Shape (heads, ids, vectors); no heads where none was chosen.
        """
        if not self._looks:
            return np.zeros((0, ids, 0), np.float32)
        return np.concatenate(self._looks, axis=1)[:, :ids]


class Graph:
    """Encoder and decoder of one model. Thread-safe: what changes is in the `Cache`.

    Args:
        model: The graphs.
        heads: Layer and head of the attention that is kept, to tell when the ids were said.
    """

    def __init__(self, model: LeanModel, heads: Sequence[tuple[int, int]] = ()) -> None:
        self._encoder = Encoder(_session(model.encoder))
        self._listener = Listener(_session(model.listener), self._encoder.width)
        self._decoder = _session(model.decoder)
        inputs = {node.name: node.shape for node in self._decoder.get_inputs()}
        # Keys and values of no ids: shape (1, heads, 0, width of a head).
        self._no_text: dict[str, FloatArray] = {
            name: np.zeros((1, shape[1], 0, shape[3]), np.float32)
            for name, shape in inputs.items()
            if name.startswith("text_")
        }
        self._heads = [
            (f"attention.{layer}", [head for at, head in heads if at == layer])
            for layer in sorted({layer for layer, _ in heads})
        ]
        self._wanted = [
            "best_ids",
            "best_logprobs",
            *(name.replace(".", "_next.") for name in self._no_text),
            *(name for name, _ in self._heads),
        ]

    def encode(self, samples: Samples) -> Audio:
        """Hear samples at 16 kHz, at least 895."""
        return self.encode_growing(samples, {})[0].audio

    def encode_growing(
        self, samples: Samples, known: Blocks, earlier: Settled | None = None
    ) -> tuple[Encoded, Blocks]:
        """Hear samples of which much may be known.

        Args:
            samples: At 16 kHz, at least 895.
            known: Blocks that need not be heard again. What they are changes nothing.
            earlier: What is settled of a shorter window.

        Returns:
            What was heard, and the blocks of the samples.
        """
        heard, blocks = self._listener.listen(samples, known)
        return self._encoder.encode(samples, heard, earlier), blocks

    def start(self, audio: Audio, ids: list[int]) -> tuple[Foretold, Cache]:
        """Read the first ids of a text in one pass.

        Args:
            audio: What `encode` returned.
            ids: At least the opening id.

        Returns:
            What follows each id, and the cache to go on with.
        """
        cache = Cache(audio, self._no_text)
        return self.read(cache, ids), cache

    def read(self, cache: Cache, ids: list[int]) -> Foretold:
        """Read more ids into the cache in one pass; return what follows each."""
        feed: dict[str, Any] = {"ids": np.array([ids], np.int64), **cache.audio, **cache.text}
        values = dict(zip(self._wanted, self._decoder.run(self._wanted, feed), strict=True))
        cache.text = {name: values[name.replace(".", "_next.")] for name in self._no_text}
        if self._heads:
            looks = [values[name][0, heads] for name, heads in self._heads]
            cache.look(np.concatenate(looks))
        cache.length += len(ids)
        return Foretold(values["best_ids"][0], values["best_logprobs"][0])


def _session(model: Path | bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # Two threads make nothing faster below 8 s of audio; sessions are what runs in parallel.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Keeping working memory makes nothing faster, and takes 20 to 80 MB.
    options.enable_cpu_mem_arena = False
    # Plans of working memory are kept for every length of window ever seen, and scattered among
    # what is freed they keep 45 MB from going back. Without them nothing is slower.
    options.enable_mem_pattern = False
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
