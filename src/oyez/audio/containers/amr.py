"""AMR and AMR-WB files: frames of 20 ms behind a line that names the codec (RFC 4867, 5)."""

from collections.abc import Iterator

from oyez.audio.packets import Codec, Packet, Source, Steps
from oyez.errors import AudioError

_NARROW = (13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1)
_WIDE = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1)
"""Bytes of a frame, with the one that says its type; 0 for types that do not exist."""


def read_amr(source: Source) -> Steps[None]:
    """Take an AMR file apart.

    Raises:
        AudioError: It has several channels, or too much junk.
    """
    head = yield from source.take(6)
    is_wide = head == b"#!AMR-"
    if is_wide:
        head += yield from source.take(3)
    if head not in (b"#!AMR\n", b"#!AMR-WB\n"):
        raise AudioError(
            f"The AMR stream begins with {head!r}; send #!AMR or #!AMR-WB with one channel."
        )
    yield Codec("amrwb", 16_000, 1) if is_wide else Codec("amrnb", 8_000, 1)
    sizes = _WIDE if is_wide else _NARROW
    while True:
        size = _frame_bytes((yield from source.peek(1))[0], sizes)
        if size:
            yield Packet((yield from source.take(size)))
        else:
            yield from source.skip(1)


def split_frames(data: bytes, *, is_wide: bool) -> Iterator[bytes]:
    """Yield the frames in a packet, up to the first that is none."""
    sizes, at = _WIDE if is_wide else _NARROW, 0
    while at < len(data):
        size = _frame_bytes(data[at], sizes)
        if not size:
            return
        yield data[at : at + size]
        at += size


def _frame_bytes(head: int, sizes: tuple[int, ...]) -> int:
    """Return a frame's length; 0 where bits are set that never are."""
    return 0 if head & 0x83 else sizes[head >> 3 & 15]
