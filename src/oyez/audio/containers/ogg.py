"""Ogg: pages of packets (RFC 3533), with Opus, Vorbis, FLAC or Speex inside.

A page's packets are given out as they arrive, without waiting for its end: its checksum is not
looked at. Of several streams the first with audio is taken. When it ends another may follow
(chaining).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from oyez.audio.packets import MAX_PACKET_BYTES, Codec, Packet, Source, Steps, resume_at
from oyez.errors import AudioError

_CAPTURE = b"OggS"
_MAX_HEADER_BYTES = 4 << 20
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_NO_POSITION = (1 << 64) - 1


@dataclass(slots=True)
class _Page:
    flags: int
    position: int | None
    """Samples until the last packet that ends on this page, where one ends."""
    serial: bytes
    lacing: bytes


@dataclass(slots=True)
class _Stream:
    """The logical stream that is decoded."""

    kind: str
    headers: list[bytes]
    part: bytes = b""
    """A packet that goes on on the next page."""
    skipping: bool = False
    """Whether that packet's beginning is missing."""
    open: bool = False
    """Whether its codec was given out."""
    position: int | None = 0

    @property
    def setup(self) -> Codec | None:
        """The codec, once all its headers are there."""
        first = self.headers[0]
        match self.kind:
            case "opus" if len(self.headers) > 1:
                return Codec("opus", extradata=first)
            case "vorbis" if len(self.headers) > 2:
                return Codec("vorbis", extradata=_xiph_laced(self.headers))
            case "flac":
                return Codec("flac", extradata=first[17:51])
            case "speex" if len(self.headers) > 1 + first[68]:
                rate = int.from_bytes(first[36:40], "little")
                channels = int.from_bytes(first[48:52], "little")
                return Codec("speex", rate, channels, extradata=first)
        return None


def read_ogg(source: Source) -> Steps[None]:
    """Take an Ogg stream apart.

    Raises:
        AudioError: There is no audio inside that is known, or too much junk.
    """
    stream: _Stream | None = None
    serial, heard_data = b"", False
    others: list[bytes] = []
    while True:
        page = yield from _read_page(source)
        if page.flags & _FIRST:
            if heard_data:
                stream, heard_data, others = None, False, []
            first = yield from source.take(sum(page.lacing))
            if stream is None:
                stream, serial = _recognise(first), page.serial
                others.append(first[:8])
            continue
        heard_data = True
        if stream is None:
            raise AudioError(_describe_absence(others))
        if page.serial == serial:
            yield from _read_packets(source, page, stream)
        else:
            yield from source.skip(sum(page.lacing))


def _read_page(source: Source) -> Steps[_Page]:
    while True:
        head = yield from source.peek(27)
        if head[:5] == _CAPTURE + b"\0":
            break
        yield from resume_at(source, _CAPTURE, "Ogg")
    head = yield from source.take(27)
    lacing = yield from source.take(head[26])
    position: int | None = int.from_bytes(head[6:14], "little")
    if position == _NO_POSITION:
        position = None
    return _Page(head[5], position, head[14:18], lacing)


def _read_packets(source: Source, page: _Page, stream: _Stream) -> Steps[None]:
    """Give out the packets of a page, and cut off what its last position says is too much."""
    left = None
    if page.flags & _LAST and page.position is not None and stream.position is not None:
        left = max(0, page.position - stream.position)
    if not page.flags & _CONTINUED:
        stream.part, stream.skipping = b"", False
    elif not stream.part:
        stream.skipping = True
    for size, is_whole in _packet_sizes(page.lacing):
        if len(stream.part) + size > _MAX_HEADER_BYTES:
            raise AudioError(f"The Ogg stream has a packet of over {_MAX_HEADER_BYTES} bytes.")
        piece = yield from source.take(size)
        if not is_whole:
            stream.part += piece
            break
        packet, stream.part = stream.part + piece, b""
        if stream.skipping:
            stream.skipping = False
            continue
        decoded = yield from _give(packet, stream, left)
        if left is not None:
            left = max(0, left - decoded)
    if page.position is not None:
        stream.position = page.position


def _give(packet: bytes, stream: _Stream, left: int | None) -> Steps[int]:
    is_header = stream.kind == "flac" and packet[:1] != b"\xff"
    if not stream.open:
        if not is_header and stream.kind != "flac":
            stream.headers.append(packet)
            is_header = True
        codec = stream.setup
        if codec is None:
            return 0
        stream.open = True
        yield codec
    if is_header or not packet or len(packet) > MAX_PACKET_BYTES:
        return 0
    return (yield Packet(packet, keep=left))


def _packet_sizes(lacing: bytes) -> Iterator[tuple[int, bool]]:
    """Yield each packet's size on a page, and whether it ends there."""
    size = 0
    for segment in lacing:
        size += segment
        if segment < 255:
            yield size, True
            size = 0
    if size:
        yield size, False


def _recognise(first: bytes) -> _Stream | None:
    """Return the stream that begins with this packet, if it is audio that is known."""
    if first.startswith(b"OpusHead") and len(first) >= 19:
        # The first samples count, but are not played.
        return _Stream("opus", [first], position=int.from_bytes(first[10:12], "little"))
    if first.startswith(b"\x01vorbis"):
        return _Stream("vorbis", [first])
    if first.startswith(b"\x7fFLAC") and len(first) >= 51:
        return _Stream("flac", [first])
    if first.startswith(b"Speex   ") and len(first) >= 80:
        return _Stream("speex", [first])
    return None


def _describe_absence(others: list[bytes]) -> str:
    if not others:
        return (
            "The Ogg stream begins in the middle, without the pages that say what it holds; "
            "send each stream from the beginning of a file."
        )
    return (
        f"The Ogg stream holds no audio that is known (its streams begin with "
        f"{', '.join(map(repr, others))}); send Opus, Vorbis, FLAC or Speex."
    )


def _xiph_laced(packets: list[bytes]) -> bytes:
    """Join headers as Matroska and libavcodec store them."""
    head = bytes([len(packets) - 1])
    for packet in packets[:-1]:
        head += b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
    return head + b"".join(packets)
