"""Decoding WAVE files while they arrive.

Layouts: Microsoft Multimedia Programming Interface 1.0 (RIFF WAVE), `mmreg.h`
(WAVEFORMATEXTENSIBLE), EBU Tech 3306 and ITU-R BS.2088 (RF64 and BW64).
"""

import struct
from enum import Enum, auto
from functools import partial

from oyez.audio.containers.mpeg import read_mpeg_audio
from oyez.audio.framed import FramedDecoder
from oyez.audio.packets import Codec, Packet, Source, Steps
from oyez.audio.pcm import RAW_LAYOUTS, RawLayout
from oyez.audio.raw import RawDecoder, check_shape
from oyez.audio.samples import NO_SAMPLES, Samples
from oyez.errors import AudioError

MAX_HEADER_BYTES = 4 << 20
"""How far into the file its data chunk may begin; tags with a picture lie before it at times."""

_MAX_FMT_BYTES = 4096
_UNKNOWN_SIZE = 0xFFFF_FFFF
_ENDLESS = 1 << 64
_PCM, _IEEE_FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_MPEG_TAGS = (0x50, 0x55)
_BLOCK_TAGS = {0x02: "adpcm_ms", 0x11: "adpcm_ima_wav", 0x31: "gsm_ms"}
"""Codecs whose packets have the size that the header gives for a frame."""
_SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")
"""What follows the format tag in KSDATAFORMAT_SUBTYPE identifiers, as stored."""


class _Reading(Enum):
    RIFF_HEADER = auto()
    CHUNK_HEADER = auto()
    CHUNK = auto()
    SKIPPED = auto()
    DATA = auto()
    REST = auto()


class WavDecoder:
    """A WAVE file in pieces -> mono samples at the target rate.

    Reads PCM of 8 to 32 bits, IEEE floats, mu-law and A-law, in RIFF, RIFX, RF64 and BW64 files,
    and ADPCM, GSM and MP3 in RIFF files.
    Chunks before the data are passed over without being stored; chunks after it are ignored. A
    data size of 0 or 0xFFFFFFFF, as written by programs that stream, means: until the end. A
    data chunk cut short is no error.

    Args:
        target_rate_hz: Rate of the samples returned.
    """

    def __init__(self, *, target_rate_hz: int) -> None:
        self._target_rate_hz = target_rate_hz
        self._reading = _Reading.RIFF_HEADER
        self._missing = 12
        """Bytes that complete what is being read; for data of unknown size, more than can come."""
        self._piece = bytearray()
        self._seen = 0
        self._order = "<"
        self._chunk = b""
        self._data_size_64: int | None = None
        self._decoder: RawDecoder | FramedDecoder | None = None

    @property
    def bytes_held(self) -> int:
        """Bytes of an incomplete header or sample."""
        return len(self._piece) + (self._decoder.bytes_held if self._decoder else 0)

    @property
    def saw_audio(self) -> bool:
        """Whether at least one sample was decoded."""
        return self._decoder is not None and self._decoder.saw_audio

    def push(self, data: bytes) -> Samples:
        """Take any number of bytes and return the samples that are ready, maybe none.

        Raises:
            AudioError: The bytes are not a WAVE file, or one of a kind that cannot be decoded.
        """
        at = 0
        while at < len(data) and self._reading not in (_Reading.DATA, _Reading.REST):
            taken = min(self._missing, len(data) - at)
            if self._reading is not _Reading.SKIPPED:
                self._piece += data[at : at + taken]
            at += taken
            self._missing -= taken
            self._count(taken)
            while not self._missing:
                self._advance()
        return self._decode(data[at:]) if self._reading is _Reading.DATA else NO_SAMPLES

    def flush(self) -> Samples:
        """Return the samples held back. The audio is over.

        Raises:
            AudioError: The file ended inside its header.
        """
        if self._decoder is not None and self._reading in (_Reading.DATA, _Reading.REST):
            return self._decoder.flush()
        if self._seen:
            raise AudioError(
                f"The WAV file ended after {self._seen} bytes, before its data chunk; "
                "send the whole file."
            )
        return NO_SAMPLES

    def _decode(self, data: bytes) -> Samples:
        assert self._decoder is not None
        samples = self._decoder.push(data[: self._missing])
        self._missing -= min(self._missing, len(data))
        if not self._missing:
            self._reading = _Reading.REST
        return samples

    def _count(self, taken: int) -> None:
        self._seen += taken
        if self._seen > MAX_HEADER_BYTES:
            raise AudioError(
                f"The WAV file has no data chunk within its first {MAX_HEADER_BYTES >> 20} MiB; "
                "send one whose audio begins earlier, or raw PCM."
            )

    def _advance(self) -> None:
        """Act on what is complete and say what comes next."""
        piece = bytes(self._piece)
        self._piece.clear()
        match self._reading:
            case _Reading.RIFF_HEADER:
                self._read_riff_header(piece)
            case _Reading.CHUNK_HEADER:
                self._read_chunk_header(piece)
            case _Reading.CHUNK:
                self._read_chunk(piece)
            case _:
                self._expect(_Reading.CHUNK_HEADER, 8)

    def _expect(self, reading: _Reading, size: int) -> None:
        self._reading, self._missing = reading, size

    def _read_riff_header(self, piece: bytes) -> None:
        if piece[:4] not in (b"RIFF", b"RIFX", b"RF64", b"BW64") or piece[8:] != b"WAVE":
            raise AudioError(
                f"The audio was announced as WAV but begins with {piece[:4]!r} instead of a RIFF "
                "WAVE header; set audio_format to what is sent."
            )
        self._order = ">" if piece[:4] == b"RIFX" else "<"
        self._expect(_Reading.CHUNK_HEADER, 8)

    def _read_chunk_header(self, piece: bytes) -> None:
        self._chunk = piece[:4]
        (size,) = struct.unpack(f"{self._order}I", piece[4:])
        if self._chunk == b"data":
            self._open_data(size)
        elif self._chunk == b"fmt " and self._decoder is None:
            if not 16 <= size <= _MAX_FMT_BYTES:
                raise AudioError(f"The WAV file's fmt chunk has {size} bytes; it is broken.")
            self._expect(_Reading.CHUNK, size + size % 2)
        elif self._chunk == b"ds64" and 28 <= size <= _MAX_FMT_BYTES:
            self._expect(_Reading.CHUNK, size + size % 2)
        else:
            self._expect(_Reading.SKIPPED, size + size % 2)

    def _open_data(self, size: int) -> None:
        if self._decoder is None:
            raise AudioError("The WAV file has a data chunk before its fmt chunk; it is broken.")
        if size == _UNKNOWN_SIZE and self._data_size_64 is not None:
            size = self._data_size_64
        until_end = size in (0, _UNKNOWN_SIZE)
        self._expect(_Reading.DATA, _ENDLESS if until_end else size)

    def _read_chunk(self, piece: bytes) -> None:
        if self._chunk == b"ds64":
            (self._data_size_64,) = struct.unpack_from(f"{self._order}Q", piece, 8)
        else:
            self._read_fmt(piece)
        self._expect(_Reading.CHUNK_HEADER, 8)

    def _read_fmt(self, piece: bytes) -> None:
        tag, channels, rate, _, frame_bytes, bits = struct.unpack_from(
            f"{self._order}HHIIHH", piece
        )
        if tag == _EXTENSIBLE:
            if len(piece) < 40 or piece[26:40] != _SUBFORMAT_TAIL:
                raise AudioError(
                    "The WAV file's extensible header names no known format; send PCM."
                )
            (tag,) = struct.unpack_from(f"{self._order}H", piece, 24)
        if self._order == "<" and (tag in _BLOCK_TAGS or tag in _MPEG_TAGS):
            check_shape(rate, channels)
            self._decoder = self._open_coded(tag, frame_bytes, piece)
            return
        layout = self._find_layout(tag, bits)
        decoder = RawDecoder(
            layout,
            sample_rate_hz=rate,
            num_channels=channels,
            target_rate_hz=self._target_rate_hz,
        )
        if frame_bytes != layout.sample_bytes * channels:
            raise AudioError(
                f"The WAV file's header contradicts itself: {channels} channels of {bits} bits do "
                f"not make frames of {frame_bytes} bytes."
            )
        self._decoder = decoder

    def _open_coded(self, tag: int, frame_bytes: int, wave_format: bytes) -> FramedDecoder:
        if tag in _MPEG_TAGS:
            return FramedDecoder(read_mpeg_audio, "WAV", target_rate_hz=self._target_rate_hz)
        if not frame_bytes:
            raise AudioError("The WAV file's header gives blocks of no bytes; it is broken.")
        codec = Codec(_BLOCK_TAGS[tag], wave_format=wave_format)
        blocks = partial(read_blocks, codec=codec, size=frame_bytes)
        return FramedDecoder(blocks, "WAV", target_rate_hz=self._target_rate_hz)

    def _find_layout(self, tag: int, bits: int) -> RawLayout:
        order = "be" if self._order == ">" else "le"
        # Samples of, say, 20 bits fill the high end of the next whole number of bytes.
        width = (bits + 7) // 8
        if tag == _PCM and width in (1, 2, 3, 4):
            return RAW_LAYOUTS["pcm_u8" if width == 1 else f"pcm_s{8 * width}{order}"]
        if tag == _IEEE_FLOAT and bits in (32, 64):
            return RAW_LAYOUTS[f"pcm_f{bits}{order}"]
        if tag in (_ALAW, _MULAW) and bits == 8:
            return RAW_LAYOUTS["alaw" if tag == _ALAW else "mulaw"]
        raise AudioError(
            f"The WAV file holds audio of format tag 0x{tag:04X} with {bits} bits; send PCM of 8, "
            "16, 24 or 32 bits, floats, mu-law, A-law, ADPCM or GSM."
        )


def read_blocks(source: Source, *, codec: Codec, size: int) -> Steps[None]:
    """Take apart what has packets of one size; an incomplete one at the end is dropped."""
    yield codec
    while True:
        yield Packet((yield from source.take(size)))
