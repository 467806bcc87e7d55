"""MP3 and MP2: MPEG audio frames (ISO 11172-3 2.4.1, 13818-3), with the tags that LAME adds.

A frame says its own length and is given out when its last byte is there.
"""

from fractions import Fraction

from oyez.audio.containers.frames import FrameHead, give, next_frame, skip_tag
from oyez.audio.packets import Codec, Source, Steps

_RATES_HZ = (44_100, 48_000, 32_000)
_KBPS_1 = {
    1: (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_KBPS_2 = {
    1: (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    3: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_DECODER_DELAY = 529
"""Samples that every decoder of layer III adds, as the tag counts them."""


def read_mpeg_head(head: bytes) -> FrameHead | None:
    """Read the four bytes that begin a frame; the kind is version, layer, rate and being mono."""
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    index, rate_index = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or index in (0, 15) or rate_index == 3:
        return None
    is_first = version == 3
    rate = _RATES_HZ[rate_index] >> (0 if is_first else 3 - version if version else 2)
    bitrate = 1000 * (_KBPS_1 if is_first else _KBPS_2)[layer][index]
    padding = head[2] >> 1 & 1
    if layer == 1:
        size, samples = (12 * bitrate // rate + padding) * 4, 384
    else:
        samples = 1152 if is_first or layer == 2 else 576
        size = samples // 8 * bitrate // rate + padding
    return FrameHead(size, (version, layer, rate, int(head[3] >> 6 == 3)), samples)


def read_mpeg_audio(source: Source) -> Steps[None]:
    """Take a stream of MPEG audio frames apart.

    Raises:
        AudioError: There is too much that is no frame.
    """
    kind: tuple[int, ...] | None = None
    end, at = 0, 0
    while True:
        if (yield from skip_tag(source)):
            continue
        head = yield from next_frame(source, read_mpeg_head, 4, kind, "MP3")
        frame = source.look(head.size)
        tag = _find_tag(frame, head)
        if tag is not None or head.kind != kind:
            kind = head.kind
            delay, end = tag or (0, 0)
            at = 0
            _, layer, rate, _ = kind
            yield Codec("mp3" if layer == 3 else "mp2", skip_s=Fraction(delay, rate))
        if tag is not None:
            yield from source.skip(head.size)
            continue
        # Frames beyond the end that the tag states are another file's, without a tag.
        keep = end - at if at < end else None
        yield from give(source, head.size, keep)
        at += head.samples


def _find_tag(frame: bytes, head: FrameHead) -> tuple[int, int] | None:
    """Read a frame that holds no audio but a description of the file.

    Returns:
        Samples to skip, and the sample (with those skipped) at which the audio ends, 0 where
        they are not said; None for a frame of audio.
    """
    version, layer, _, is_mono = head.kind
    if layer != 3:
        return None
    if frame[36:40] == b"VBRI":
        return 0, 0
    side_info = (17 if is_mono else 32) if version == 3 else (9 if is_mono else 17)
    at = 4 + side_info
    if frame[at : at + 4] not in (b"Xing", b"Info"):
        return None
    flags, count = frame[at + 7], 0
    at += 8
    if flags & 1:
        count = int.from_bytes(frame[at : at + 4], "big")
    at += sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
    delays = frame[at + 21 : at + 24]
    if len(delays) < 3 or not frame[at : at + 4].strip(b"\0"):
        return 0, 0
    delay = delays[0] << 4 | delays[1] >> 4
    padding = (delays[1] & 15) << 8 | delays[2]
    end = count * head.samples - max(0, padding - _DECODER_DELAY) if count else 0
    return delay + _DECODER_DELAY, end
