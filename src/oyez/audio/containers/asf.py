"""ASF: the container of Windows Media Audio (Microsoft, ASF Specification 01.20.06).

Packets of a fixed size hold pieces of media objects; an object is given out when its last piece
is there. The first audio stream is taken.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from oyez.audio.packets import MAX_PACKET_BYTES, Codec, Packet, Source, Steps, resume_at
from oyez.errors import AudioError

MAX_HEADER_BYTES = 8 << 20
"""Longest header; it may hold a picture."""

_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_STREAM = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_AUDIO = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
_NAMES = {0x160: "wmav1", 0x161: "wmav2", 0x162: "wmapro", 0x163: "wmalossless", 0x0A: "wmavoice"}
_WIDTHS = (0, 1, 2, 4)
"""Bytes of a field, by the two bits that describe it."""


@dataclass(slots=True)
class _Stream:
    number: int = 0
    codec: Codec | None = None
    packet_bytes: int = 0
    objects: dict[int, bytearray] = field(default_factory=dict)
    """Pieces of objects that are not whole; only the latest is kept."""


class _Fields:
    """Reads one field after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self.at

    def number(self, width: int) -> int:
        return int.from_bytes(self.bytes(width), "little")

    def bytes(self, count: int) -> bytes:
        if count > self.left:
            raise IndexError
        self.at += count
        return self._data[self.at - count : self.at]


def read_asf(source: Source) -> Steps[None]:
    """Take an ASF file apart.

    Raises:
        AudioError: There is no audio inside, or it is encrypted or broken.
    """
    stream: _Stream | None = None
    while True:
        head = yield from source.take(24)
        kind, size = head[:16], int.from_bytes(head[16:], "little") - 24
        if kind == _HEADER:
            if not 6 <= size <= MAX_HEADER_BYTES:
                raise AudioError(f"The ASF file has a header of {size} bytes; it is broken.")
            stream = _read_header((yield from source.take(size)))
            assert stream.codec is not None
            yield stream.codec
        elif stream is None:
            raise AudioError("The ASF file has no header; it is broken.")
        elif kind == _DATA:
            yield from source.take(26)
            yield from _read_packets(source, stream)
        else:
            yield from source.skip(max(0, size))


def _read_header(content: bytes) -> _Stream:
    stream = _Stream()
    at = 6
    while at + 24 <= len(content):
        kind = content[at : at + 16]
        size = int.from_bytes(content[at + 16 : at + 24], "little")
        if size < 24:
            break
        body = content[at + 24 : at + size]
        if kind == _FILE:
            stream.packet_bytes = int.from_bytes(body[68:72], "little")
        elif kind == _STREAM and body[:16] == _AUDIO and stream.codec is None:
            flags = int.from_bytes(body[48:50], "little")
            if flags & 0x8000:
                raise AudioError("The ASF file is encrypted; send it without encryption.")
            stream.number = flags & 0x7F
            stream.codec = _read_codec(body[54 : 54 + int.from_bytes(body[40:44], "little")])
        at += size
    if stream.codec is None:
        raise AudioError("The ASF file has no audio stream; send one with audio.")
    if not 0 < stream.packet_bytes <= MAX_PACKET_BYTES:
        raise AudioError(f"The ASF file has packets of {stream.packet_bytes} bytes; it is broken.")
    return stream


def _read_codec(wave_format: bytes) -> Codec:
    tag, channels, rate = struct.unpack_from("<HHI", wave_format)
    return Codec(_NAMES.get(tag, f"format 0x{tag:04X}"), rate, channels, wave_format=wave_format)


def _read_packets(source: Source, stream: _Stream) -> Steps[None]:
    """Read the data object: its packets, up to another file's header."""
    mark = b""
    while True:
        head = yield from source.peek(16)
        if head == _HEADER:
            return
        if not head.startswith(mark):
            yield from resume_at(source, mark, "ASF")
            continue
        packet = yield from source.take(stream.packet_bytes)
        # All packets begin with the same description of their (unused) error correction.
        mark = packet[:3] if packet[0] & 0x80 else b""
        try:
            objects = list(_read_packet(_Fields(packet), stream))
        except IndexError:
            continue
        for data in objects:
            yield Packet(data)


def _read_packet(fields: _Fields, stream: _Stream) -> Iterator[bytes]:
    """Yield the media objects that a packet completes.

    Raises:
        IndexError: The packet is broken.
    """
    flags = fields.number(1)
    if flags & 0x80:
        fields.bytes(flags & 0x0F)
        flags = fields.number(1)
    widths = fields.number(1)
    fields.number(_WIDTHS[flags >> 5 & 3])
    fields.number(_WIDTHS[flags >> 1 & 3])
    padding = fields.number(_WIDTHS[flags >> 3 & 3])
    fields.bytes(6)
    count, length_width = 1, None
    if flags & 1:
        payloads = fields.number(1)
        count, length_width = payloads & 0x3F, _WIDTHS[payloads >> 6]
    for _ in range(count):
        number = fields.number(1) & 0x7F
        key = fields.number(_WIDTHS[widths >> 4 & 3])
        offset = fields.number(_WIDTHS[widths >> 2 & 3])
        replicated = fields.bytes(fields.number(_WIDTHS[widths & 3]))
        length = fields.left - padding if length_width is None else fields.number(length_width)
        data = fields.bytes(max(0, length))
        if number != stream.number:
            continue
        if len(replicated) == 1:
            yield from _split(data)
        elif len(replicated) >= 4:
            whole = int.from_bytes(replicated[:4], "little")
            yield from _join(stream, key, offset, data, whole)


def _split(data: bytes) -> Iterator[bytes]:
    """Yield the small objects of a compressed payload, each behind its length."""
    at = 0
    while at < len(data):
        yield data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]


def _join(stream: _Stream, key: int, offset: int, data: bytes, whole: int) -> Iterator[bytes]:
    if offset == 0:
        stream.objects = {key: bytearray()}
    part = stream.objects.get(key)
    if part is None or len(part) != offset or offset + len(data) > min(whole, MAX_PACKET_BYTES):
        stream.objects = {}
        return
    part += data
    if len(part) == whole:
        stream.objects = {}
        yield bytes(part)
