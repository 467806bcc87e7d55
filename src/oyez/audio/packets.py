"""What containers are taken apart with: bytes that arrive, and packets that come out.

A container is read by a generator, as if all of it were there:

    head = yield from source.take(4)

Where the bytes have not arrived, the generator yields None and is resumed when more have. What
it finds it yields as `Codec`, before the first packet and wherever the codec changes, and as
`Packet`; the answer to a packet is the number of samples that it decoded to. So what comes out
depends on the bytes alone and not on how they were cut.
"""

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, TypeVar

from oyez.errors import AudioError

MAX_PACKET_BYTES = 1 << 20
"""Longest packet of audio; the longest that encoders make are FLAC frames of about 0.5 MiB."""

MAX_JUNK_BYTES = 1 << 20
"""How much that is no audio is passed over in one piece in search of the next packet."""

_COMPACT_BYTES = 1 << 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Codec:
    """How the packets that follow are coded."""

    name: str
    """libavcodec's name, or one of `oyez.audio.RAW_LAYOUTS`."""
    sample_rate_hz: int = 0
    """0 where the packets say it."""
    num_channels: int = 0
    """0 where the packets say it."""
    extradata: bytes = b""
    """The codec's own header, as libavcodec wants it."""
    skip_s: Fraction = Fraction(0)
    """Time at the beginning that the encoder added and that is not played; of Opus, libavcodec
    leaves it out by itself."""
    wave_format: bytes = b""
    """A WAVEFORMATEX for codecs that need more than the above; then `name` is for messages."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of the audio stream."""

    data: bytes
    keep: int | None = None
    """At most so many of its samples are played."""
    drop: int = 0
    """So many of its last samples are not played."""


Item: TypeAlias = Codec | Packet
Steps: TypeAlias = Generator[Item | None, int, T]


class Source:
    """The bytes that have arrived and were not taken yet."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._taken = 0
        self._ended = False
        self.set_aside = 0
        """Bytes that were taken and are kept by the container, to be counted as held."""

    @property
    def available(self) -> int:
        """Bytes that can be had without waiting."""
        return len(self._buffer) - self._at

    @property
    def position(self) -> int:
        """Bytes taken so far: the place in the file of the next one."""
        return self._taken

    @property
    def ended(self) -> bool:
        """Whether nothing will arrive any more."""
        return self._ended

    def feed(self, data: bytes) -> None:
        """Add what arrived."""
        self._buffer += data

    def end(self) -> None:
        """Say that nothing will arrive any more."""
        self._ended = True

    def need(self, count: int) -> Steps[None]:
        """Wait until so many bytes are there.

        Raises:
            EOFError: They will not come.
        """
        while self.available < count:
            if self._ended:
                raise EOFError
            yield None

    def look(self, count: int, *, at: int = 0) -> bytes:
        """Return up to so many bytes of those that are there, and leave them."""
        return bytes(self._buffer[self._at + at : self._at + at + count])

    def peek(self, count: int) -> Steps[bytes]:
        """Return so many bytes and leave them."""
        yield from self.need(count)
        return self.look(count)

    def take(self, count: int) -> Steps[bytes]:
        """Return so many bytes."""
        yield from self.need(count)
        taken = self.look(count)
        self._pass(count)
        return taken

    def skip(self, count: int) -> Steps[None]:
        """Pass over so many bytes without keeping them."""
        while count:
            yield from self.need(1)
            passed = min(count, self.available)
            self._pass(passed)
            count -= passed

    def find(self, pattern: bytes, start: int = 0) -> int:
        """Return where a pattern is among the bytes that are there, -1 if it is not."""
        found = self._buffer.find(pattern, self._at + start)
        return found - self._at if found >= 0 else -1

    def seek_pattern(self, pattern: bytes) -> bool:
        """Pass over what is there up to a pattern; whether it is there.

        Without it, as many bytes stay as may be the pattern's beginning.
        """
        found = self.find(pattern)
        if found >= 0:
            self._pass(found)
            return True
        self._pass(max(0, self.available - len(pattern) + 1))
        return False

    def _pass(self, count: int) -> None:
        self._at += count
        self._taken += count
        if self._at == len(self._buffer):
            self._buffer.clear()
            self._at = 0
        elif self._at > _COMPACT_BYTES:
            del self._buffer[: self._at]
            self._at = 0


def resume_at(source: Source, pattern: bytes, what: str) -> Steps[None]:
    """Pass over junk up to a pattern that begins something.

    Args:
        source: Where to look.
        pattern: What to look for, from the next byte on.
        what: The container's name for the message.

    Raises:
        AudioError: There is more junk than `MAX_JUNK_BYTES`.
        EOFError: The audio ends without it.
    """
    began = source.position
    yield from source.skip(1)
    while not source.seek_pattern(pattern):
        refuse_junk(source.position - began, what)
        yield from source.need(source.available + 1)
    refuse_junk(source.position - began, what)


def refuse_junk(count: int, what: str) -> None:
    """Say that there is too much junk, if there is.

    Raises:
        AudioError: It is more than `MAX_JUNK_BYTES`.
    """
    if count > MAX_JUNK_BYTES:
        raise AudioError(
            f"The {what} stream holds more than {MAX_JUNK_BYTES >> 10} KiB in one piece that is "
            "no audio; send the file as the encoder wrote it."
        )
