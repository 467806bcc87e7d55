"""FLAC (RFC 9639): frames that do not say how long they are.

A frame ends where the next one begins, and mostly that is where the bytes that have arrived end:
encoders that stream write whole frames. So a frame is given out as soon as its checksum is right,
without waiting for the next one.
"""

from oyez.audio.packets import MAX_PACKET_BYTES, Codec, Packet, Source, Steps, refuse_junk
from oyez.errors import AudioError

_MAX_HEAD_BYTES = 16
_STREAMINFO_BYTES = 34
_MAX_METADATA_BYTES = 64 << 20


def _table(width: int, polynomial: int) -> tuple[int, ...]:
    top, mask = 1 << (width - 1), (1 << width) - 1
    table = []
    for code in range(256):
        crc = code << (width - 8)
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & top else crc << 1) & mask
        table.append(crc)
    return tuple(table)


_CRC8 = _table(8, 0x07)
_CRC16 = _table(16, 0x8005)


def read_flac(source: Source) -> Steps[None]:
    """Take a FLAC stream apart.

    Raises:
        AudioError: It has no header, or too much junk.
    """
    while True:
        yield from _read_metadata(source)
        likeness: int | None = None
        while (yield from source.peek(4)) != b"fLaC":
            likeness = yield from _find_frame(source, likeness)
            yield from _read_frame(source, likeness)


def _read_metadata(source: Source) -> Steps[None]:
    if (yield from source.take(4)) != b"fLaC":
        raise AudioError("The FLAC stream does not begin with fLaC; send the whole file.")
    began = source.position
    streaminfo, is_last = b"", False
    while not is_last:
        head = yield from source.take(4)
        kind, size = head[0] & 0x7F, int.from_bytes(head[1:], "big")
        is_last = head[0] >= 0x80
        if kind == 0 and size == _STREAMINFO_BYTES:
            streaminfo = yield from source.take(size)
        else:
            yield from source.skip(size)
        if source.position - began > _MAX_METADATA_BYTES:
            raise AudioError("The FLAC stream has over 64 MiB of metadata before its audio.")
    if not streaminfo:
        raise AudioError("The FLAC stream has no STREAMINFO; it is broken.")
    yield Codec("flac", extradata=streaminfo)


def _find_frame(source: Source, likeness: int | None) -> Steps[int]:
    """Pass over what is before the next frame, and return what all frames share."""
    began = source.position
    while True:
        yield from source.need(5)
        yield from source.need(_head_bytes(source.look(5)))
        found = _read_head(source.look(_MAX_HEAD_BYTES))
        if found is not None and likeness in (None, found):
            return found
        yield from source.skip(1)
        source.seek_pattern(b"\xff")
        refuse_junk(source.position - began, "FLAC")


def _read_frame(source: Source, likeness: int) -> Steps[None]:
    """Give out the frame that begins here."""
    crc, summed, sought = 0, 0, 1
    while True:
        end, sought = _find_head(source, sought, likeness)
        if end:
            yield Packet(source.look(end))
            yield from source.skip(end)
            return
        for byte in source.look(source.available - summed, at=summed):
            crc = (crc << 8 & 0xFF00) ^ _CRC16[crc >> 8 ^ byte]
            summed += 1
            # That the sum is right here may be chance, but then the frame cannot be decoded.
            if not crc and summed > 5 and (yield Packet(source.look(summed))):
                yield from source.skip(summed)
                return
        if source.available > MAX_PACKET_BYTES:
            return
        if source.ended:
            yield Packet((yield from source.take(source.available)))
            return
        yield from source.need(source.available + 1)


def _find_head(source: Source, start: int, likeness: int) -> tuple[int, int]:
    """Return where the next frame's head is, or 0, and from where to go on searching."""
    while True:
        at = source.find(b"\xff", start)
        if at < 0:
            return 0, source.available
        head = source.look(_MAX_HEAD_BYTES, at=at)
        if len(head) < 5 or len(head) < _head_bytes(head):
            return 0, at
        if _read_head(head) == likeness:
            return at, at
        start = at + 1


def _head_bytes(data: bytes) -> int:
    """Return the length of the head that begins with these five bytes (RFC 9639 9.1)."""
    number = max(1, 8 - (data[4] ^ 0xFF).bit_length())
    size_code, rate_code = data[2] >> 4, data[2] & 15
    return 5 + number + {6: 1, 7: 2}.get(size_code, 0) + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)


def _read_head(data: bytes) -> int | None:
    """Return what a frame's head shares with all others of its stream, None if it is no head."""
    if data[0] != 0xFF or data[1] & 0xFE != 0xF8 or data[3] & 1:
        return None
    crc = 0
    for byte in data[: _head_bytes(data)]:
        crc = _CRC8[crc ^ byte]
    return None if crc else data[1] << 16 | (data[2] & 15) << 8 | data[3] & 0x0E
