"""MP4, M4A, MOV and 3GP, whole or in fragments: packets in ``mdat`` (ISO 14496-12).

The first audio track is taken. In files that are not fragmented, ``moov`` says where the packets
lie. Where it comes last, the data before it are kept, up to `MAX_KEPT_BYTES`.
"""

from oyez.audio.containers.amr import split_frames
from oyez.audio.containers.mp4_boxes import Places, Track, find_track, fragment_places
from oyez.audio.packets import MAX_PACKET_BYTES, Packet, Source, Steps, refuse_junk
from oyez.errors import AudioError

MAX_TABLE_BYTES = 8 << 20
"""Longest ``moov`` or ``moof``: the tables of ten hours of audio."""

MAX_KEPT_BYTES = 8 << 20
"""Longest ``mdat`` before ``moov``: ten minutes of AAC at 96 kbit/s."""

_ENDLESS = 1 << 62


class _Places:
    """Where the packets lie that are still to come."""

    def __init__(self, places: Places, moved: int = 0) -> None:
        self._places = iter(places)
        self._moved = moved
        self._next = next(self._places, None)

    def take_before(self, end: int) -> tuple[int, int] | None:
        """Return the place and the size of the next packet, if it begins before `end`."""
        if self._next is None or self._next[0] + self._moved >= end:
            return None
        offset, size = self._next
        self._next = next(self._places, None)
        return offset + self._moved, size


def read_mp4(source: Source) -> Steps[None]:
    """Take an ISO media file apart.

    Raises:
        AudioError: There is no audio inside that is known, or it cannot be streamed.
    """
    track: Track | None = None
    places = _Places(())
    file_at, kept, kept_at = 0, b"", 0
    while True:
        start = source.position
        kind, size = yield from _read_head(source)
        if kind == b"ftyp":
            # The beginning of a file, perhaps behind another.
            track, file_at, kept, source.set_aside = None, start, b"", 0
            yield from source.skip(size)
        elif kind == b"moov":
            track = find_track((yield from _take_table(source, kind, size)))
            yield track.codec
            places = _Places(track.places, file_at)
            if kept:
                yield from _give_kept(kept, kept_at, track, places)
                kept, source.set_aside = b"", 0
        elif kind == b"moof":
            if track is None:
                raise AudioError(
                    "The MP4 stream begins in the middle, with a fragment; each stream needs the "
                    "beginning of the recording (ftyp and moov) again."
                )
            moof = yield from _take_table(source, kind, size)
            places = _Places(fragment_places(track, moof, start))
        elif kind == b"mdat" and track is None:
            if size > MAX_KEPT_BYTES - len(kept):
                raise AudioError(
                    "The MP4 file has its index (moov) after the audio and cannot be streamed; "
                    "rewrite it with the index in front (ffmpeg -i in.m4a -c copy -movflags "
                    "+faststart out.m4a), or send raw PCM, such as pcm_s16le."
                )
            kept_at = source.position
            kept = yield from source.take(size)
            source.set_aside = size
        elif kind == b"mdat" and track is not None:
            yield from _read_data(source, source.position + size, track, places)
        elif not kind.isalnum():
            yield from _resume(source, source.position - start)
        else:
            yield from source.skip(size)


def _read_head(source: Source) -> Steps[tuple[bytes, int]]:
    """Take a box's head: its type, and the bytes that follow."""
    head = yield from source.take(8)
    size, kind = int.from_bytes(head[:4], "big"), head[4:]
    if size == 0:
        return kind, _ENDLESS
    length = 8
    if size == 1:
        size, length = int.from_bytes((yield from source.take(8)), "big"), 16
    return (kind, size - length) if size >= length else (b"", 0)


def _resume(source: Source, passed: int) -> Steps[None]:
    """Pass over junk up to the head of the next fragment."""
    while True:
        at = source.find(b"moof", 4)
        if at >= 4:
            yield from source.skip(at - 4)
            return
        seen = max(0, source.available - 7)
        passed += seen
        refuse_junk(passed, "MP4")
        yield from source.skip(seen)
        yield from source.need(source.available + 1)


def _take_table(source: Source, kind: bytes, size: int) -> Steps[bytes]:
    if size > MAX_TABLE_BYTES:
        raise AudioError(
            f"The MP4 stream has a {kind.decode('ascii')} box of {size} bytes; "
            f"no more than {MAX_TABLE_BYTES >> 20} MiB is read."
        )
    return (yield from source.take(size))


def _read_data(source: Source, end: int, track: Track, places: _Places) -> Steps[None]:
    """Give out the packets that lie before `end`."""
    while (place := places.take_before(end)) is not None:
        offset, size = place
        if offset < source.position or offset + size > end:
            continue
        yield from source.skip(offset - source.position)
        if size > MAX_PACKET_BYTES:
            continue
        yield from _give((yield from source.take(size)), track)
    yield from source.skip(end - source.position)


def _give_kept(kept: bytes, kept_at: int, track: Track, places: _Places) -> Steps[None]:
    while (place := places.take_before(_ENDLESS)) is not None:
        offset, size = place
        at = offset - kept_at
        if 0 <= at <= len(kept) - size and size <= MAX_PACKET_BYTES:
            yield from _give(kept[at : at + size], track)


def _give(data: bytes, track: Track) -> Steps[None]:
    if track.codec.name in ("amrnb", "amrwb"):
        for frame in split_frames(data, is_wide=track.codec.name == "amrwb"):
            yield Packet(frame)
    else:
        yield Packet(data)
