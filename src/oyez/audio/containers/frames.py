"""Streams of frames without a container: what is needed to find the frames."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from oyez.audio.packets import Packet, Source, Steps, refuse_junk
from oyez.errors import AudioError

MAX_LEAD_BYTES = 64 << 10
"""How much is passed over in search of the first frame."""


@dataclass(frozen=True, slots=True)
class FrameHead:
    """What a frame's head says."""

    size: int
    """Bytes of the frame, head included."""
    kind: tuple[int, ...]
    """What stays the same in all frames of a stream."""
    samples: int = 0


ReadHead: TypeAlias = Callable[[bytes], FrameHead | None]


def next_frame(
    source: Source, read_head: ReadHead, head_bytes: int, kind: tuple[int, ...] | None, what: str
) -> Steps[FrameHead]:
    """Find the next frame and wait for all of it; junk before it is passed over.

    A frame of the kind expected is believed where it stands. Anything else is believed when
    another frame of its kind, or the end of the audio, follows it.

    Args:
        source: Where to look.
        read_head: Reads a head, None if it is none.
        head_bytes: Bytes that it reads.
        kind: The kind expected, None at the beginning.
        what: The stream's name for messages.

    Raises:
        AudioError: There is too much junk.
        EOFError: The audio ends.
    """
    began = source.position
    while True:
        head = read_head((yield from source.peek(head_bytes)))
        if head is not None and (
            (head.kind == kind and source.position == began)
            or (yield from _is_followed(source, head, read_head, head_bytes))
        ):
            yield from source.need(head.size)
            return head
        yield from source.skip(1)
        source.seek_pattern(b"\xff")
        if kind is None and source.position - began > MAX_LEAD_BYTES:
            raise AudioError(
                f"The audio was announced as {what}, but there is none in its first "
                f"{MAX_LEAD_BYTES >> 10} KiB; set audio_format to what is sent."
            )
        refuse_junk(source.position - began, what)


def _is_followed(
    source: Source, head: FrameHead, read_head: ReadHead, head_bytes: int
) -> Steps[bool]:
    while source.available < head.size + head_bytes:
        if source.ended:
            return source.available == head.size
        yield None
    other = read_head(source.look(head_bytes, at=head.size))
    return other is not None and other.kind == head.kind


def skip_tag(source: Source) -> Steps[bool]:
    """Pass over an ID3v2 tag that begins here; whether there was one."""
    if (yield from source.peek(3)) != b"ID3":
        return False
    yield from source.skip(tag_bytes((yield from source.peek(10))))
    return True


def tag_bytes(head: bytes) -> int:
    """Return the length of the ID3v2 tag that begins with these ten bytes (ID3v2.4.0, 3.1)."""
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)


def give(source: Source, size: int, keep: int | None = None) -> Steps[int]:
    """Take a frame that is there, and give it out; the samples that it decoded to."""
    return (yield Packet((yield from source.take(size)), keep=keep))
