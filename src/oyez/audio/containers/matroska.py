"""Matroska and WebM: blocks of packets in nested elements (RFC 8794, RFC 9559).

Segments and clusters are not treated as boxes but as marks in a flat row of elements: their sizes
are unknown in streams anyway. The first audio track is taken; everything else is passed over
without being stored.
"""

import re
import struct
from dataclasses import dataclass
from fractions import Fraction

from oyez.audio.packets import (
    MAX_PACKET_BYTES,
    Codec,
    Packet,
    Source,
    Steps,
    refuse_junk,
)
from oyez.errors import AudioError

MAX_TRACKS_BYTES = 4 << 20
"""Longest description of the tracks."""

_EBML, _SEGMENT, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0x1F43B675
_SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK, _DISCARD = 0xA3, 0xA0, 0xA1, 0x75A2
_LONGEST_MARK = 8
_PASSED_OVER = {
    0x114D9B74,  # SeekHead
    0x1549A966,  # Info
    0x1C53BB6B,  # Cues
    0x1941A469,  # Attachments
    0x1043A770,  # Chapters
    0x1254C367,  # Tags
    0xE7,  # Timestamp
    0x5854,  # SilentTracks
    0xA7,  # Position
    0xAB,  # PrevSize
    0xAF,  # EncryptedBlock
    0xEC,  # Void
    0xBF,  # CRC-32
}
_CODECS = {
    "A_OPUS": "opus",
    "A_VORBIS": "vorbis",
    "A_FLAC": "flac",
    "A_AAC": "aac",
    "A_MPEG/L3": "mp3",
    "A_MPEG/L2": "mp2",
    "A_ALAC": "alac",
    "A_AC3": "ac3",
    "A_EAC3": "eac3",
}


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    codec: Codec
    prefix: bytes
    """Bytes that were taken off the beginning of every packet."""


def read_matroska(source: Source) -> Steps[None]:
    """Take a Matroska or WebM stream apart.

    Raises:
        AudioError: There is no audio inside that is known, or too much junk.
    """
    track: _Track | None = None
    while True:
        element = yield from _read_head(source)
        if element is None:
            yield from _resume(source, track)
            continue
        kind, size = element
        if kind in (_SEGMENT, _CLUSTER):
            continue
        if size is None:
            raise AudioError(f"The WebM stream has an element {kind:X} without a size.")
        if kind == _TRACKS:
            if size > MAX_TRACKS_BYTES:
                raise AudioError(f"The WebM stream describes its tracks in {size} bytes.")
            track = _find_audio((yield from source.take(size)))
            yield track.codec
        elif kind in (_SIMPLE_BLOCK, _BLOCK_GROUP):
            if track is None:
                raise AudioError("The WebM stream has audio before the description of its tracks.")
            if kind == _SIMPLE_BLOCK:
                yield from _read_block(source, size, track)
            else:
                yield from _read_group(source, size, track)
        else:
            yield from source.skip(size)


def _read_head(source: Source) -> Steps[tuple[int, int | None] | None]:
    """Take an element's identifier and its size, None for unknown; None if it is no element."""
    first = (yield from source.peek(1))[0]
    length = 9 - first.bit_length()
    if length > 4:
        return None
    head = yield from source.peek(length + 1)
    kind = int.from_bytes(head[:length], "big")
    known = (_EBML, _SEGMENT, _TRACKS, _CLUSTER, _SIMPLE_BLOCK, _BLOCK_GROUP)
    width = 9 - head[length].bit_length()
    if (kind not in known and kind not in _PASSED_OVER) or width > 8:
        return None
    head = yield from source.take(length + width)
    return kind, _number(head[length:])


def _resume(source: Source, track: _Track | None) -> Steps[None]:
    """Pass over junk up to a cluster, a new beginning, or what looks like a block of the track."""
    began = source.position
    marks = rb"\x1f\x43\xb6\x75|\x1a\x45\xdf\xa3"
    if track is not None and track.number < 127:
        size = rb"\xa3(?:[\x81-\xfe]|[\x40-\x7f].|[\x20-\x3f]..)"
        marks += b"|" + size + re.escape(bytes([0x80 | track.number])) + rb"..[\x00\x80]"
    pattern = re.compile(marks, re.DOTALL)
    yield from source.skip(1)
    while True:
        found = pattern.search(source.look(source.available))
        passed = found.start() if found else max(0, source.available - _LONGEST_MARK + 1)
        yield from source.skip(passed)
        refuse_junk(source.position - began, "WebM")
        # A longer mark may begin before the one that was found, and not be whole yet.
        if found and (source.ended or source.available >= _LONGEST_MARK):
            return
        yield from source.need(source.available + 1)


def _number(data: bytes) -> int | None:
    """Return a variable-length number without its marker; None when all its bits are set."""
    bits = 7 * len(data)
    value = int.from_bytes(data, "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value


def _read_group(source: Source, size: int, track: _Track) -> Steps[None]:
    """Read a BlockGroup: DiscardPadding follows the block, so all of it is waited for."""
    if size > MAX_PACKET_BYTES:
        yield from source.skip(size)
        return
    children = dict(_elements((yield from source.take(size))))
    block = children.get(_BLOCK, b"")
    discard_ns = int.from_bytes(children.get(_DISCARD, b""), "big", signed=True)
    drop = max(0, round(discard_ns * track.codec.sample_rate_hz / 10**9))
    head = _block_head(block, track)
    if head:
        yield from _give(block[head:], block[head - 1], track, drop)


def _read_block(source: Source, size: int, track: _Track) -> Steps[None]:
    head = yield from source.peek(min(size, 11))
    if not _block_head(head, track) or size > MAX_PACKET_BYTES:
        yield from source.skip(size)
        return
    block = yield from source.take(size)
    length = _block_head(block, track)
    yield from _give(block[length:], block[length - 1], track, 0)


def _block_head(block: bytes, track: _Track) -> int:
    """Return the length of a block's head if it is the track's: number, timestamp, flags. Or 0."""
    if not block:
        return 0
    width = 9 - block[0].bit_length()
    if len(block) <= width + 3 or _number(block[:width]) != track.number:
        return 0
    return width + 3


def _give(data: bytes, flags: int, track: _Track, drop: int) -> Steps[None]:
    packets = _unlace(data, flags >> 1 & 3)
    for index, packet in enumerate(packets):
        yield Packet(track.prefix + packet, drop=drop if index == len(packets) - 1 else 0)


def _unlace(data: bytes, lacing: int) -> list[bytes]:
    """Separate the packets of one block (RFC 9559 10.3); as many as are right."""
    if not lacing:
        return [data]
    count, at = data[0] + 1, 1
    sizes: list[int] = []
    try:
        if lacing == 2:
            sizes = [(len(data) - 1) // count] * (count - 1)
        elif lacing == 1:
            for _ in range(count - 1):
                size = 0
                while data[at] == 255:
                    size, at = size + 255, at + 1
                sizes.append(size + data[at])
                at += 1
        else:
            for index in range(count - 1):
                width = 9 - data[at].bit_length()
                value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
                bias = (1 << (7 * width - 1)) - 1
                sizes.append(sizes[-1] + value - bias if index else value)
                at += width
    except IndexError:
        return []
    packets: list[bytes] = []
    for size in sizes:
        if size < 0:
            return packets
        packets.append(data[at : at + size])
        at += size
    return [packet for packet in (*packets, data[at:]) if packet]


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """Return the elements in a row that is there as a whole; what is cut off is left out."""
    found = []
    at = 0
    while at < len(data):
        length = 9 - data[at].bit_length()
        start = at + length
        if length > 4 or start >= len(data):
            break
        width = 9 - data[start].bit_length()
        size = _number(data[start : start + width])
        if size is None or width > 8:
            break
        body = start + width
        found.append((int.from_bytes(data[at:start], "big"), data[body : body + size]))
        at = body + size
    return found


def _find_audio(tracks: bytes) -> _Track:
    """Return the first audio track.

    Raises:
        AudioError: There is none, or it cannot be decoded.
    """
    for kind, entry in _elements(tracks):
        fields = dict(_elements(entry)) if kind == 0xAE else {}
        if fields.get(0x83) == b"\x02":
            return _read_track(fields)
    raise AudioError("The WebM stream has no audio track; record one with audio.")


def _read_track(fields: dict[int, bytes]) -> _Track:
    name = fields.get(0x86, b"").rstrip(b"\0").decode("ascii", "replace")
    audio = dict(_elements(fields.get(0xE1, b"")))
    rate = round(_float(audio.get(0xB5, b""), 8000.0))
    channels = int.from_bytes(audio.get(0x9F, b"\x01"), "big")
    extradata = fields.get(0x63A2, b"")
    bits = int.from_bytes(audio.get(0x6264, b""), "big")
    codec = _CODECS.get(name) or _pcm(name, bits)
    if name.startswith("A_AAC"):
        codec = "aac"
    if codec is None:
        raise AudioError(
            f"The WebM stream's audio is coded in {name!r}, which cannot be decoded; "
            "send Opus, Vorbis or raw PCM."
        )
    skip_s = Fraction(int.from_bytes(fields.get(0x56AA, b""), "big"), 10**9)
    if codec == "opus":
        rate, skip_s = 48_000, Fraction(0)
    return _Track(
        int.from_bytes(fields.get(0xD7, b""), "big"),
        Codec(codec, rate, channels, extradata, skip_s),
        _read_prefix(fields.get(0x6D80, b"")),
    )


def _pcm(name: str, bits: int) -> str | None:
    match name:
        case "A_PCM/INT/LIT" if bits in (16, 24, 32):
            return f"pcm_s{bits}le"
        case "A_PCM/INT/BIG" if bits in (16, 24, 32):
            return f"pcm_s{bits}be"
        case "A_PCM/INT/LIT" | "A_PCM/INT/BIG" if bits == 8:
            return "pcm_u8"
        case "A_PCM/FLOAT/IEEE" if bits in (32, 64):
            return f"pcm_f{bits}le"
    return None


def _read_prefix(encodings: bytes) -> bytes:
    """Return what ContentEncodings says was stripped from every packet.

    Raises:
        AudioError: The packets are encrypted, or compressed in another way.
    """
    prefix = b""
    for _, encoding in _elements(encodings):
        fields = dict(_elements(encoding))
        if int.from_bytes(fields.get(0x5033, b""), "big") == 1:
            raise AudioError("The WebM stream is encrypted; send it without encryption.")
        compression = dict(_elements(fields.get(0x5034, b"")))
        if int.from_bytes(compression.get(0x4254, b""), "big") != 3:
            raise AudioError("The WebM stream's packets are compressed once more; mux it without.")
        prefix = compression.get(0x4255, b"")
    return prefix


def _float(data: bytes, default: float) -> float:
    if len(data) in (4, 8):
        (value,) = struct.unpack(">f" if len(data) == 4 else ">d", data)
        return float(value) if 0 < value < 1e9 else default
    return default
