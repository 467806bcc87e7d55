"""Decoding containers while they arrive: packets are cut out of the bytes, and decoded at once."""

import struct
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from oyez.audio.codec import PacketDecoder
from oyez.audio.packets import Codec, Item, Packet, Source, Steps
from oyez.audio.pcm import RAW_LAYOUTS
from oyez.audio.raw import RawDecoder
from oyez.audio.samples import NO_SAMPLES, Samples
from oyez.errors import AudioError

Container: TypeAlias = Callable[[Source], Steps[None]]
"""What takes the bytes apart. Where it reads over the end of a header, that is broken."""

MAX_S_PER_BYTE = 0.05
"""Audio in one byte, on average. FLAC at 8 kHz needs a byte for 0.04 s of digital silence."""
_FREE_S = 60.0


class FramedDecoder:
    """A container in pieces -> mono samples at the target rate.

    Holds the container's header, or one packet. Audio that ends in the middle of a packet is no
    error, if any was heard.

    Args:
        container: What takes the bytes apart.
        label: The container's name for messages.
        target_rate_hz: Rate of the samples returned.
    """

    def __init__(self, container: Container, label: str, *, target_rate_hz: int) -> None:
        self._source = Source()
        self._steps = container(self._source)
        self._label = label
        self._target_rate_hz = target_rate_hz
        self._decoder: PacketDecoder | _PcmDecoder | None = None
        self._answer: int | None = None
        self._received = 0
        self._given = 0
        self._over = False

    @property
    def bytes_held(self) -> int:
        """Bytes of a header or a packet whose rest has not arrived."""
        return self._source.available + self._source.set_aside

    @property
    def saw_audio(self) -> bool:
        """Whether at least one sample was decoded."""
        return self._given > 0

    def push(self, data: bytes) -> Samples:
        """Take any number of bytes and return the samples that are ready, maybe none.

        Raises:
            AudioError: The bytes are not this container, or nothing in it can be decoded.
        """
        self._received += len(data)
        self._source.feed(data)
        return self._run()

    def flush(self) -> Samples:
        """Return everything held back. The audio is over.

        Raises:
            AudioError: The audio ended before any of it could be decoded.
        """
        self._source.end()
        ready = self._run()
        if self._decoder is not None:
            ready = np.concatenate((ready, self._count(self._decoder.flush())))
        if self._received and not self.saw_audio:
            raise AudioError(
                f"The {self._label} stream ended after {self._received} bytes without any audio "
                "that could be decoded; send the whole file."
            )
        return ready

    def _run(self) -> Samples:
        ready: list[Samples] = []
        while not self._over:
            try:
                item = next(self._steps) if self._answer is None else self._send()
            except (EOFError, StopIteration):
                self._over = True
                break
            except (IndexError, struct.error):
                raise AudioError(
                    f"The {self._label} stream is broken at about byte {self._source.position}: "
                    "a header there contradicts itself."
                ) from None
            if item is None:
                break
            ready.append(self._handle(item))
        return np.concatenate(ready) if ready else NO_SAMPLES

    def _send(self) -> Item | None:
        answer, self._answer = self._answer, None
        assert answer is not None
        return self._steps.send(answer)

    def _handle(self, item: Item) -> Samples:
        if isinstance(item, Codec):
            rest = self._decoder.flush() if self._decoder is not None else NO_SAMPLES
            kind = _PcmDecoder if item.name in RAW_LAYOUTS else PacketDecoder
            self._decoder = kind(item, target_rate_hz=self._target_rate_hz)
            return self._count(rest)
        assert self._decoder is not None
        self._answer, samples = self._decoder.decode(item)
        return self._count(samples)

    def _count(self, samples: Samples) -> Samples:
        self._given += len(samples)
        seconds, taken = self._given / self._target_rate_hz, self._source.position
        if seconds > _FREE_S + MAX_S_PER_BYTE * taken:
            raise AudioError(
                f"The {self._label} stream holds {seconds:.0f} s of audio in {taken} bytes; no "
                f"more than 1 s in {1 / MAX_S_PER_BYTE:.0f} bytes is decoded."
            )
        return samples


class _PcmDecoder:
    """Raw samples inside a container."""

    def __init__(self, codec: Codec, *, target_rate_hz: int) -> None:
        layout = RAW_LAYOUTS[codec.name]
        self._frame_bytes = layout.sample_bytes * codec.num_channels
        self._decoder = RawDecoder(
            layout,
            sample_rate_hz=codec.sample_rate_hz,
            num_channels=codec.num_channels,
            target_rate_hz=target_rate_hz,
        )

    def decode(self, packet: Packet) -> tuple[int, Samples]:
        return len(packet.data) // self._frame_bytes, self._decoder.push(packet.data)

    def flush(self) -> Samples:
        return self._decoder.flush()
