"""Frames to what the decoder looks at. What has settled in a growing window is not computed again.

In the encoder every vector looks at all others, and so each sample more changes all of them. But
what comes more than a second later changes little. So a vector that has heard a second of what
follows is settled: a longer window of the same audio takes it as it is, and computes only the
vectors behind it, which look at those that are settled and at each other. A reading of a growing
window then costs about the same however long the window is.

One thing is true of a window as a whole: how loud its first convolution is, by which all vectors
are scaled. When that has changed by more than `DRIFT` since the first of them settled, all are
computed anew. Streamed with moonshine-base, 113 recordings from two beginnings, audio time:

                                                  words wrong   final (p50)   compute
    every vector in every reading                      5.98 %        840 ms      1
    settled after 1 s                                  6.20          856          .72
    settled after 1.5 s                                6.20          852          .75
    settled after 1 s, scale within .1                 6.14          851          .70
    settled after 1 s, scale within .05                5.94          844          .73
    the same in readings that close a segment          5.98          844          .72

The last line is what is done: it answers a `finalize` sooner. A second look at a doubtful segment
computes everything.
"""

import hashlib
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from oyez.engines.base import Samples
from oyez.engines.moonshine.listener import Heard

FloatArray: TypeAlias = NDArray[np.float32]

SAMPLES_PER_VECTOR = 384
"""Stride of the encoder: convolutions with strides 64, 3 and 2."""
SETTLED_SAMPLES = 16_000
"""What a vector must have heard of what follows it: 1 s."""
DRIFT = 0.05
"""Relative change of the scale from which on nothing is settled any more."""

Audio: TypeAlias = dict[str, FloatArray]
"""What was heard: keys and values for each layer of the decoder, by the decoder's input."""

_FRAMES_PER_VECTOR = 2
_KEPT = "heard_"
_OUTPUT = "_next."


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """The settled vectors of a window, for longer windows of the same audio."""

    size: int
    """Samples of the window."""
    digest: bytes
    """Of these samples."""
    scale: float
    """Of the window in which the first of them was computed."""
    count: int
    """Vectors."""
    parts: tuple[Mapping[str, FloatArray], ...]
    """Keys and values of vectors that follow one another, for the layers of the encoder and of the
    decoder. Later windows add parts and share those that are there."""

    def is_part_of(self, samples: Samples, scale: float) -> bool:
        """Whether its vectors are as good as new in a window."""
        is_longer = self.count > 0 and self.size <= samples.size
        is_steady = abs(scale / self.scale - 1) <= DRIFT
        return is_longer and is_steady and self.digest == _digest(samples[: self.size])

    def joined(self, name: str) -> FloatArray:
        """Return one of the keys or values of all vectors."""
        return np.concatenate([part[name] for part in self.parts], axis=_axis(name))


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A window as the encoder heard it."""

    audio: Audio
    samples: Samples
    scale: float
    earlier: Settled | None
    """What it started from."""
    own: dict[str, FloatArray]
    """Keys and values of the encoder's layers."""

    def settled(self) -> Settled:
        """Return what longer windows need not compute; of base, 2.2 MB for a second of audio."""
        earlier = self.earlier
        first = earlier.count if earlier else 0
        count = max(first, (self.samples.size - SETTLED_SAMPLES) // SAMPLES_PER_VECTOR)
        parts = earlier.parts if earlier else ()
        if count > first:
            values = self.own | self.audio
            part = {name: _cut(name, value, first, count) for name, value in values.items()}
            parts = (*parts, _apart(part))
        scale = earlier.scale if earlier else self.scale
        return Settled(self.samples.size, _digest(self.samples), scale, count, parts)


class Encoder:
    """The encoder of one model. Thread-safe.

    Args:
        session: The graph that `convert.encoder` writes.
    """

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        outputs = [node.name for node in session.get_outputs()]
        self._audio = [name for name in outputs if name.startswith("audio_")]
        # Keys and values of no vectors: shape (1, heads, 0, width of a head).
        self._nothing: dict[str, FloatArray] = {
            node.name: np.zeros((1, node.shape[1], 0, node.shape[3]), np.float32)
            for node in session.get_inputs()
            if node.name.startswith(_KEPT)
        }
        self._wanted = [*self._audio, *(_next(name) for name in self._nothing)]

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        width: int = self._session.get_outputs()[0].shape[2]
        return width

    def encode(self, samples: Samples, heard: Heard, earlier: Settled | None = None) -> Encoded:
        """Encode a window.

        Args:
            samples: The window.
            heard: What the listener made of it.
            earlier: What is settled of a shorter window. It is not used when that was not the
                beginning of this one, or was too much softer or louder.
        """
        if earlier is not None and not earlier.is_part_of(samples, heard.scale):
            earlier = None
        feed = heard.feed
        if earlier is None:
            feed |= self._nothing
        else:
            feed["frames"] = feed["frames"][:, _FRAMES_PER_VECTOR * earlier.count :]
            feed |= {name: earlier.joined(name) for name in self._nothing}
        values = dict(zip(self._wanted, self._session.run(self._wanted, feed), strict=True))
        audio: Audio = {name: values[name] for name in self._audio}
        if earlier is not None:
            for name, value in audio.items():
                audio[name] = np.concatenate((earlier.joined(name), value), axis=_axis(name))
        own = {name: values[_next(name)] for name in self._nothing}
        return Encoded(audio, samples, heard.scale, earlier, own)


def _next(name: str) -> str:
    return name.replace(".", _OUTPUT)


def _axis(name: str) -> int:
    """Return which dimension counts the vectors."""
    return 3 if name.startswith("audio_key.") else 2


def _cut(name: str, value: FloatArray, first: int, end: int) -> FloatArray:
    return value[..., first:end] if _axis(name) == 3 else value[:, :, first:end]


def _apart(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Copy arrays into memory of their own, which goes back to the system with the last of them.

    Small blocks that live for seconds, scattered over a heap among large ones that live for
    milliseconds, keep it from shrinking: a server would grow by hundreds of megabytes.
    """
    size = sum(value.size for value in values.values())
    memory = np.frombuffer(mmap.mmap(-1, size * np.dtype(np.float32).itemsize), np.float32)
    copies: dict[str, FloatArray] = {}
    begin = 0
    for name, value in values.items():
        copy = memory[begin : begin + value.size].reshape(value.shape)
        copy[...] = value
        copies[name] = copy
        begin += value.size
    return copies


def _digest(samples: Samples) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(samples).data, digest_size=16).digest()
