"""Boxes of MP4: which track is audio, how it is coded, where its packets lie.

ISO 14496-12 (boxes), 14496-14 and 14496-1 7.2.6 (AAC), the Opus, FLAC and ALAC encapsulations, and
Apple's QuickTime File Format (versions 1 and 2 of the sound description, ``wave``).
"""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, repeat
from typing import TypeAlias

from oyez.audio.containers.mp4_codecs import read_codec
from oyez.audio.packets import Codec
from oyez.errors import AudioError

Boxes: TypeAlias = list[tuple[bytes, bytes]]
"""Types and contents of boxes in a row."""

Places: TypeAlias = Iterable[tuple[int, int]]
"""Place in the file and size of packets, in the order in which they are played."""

_ITUNES_DELAY = re.compile(rb" [0-9A-F]{8} ([0-9A-F]{8}) [0-9A-F]{8} ")

_MAX_PACKETS = 2_000_000
"""Packets in one table: twelve hours of AAC."""

_PIECE = 256


@dataclass(slots=True)
class Track:
    """The audio track that is taken."""

    number: int
    codec: Codec
    places: Places
    """The packets that ``moov`` knows of."""
    default_size: int
    """Size of packets in fragments that do not say it."""


def boxes(data: bytes) -> Boxes:
    """Return the boxes in a row that is there as a whole; what is cut off is left out."""
    found = []
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size == 0:
            size = len(data) - at
        if size < head:
            break
        found.append((data[at + 4 : at + 8], data[at + head : at + size]))
        at += size
    return found


def child(content: bytes, *path: bytes) -> bytes:
    """Return the content of the first box along a path of types, empty if there is none."""
    for kind in path:
        content = next((inner for name, inner in boxes(content) if name == kind), b"")
    return content


def find_track(moov: bytes) -> Track:
    """Return the first audio track of a ``moov`` box.

    Raises:
        AudioError: There is none, or it cannot be decoded.
    """
    for kind, trak in boxes(moov):
        if kind == b"trak" and child(trak, b"mdia", b"hdlr")[8:12] == b"soun":
            return _read_track(trak, child(moov, b"mvex"), _itunes_delay(moov))
    raise AudioError("The MP4 stream has no audio track; send one with audio.")


def _itunes_delay(moov: bytes) -> int:
    """Return the samples to skip in a tag that iTunes writes in place of an edit list."""
    at = moov.find(b"iTunSMPB")
    found = _ITUNES_DELAY.search(moov, at, at + 100) if at >= 0 else None
    return int(found[1], 16) if found else 0


def _read_track(trak: bytes, mvex: bytes, itunes_delay: int) -> Track:
    tkhd = child(trak, b"tkhd")
    (number,) = struct.unpack_from(">I", tkhd, 20 if tkhd[0] else 12)
    mdhd = child(trak, b"mdia", b"mdhd")
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)
    table = child(trak, b"mdia", b"minf", b"stbl")
    skip = _edited_out(child(trak, b"edts", b"elst")) or itunes_delay
    skip_s = Fraction(skip, max(1, timescale))
    codec, frame_bytes = read_codec(child(table, b"stsd"), skip_s)
    default_size = 0
    for kind, trex in boxes(mvex):
        if kind == b"trex" and int.from_bytes(trex[4:8], "big") == number:
            default_size = int.from_bytes(trex[16:20], "big")
    return Track(number, codec, islice(_places(table, frame_bytes), _MAX_PACKETS), default_size)


def _edited_out(elst: bytes) -> int:
    """Return the media time at which the first edit begins, 0 where nothing is cut off."""
    if not elst:
        return 0
    (count,) = struct.unpack_from(">I", elst, 4)
    layout = ">Qqi" if elst[0] else ">Iii"
    for index in range(min(count, 8)):
        _, media_time, _ = struct.unpack_from(layout, elst, 8 + index * struct.calcsize(layout))
        if media_time >= 0:
            return int(media_time)
    return 0


def _places(table: bytes, frame_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield the packets of a sample table.

    Args:
        table: The ``stbl`` box.
        frame_bytes: For raw audio, bytes of one sample of all channels; then packets are
            `_PIECE` samples.
    """
    stsz, stsc = child(table, b"stsz"), child(table, b"stsc")
    wide = child(table, b"co64")
    offsets = _column(">Q", wide, 4) if wide else _column(">I", child(table, b"stco"), 4)
    if not stsz or not stsc:
        return
    (same_size,) = struct.unpack_from(">I", stsz, 4)
    sizes = _column(">I", stsz, 8)
    runs = struct.iter_unpack(">III", stsc[8 : len(stsc) - (len(stsc) - 8) % 12])
    per_chunk, following = 0, next(runs, None)
    for chunk, offset in enumerate(offsets, 1):
        if following is not None and following[0] == chunk:
            per_chunk, following = following[1], next(runs, None)
        place = offset
        if frame_bytes:
            for left in range(per_chunk, 0, -_PIECE):
                yield place, min(left, _PIECE) * frame_bytes
                place += _PIECE * frame_bytes
            continue
        for size in repeat(same_size, per_chunk) if same_size else islice(sizes, per_chunk):
            yield place, size
            place += size


def _column(layout: str, content: bytes, count_at: int) -> Iterator[int]:
    """Yield the numbers of a table that begins with their count."""
    start, width = count_at + 4, struct.calcsize(layout)
    count = int.from_bytes(content[count_at:start], "big")
    whole = min(count, max(0, len(content) - start) // width)
    return (number for (number,) in struct.iter_unpack(layout, content[start:][: whole * width]))


def fragment_places(track: Track, moof: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Yield the track's packets in a fragment.

    Args:
        track: The track.
        moof: The fragment's description.
        start: Place of the ``moof`` box in the file.
    """
    for kind, traf in boxes(moof):
        header = child(traf, b"tfhd") if kind == b"traf" else b""
        if int.from_bytes(header[4:8], "big") != track.number:
            continue
        base, size = _read_defaults(header, start, track.default_size)
        at = base
        for inner, trun in boxes(traf):
            if inner == b"trun":
                for place, length in _run(trun, base, at, size):
                    yield place, length
                    at = place + length


def _read_defaults(tfhd: bytes, base: int, size: int) -> tuple[int, int]:
    flags, at = int.from_bytes(tfhd[1:4], "big"), 8
    if flags & 1:
        base = int.from_bytes(tfhd[at : at + 8], "big")
        at += 8
    at += 4 * bool(flags & 2) + 4 * bool(flags & 8)
    if flags & 16:
        size = int.from_bytes(tfhd[at : at + 4], "big")
    return base, size


def _run(trun: bytes, base: int, at: int, size: int) -> Iterator[tuple[int, int]]:
    flags = int.from_bytes(trun[1:4], "big")
    count = int.from_bytes(trun[4:8], "big")
    place = 8
    if flags & 1:
        at = base + int.from_bytes(trun[8:12], "big", signed=True)
        place += 4
    place += 4 * bool(flags & 4)
    stride = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    place += 4 * bool(flags & 0x100)
    for _ in range(min(count, _MAX_PACKETS)):
        length = int.from_bytes(trun[place : place + 4], "big") if flags & 0x200 else size
        if not length:
            return
        yield at, length
        at += length
        place += stride
