"""AAC without a container: ADTS frames (ISO 13818-7 6.2).

A frame says its own length and is given out when its last byte is there.
"""

from oyez.audio.containers.frames import FrameHead, give, next_frame, skip_tag
from oyez.audio.packets import Codec, Source, Steps

_HEAD_BYTES = 7


def read_adts_head(head: bytes) -> FrameHead | None:
    """Read the seven bytes that begin a frame; the kind is profile, rate and channels."""
    if head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return None
    rate_index = head[2] >> 2 & 15
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if rate_index > 12 or size <= _HEAD_BYTES:
        return None
    channels = (head[2] & 1) << 2 | head[3] >> 6
    return FrameHead(size, (head[1] & 8, head[2] >> 6, rate_index, channels))


def read_adts(source: Source) -> Steps[None]:
    """Take a stream of ADTS frames apart.

    Raises:
        AudioError: There is too much that is no frame.
    """
    kind: tuple[int, ...] | None = None
    while True:
        if (yield from skip_tag(source)):
            continue
        head = yield from next_frame(source, read_adts_head, _HEAD_BYTES, kind, "AAC")
        if head.kind != kind:
            kind = head.kind
            yield Codec("aac")
        yield from give(source, head.size)
