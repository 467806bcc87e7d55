"""Opening a container: what it is, by its first bytes, and whether that is what was promised."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from oyez.audio.containers.adts import read_adts
from oyez.audio.containers.amr import read_amr
from oyez.audio.containers.asf import read_asf
from oyez.audio.containers.flac import read_flac
from oyez.audio.containers.frames import tag_bytes
from oyez.audio.containers.matroska import read_matroska
from oyez.audio.containers.mp4 import read_mp4
from oyez.audio.containers.mpeg import read_mpeg_audio
from oyez.audio.containers.ogg import read_ogg
from oyez.audio.containers.pcm_files import read_aiff, read_au, read_caf
from oyez.audio.framed import Container, FramedDecoder
from oyez.audio.samples import NO_SAMPLES, Samples
from oyez.audio.sniff import HEAD_BYTES, recognise, recognise_middle
from oyez.audio.wav import WavDecoder
from oyez.errors import AudioError

MAX_TAG_BYTES = 16 << 20
"""Longest ID3 tag before the audio; it is passed over without being kept."""


class _Kind(NamedTuple):
    label: str
    read: Container | None
    """None for WAV, which has its own decoder."""
    judges_itself: bool = False
    """Whether it says what is wrong with first bytes that are not recognised, or finds its way."""


CONTAINERS: Mapping[str, _Kind] = MappingProxyType(
    {
        "aac": _Kind("AAC", read_adts, judges_itself=True),
        "aiff": _Kind("AIFF", read_aiff),
        "amr": _Kind("AMR", read_amr),
        "asf": _Kind("ASF", read_asf),
        "au": _Kind("AU", read_au),
        "caf": _Kind("CAF", read_caf),
        "flac": _Kind("FLAC", read_flac),
        "m4a": _Kind("MP4", read_mp4),
        "mp3": _Kind("MP3", read_mpeg_audio, judges_itself=True),
        "mp4": _Kind("MP4", read_mp4),
        "ogg": _Kind("Ogg", read_ogg),
        "wav": _Kind("WAV", None, judges_itself=True),
        "webm": _Kind("WebM", read_matroska),
    }
)
"""What can be decoded, by its name in `audio_format`."""

_TAKEN_FOR = {("m4a", "mp4"), ("aac", "mp4")}
"""Pairs of a promise and a content that are accepted: most AAC is in MP4 files."""


class ContainerDecoder:
    """Recognises a container by its first bytes, then decodes it.

    Args:
        promised: Name of the container that the client announced, None if it did not.
        target_rate_hz: Rate of the samples returned.
    """

    def __init__(self, promised: str | None, *, target_rate_hz: int) -> None:
        self._promised = promised
        self._target_rate_hz = target_rate_hz
        self._head = b""
        self._has_tag = False
        self._tag_left = 0
        self._decoder: WavDecoder | FramedDecoder | None = None

    @property
    def bytes_held(self) -> int:
        """Bytes that wait to be recognised, or in the decoder."""
        return len(self._head) if self._decoder is None else self._decoder.bytes_held

    @property
    def saw_audio(self) -> bool:
        """Whether at least one sample was decoded."""
        return self._decoder is not None and self._decoder.saw_audio

    def push(self, data: bytes) -> Samples:
        """Take any number of bytes and return the samples that are ready, maybe none.

        Raises:
            AudioError: The bytes are no container that can be decoded, or not the one promised.
        """
        if self._decoder is not None:
            return self._decoder.push(data)
        self._head += data[self._tag_left :]
        self._tag_left = max(0, self._tag_left - len(data))
        while len(self._head) >= HEAD_BYTES and self._head.startswith(b"ID3"):
            self._pass_tag()
        return self._open() if len(self._head) >= HEAD_BYTES else NO_SAMPLES

    def flush(self) -> Samples:
        """Return everything held back. The audio is over.

        Raises:
            AudioError: The bytes are no container that can be decoded, or end before its audio.
        """
        if self._decoder is None:
            if not self._head and self._has_tag:
                raise AudioError("The audio ended in its ID3 tag; send the whole file.")
            if not self._head:
                return NO_SAMPLES
            opened = self._open()
            assert self._decoder is not None
            assert not len(opened)
        assert self._decoder is not None
        return self._decoder.flush()

    def _pass_tag(self) -> None:
        size = tag_bytes(self._head)
        if size > MAX_TAG_BYTES:
            raise AudioError(
                f"The audio begins with an ID3 tag of {size} bytes; "
                f"no more than {MAX_TAG_BYTES >> 20} MiB is passed over."
            )
        self._has_tag = True
        self._tag_left = max(0, size - len(self._head))
        self._head = self._head[size:]

    def _open(self) -> Samples:
        name = self._choose()
        kind = CONTAINERS[name]
        rate_hz = self._target_rate_hz
        self._decoder = (
            WavDecoder(target_rate_hz=rate_hz)
            if kind.read is None
            else FramedDecoder(kind.read, kind.label, target_rate_hz=rate_hz)
        )
        head, self._head = self._head, b""
        return self._decoder.push(head)

    def _choose(self) -> str:
        """Return the name of the container that is there.

        Raises:
            AudioError: It is not what was promised, or nothing that is known.
        """
        head, promised = self._head[:HEAD_BYTES], self._promised
        found = recognise(head) or ("mp3" if self._has_tag and promised is None else None)
        if found is not None and (promised in (None, found) or (promised, found) in _TAKEN_FOR):
            return found
        if found is not None:
            raise AudioError(
                f"The audio was announced as {CONTAINERS[str(promised)].label} but looks like "
                f"{CONTAINERS[found].label}; set audio_format to {found!r} or 'auto'."
            )
        if promised is not None and (len(head) < HEAD_BYTES or CONTAINERS[promised].judges_itself):
            return promised
        middle = recognise_middle(head)
        if middle is not None:
            raise AudioError(
                f"The audio begins in the middle of a {CONTAINERS[middle].label} stream. Each new "
                "stream needs the container's beginning again: start a new recorder for it."
            )
        if promised is not None:
            raise AudioError(
                f"The audio was announced as {CONTAINERS[promised].label} but begins with "
                f"{head.hex(' ')}; set audio_format to what is sent."
            )
        raise AudioError(
            f"The audio format was not recognised from its first bytes ({head.hex(' ')}); send "
            "WAV, MP3, AAC, FLAC, Ogg, WebM, MP4, AIFF, AMR or ASF from its beginning, or name a "
            "raw format, such as pcm_s16le, with its sample rate and number of channels."
        )
