"""Sound descriptions of MP4 (``stsd``): which codec, and its header as libavcodec wants it."""

import struct
from fractions import Fraction

from oyez.audio.packets import Codec
from oyez.errors import AudioError

_OBJECT_TYPES = {0x40: "aac", 0x66: "aac", 0x67: "aac", 0x68: "aac", 0x69: "mp3", 0x6B: "mp3"}
"""MPEG-4 object type indications, ISO 14496-1 table 5."""

_PLAIN = {b"ac-3": "ac3", b"ec-3": "eac3", b".mp3": "mp3", b"samr": "amrnb", b"sawb": "amrwb"}
_AMR_HZ = {"amrnb": 8_000, "amrwb": 16_000}
_RAW = {b"ulaw": "mulaw", b"alaw": "alaw", b"fl32": "pcm_f32be", b"fl64": "pcm_f64be"}
_MAX_ALAC_SAMPLES = 1 << 16


def read_codec(stsd: bytes, skip_s: Fraction) -> tuple[Codec, int]:
    """Return the codec of a track, and for raw audio the bytes of one sample of all channels.

    Args:
        stsd: The sample description.
        skip_s: What the edit list cuts off.

    Raises:
        AudioError: The codec cannot be decoded.
        struct.error: The description is cut off.
    """
    size, kind = struct.unpack_from(">I4s", stsd, 8)
    entry = stsd[16 : 8 + size]
    (version,) = struct.unpack_from(">H", entry, 8)
    channels, bits, _, _, rate = struct.unpack_from(">HHHHI", entry, 16)
    rate >>= 16
    start = {0: 28, 1: 44, 2: 64}.get(version, 28)
    if version == 2:
        rate, channels = (
            struct.unpack_from(">d", entry, 32)[0],
            struct.unpack_from(">I", entry, 40)[0],
        )
        bits = struct.unpack_from(">I", entry, 48)[0]
    children = _children(entry[start:])
    name, extradata = _identify(kind, children, bits)
    if name in _AMR_HZ:
        rate, channels = _AMR_HZ[name], 1  # whatever the description says
    codec = Codec(name, int(rate), channels, extradata, Fraction(0) if name == "opus" else skip_s)
    raw_bytes = channels * ((bits + 7) // 8) if name.startswith("pcm_") else channels
    return codec, raw_bytes if name.startswith("pcm_") or name in ("mulaw", "alaw") else 0


def _identify(kind: bytes, children: dict[bytes, bytes], bits: int) -> tuple[str, bytes]:
    """Return the codec's name and its header."""
    header = b""
    name = _PLAIN.get(kind) or _RAW.get(kind)
    if kind == b"mp4a" and b"esds" in children:
        name, header = _read_esds(children[b"esds"])
    elif kind == b"Opus" and len(children.get(b"dOps", b"")) >= 11:
        name, header = "opus", _opus_head(children[b"dOps"])
    elif kind == b"fLaC" and b"dfLa" in children:
        name, header = "flac", children[b"dfLa"][8:42]
    elif kind == b"alac" and len(children.get(b"alac", b"")) >= 28:
        content = children[b"alac"][:28]
        if int.from_bytes(content[4:8], "big") > _MAX_ALAC_SAMPLES:
            raise AudioError("The ALAC audio has packets of too many samples; it is broken.")
        name, header = "alac", b"\0\0\0\x24alac" + content
    elif kind in (b"sowt", b"twos") and bits in (8, 16, 24, 32):
        name = f"pcm_s{bits}{'le' if kind == b'sowt' else 'be'}"
    elif kind == b"enca":
        raise AudioError("The MP4 stream is encrypted; send it without encryption.")
    if name is None:
        raise AudioError(
            f"The MP4 stream's audio is coded in {kind!r}, which cannot be decoded; send AAC."
        )
    return name, header


def _children(data: bytes) -> dict[bytes, bytes]:
    """Return the boxes inside a description, and those that QuickTime puts into ``wave``."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            break
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + size]
        found |= _children(content) if kind == b"wave" else {kind: content}
        at += size
    return found


def _read_esds(esds: bytes) -> tuple[str, bytes]:
    """Read the elementary stream descriptor: nested tags with lengths of 7 bits a byte."""
    at, object_type, extradata = 4, 0, b""
    while at < len(esds):
        tag, length, at = esds[at], 0, at + 1
        for _ in range(4):
            length, at = length << 7 | esds[at] & 0x7F, at + 1
            if esds[at - 1] < 0x80:
                break
        if tag == 3:
            flags = esds[at + 2]
            at += 3 + (2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0)
            at += 1 + esds[at] if flags & 0x40 else 0
        elif tag == 4:
            object_type, at = esds[at], at + 13
        else:
            extradata = esds[at : at + length] if tag == 5 else extradata
            at += length
    codec = _OBJECT_TYPES.get(object_type)
    if codec is None:
        raise AudioError(
            f"The MP4 stream's audio has object type 0x{object_type:02X}, which cannot be decoded; "
            "send AAC."
        )
    return codec, extradata


def _opus_head(box: bytes) -> bytes:
    """Return the header that Ogg has instead of this box: the same fields in the other order."""
    channels, skip, rate, gain = struct.unpack_from(">BHIh", box, 1)
    return struct.pack("<8sBBHIh", b"OpusHead", 1, channels, skip, rate, gain) + box[10:]
