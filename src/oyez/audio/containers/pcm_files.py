"""Files of raw samples behind a header: AIFF and AIFF-C, CAF, and AU.

Layouts: Apple, Audio Interchange File Format 1.3 (AIFF), Draft 1991 (AIFF-C), Core Audio Format
Specification 1.0 (CAF); Sun, `audio_filehdr.h` (AU). Chunks before the samples are passed over
without being stored, and what follows the samples is ignored.
"""

import struct

from oyez.audio.packets import Codec, Packet, Source, Steps
from oyez.errors import AudioError

MAX_HEADER_BYTES = 4 << 20
"""How far into the file the samples may begin."""

_PIECE_BYTES = 1 << 16
_ENDLESS = 1 << 62
_AIFC = {
    b"fl32": "pcm_f32be",
    b"FL32": "pcm_f32be",
    b"fl64": "pcm_f64be",
    b"FL64": "pcm_f64be",
    b"ulaw": "mulaw",
    b"ULAW": "mulaw",
    b"alaw": "alaw",
    b"ALAW": "alaw",
    b"raw ": "pcm_u8",
}
_AU = {
    1: "mulaw",
    2: "pcm_s8",
    3: "pcm_s16be",
    4: "pcm_s24be",
    5: "pcm_s32be",
    6: "pcm_f32be",
    7: "pcm_f64be",
    27: "alaw",
}


def read_aiff(source: Source) -> Steps[None]:
    """Take an AIFF or AIFF-C file apart.

    Raises:
        AudioError: It is broken, or its samples are compressed.
    """
    yield from source.take(12)
    is_open = False
    while True:
        head = yield from source.take(8)
        kind, size = head[:4], int.from_bytes(head[4:], "big")
        if kind == b"COMM" and 18 <= size <= 1024:
            yield _read_comm((yield from source.take(size + size % 2)))
            is_open = True
        elif kind == b"SSND":
            _require(is_open, "AIFF", "COMM")
            offset = int.from_bytes((yield from source.take(8))[:4], "big")
            yield from source.skip(offset)
            # Programs that stream do not know the size.
            is_endless = size in (0, 0xFFFFFFFF)
            yield from _give(source, _ENDLESS if is_endless else max(0, size - 8 - offset))
            return
        else:
            yield from _skip(source, size + size % 2, "AIFF")


def _read_comm(comm: bytes) -> Codec:
    channels, _, bits = struct.unpack_from(">hIh", comm)
    exponent, mantissa = struct.unpack_from(">HQ", comm, 8)
    # An 80-bit float; its mantissa has 63 bits after the point.
    rate = mantissa * 2 ** max(-64, min(64, (exponent & 0x7FFF) - 16383 - 63))
    kind, width = comm[18:22], (bits + 7) // 8
    name = _AIFC.get(kind)
    if kind in (b"", b"NONE", b"twos", b"in24", b"in32", b"sowt") and 1 <= width <= 4:
        name = "pcm_s8" if width == 1 else f"pcm_s{8 * width}{'le' if kind == b'sowt' else 'be'}"
    return _codec(name, round(rate), channels, f"AIFF file's audio is {kind!r} of {bits} bits")


def read_caf(source: Source) -> Steps[None]:
    """Take a Core Audio file apart.

    Raises:
        AudioError: It is broken, or its samples are compressed.
    """
    yield from source.take(8)
    is_open = False
    while True:
        head = yield from source.take(12)
        kind, size = head[:4], int.from_bytes(head[4:], "big")
        if kind == b"desc" and size == 32:
            yield _read_desc((yield from source.take(size)))
            is_open = True
        elif kind == b"data":
            _require(is_open, "CAF", "desc")
            yield from source.take(4)
            yield from _give(source, min(size - 4, _ENDLESS))
            return
        else:
            yield from _skip(source, size, "CAF")


def _read_desc(desc: bytes) -> Codec:
    rate, kind, flags, _, _, channels, bits = struct.unpack(">d4sIIIII", desc)
    name = {b"ulaw": "mulaw", b"alaw": "alaw"}.get(kind)
    order = "le" if flags & 2 else "be"
    if kind == b"lpcm" and flags & 1 and bits in (32, 64):
        name = f"pcm_f{bits}{order}"
    elif kind == b"lpcm" and not flags & 1 and bits in (8, 16, 24, 32):
        name = "pcm_s8" if bits == 8 else f"pcm_s{bits}{order}"
    whole = round(rate) if 0 < rate < 1e9 else 0
    return _codec(name, whole, channels, f"CAF file's audio is {kind!r} of {bits} bits")


def read_au(source: Source) -> Steps[None]:
    """Take a Sun AU file apart.

    Raises:
        AudioError: It is broken, or its samples are compressed.
    """
    head = yield from source.take(24)
    offset, size, kind, rate, channels = struct.unpack(">5I", head[4:])
    yield _codec(_AU.get(kind), rate, channels, f"AU file's audio has encoding {kind}")
    yield from _skip(source, max(0, offset - 24), "AU")
    yield from _give(source, _ENDLESS if size in (0, 0xFFFFFFFF) else size)


def _codec(name: str | None, rate_hz: int, channels: int, what: str) -> Codec:
    if name is None:
        raise AudioError(f"The {what}, which cannot be decoded; send PCM.")
    return Codec(name, rate_hz, channels)


def _require(is_open: bool, label: str, chunk: str) -> None:
    if not is_open:
        raise AudioError(f"The {label} file has samples before its {chunk} chunk; it is broken.")


def _skip(source: Source, size: int, label: str) -> Steps[None]:
    if source.position + size > MAX_HEADER_BYTES:
        raise AudioError(
            f"The {label} file has no samples within its first {MAX_HEADER_BYTES >> 20} MiB; "
            "send one whose audio begins earlier, or raw PCM."
        )
    yield from source.skip(size)


def _give(source: Source, size: int) -> Steps[None]:
    while size:
        yield from source.need(1)
        piece = yield from source.take(min(size, source.available, _PIECE_BYTES))
        size -= len(piece)
        yield Packet(piece)
