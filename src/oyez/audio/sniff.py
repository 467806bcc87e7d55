"""Recognising containers by their first bytes."""

HEAD_BYTES = 16
"""Enough of a file's beginning to recognise every container known here."""

_AT_START: tuple[tuple[bytes, str], ...] = (
    (b"OggS", "ogg"),
    (b"\x1aE\xdf\xa3", "webm"),  # EBML: also Matroska
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel", "asf"),
    (b"caff", "caf"),
    (b".snd", "au"),
)


def recognise(head: bytes) -> str | None:
    """Return the container that begins with these bytes, or None if it is none known.

    The names are those of `audio_format`.

    Args:
        head: The first `HEAD_BYTES` bytes, or all there are.
    """
    for magic, name in _AT_START:
        if head.startswith(magic):
            return name
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] == b"ftyp":
        return "mp4"
    return _recognise_frame(head)


def recognise_middle(head: bytes) -> str | None:
    """Return the container that these bytes are the continuation of, as far as can be told.

    Recorders in browsers write the beginning once; what they hand out later starts with a
    cluster or a block of WebM, or with a fragment of MP4.
    """
    if head.startswith(b"\x1fC\xb6u"):
        return "webm"
    is_block = head[:1] in (b"\xa3", b"\xa0") and b"\x81" in head[1:6]
    if is_block or (head[:1] == b"\xe7" and head[1:2] and head[1] & 0x80):
        return "webm"
    return "mp4" if head[4:8] in (b"moof", b"mdat", b"styp", b"sidx") else None


def _recognise_frame(head: bytes) -> str | None:
    """Tell MPEG audio frames, which follow each other without any file header.

    Twelve (MP3: eleven) one bits, then the version and layer: ISO 11172-3 2.4.1.3, 13818-7 6.2.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if layer == 0:
        adts_rate = head[2] >> 2 & 15
        return "aac" if head[1] & 0xF0 == 0xF0 and adts_rate <= 12 else None
    return "mp3" if version != 1 and bitrate not in (0, 15) and rate != 3 else None
