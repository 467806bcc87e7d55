"""Bytes in, samples out: the interface of all decoders, and how one is chosen."""

from typing import Protocol

from oyez.audio.pcm import find_layout
from oyez.audio.raw import RawDecoder
from oyez.audio.samples import NO_SAMPLES, Samples
from oyez.audio.sniff import HEAD_BYTES, recognise
from oyez.audio.wav import WavDecoder
from oyez.errors import AudioError

_CONTAINERS = {
    "aac": "AAC (ADTS)",
    "aiff": "AIFF",
    "amr": "AMR",
    "asf": "ASF (WMA)",
    "caf": "CAF",
    "flac": "FLAC",
    "mp3": "MP3",
    "mp4": "MP4 (M4A)",
    "ogg": "Ogg",
    "wav": "WAV",
    "webm": "WebM (Matroska)",
}


class AudioDecoder(Protocol):
    """One stream of encoded audio -> mono float32 samples at one rate.

    The samples do not depend on how the bytes were cut. After an `AudioError` the stream cannot
    continue. Never waits, and holds no more than a header, a sample and the resampler's memory
    (2 to 6 ms, see `oyez.audio.resample`); decoders of compressed audio hold a packet as well.
    """

    @property
    def bytes_held(self) -> int:
        """Encoded bytes that wait for more before they can be decoded."""

    @property
    def saw_audio(self) -> bool:
        """Whether at least one sample was decoded."""

    def push(self, data: bytes) -> Samples:
        """Take any number of bytes and return the samples that are ready, maybe none.

        Raises:
            AudioError: The bytes are not the promised audio.
        """

    def flush(self) -> Samples:
        """Return everything held back. The audio is over; nothing may be pushed any more.

        Raises:
            AudioError: The audio ended where it cannot.
        """


class AutoDecoder:
    """Recognises the container by its first bytes, then decodes it.

    Args:
        target_rate_hz: Rate of the samples returned.
    """

    def __init__(self, *, target_rate_hz: int) -> None:
        self._target_rate_hz = target_rate_hz
        self._head = b""
        self._decoder: AudioDecoder | None = None

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
            AudioError: The bytes are no container that can be decoded.
        """
        if self._decoder is not None:
            return self._decoder.push(data)
        self._head += data
        return self._open() if len(self._head) >= HEAD_BYTES else NO_SAMPLES

    def flush(self) -> Samples:
        """Return everything held back. The audio is over.

        Raises:
            AudioError: The bytes are no container that can be decoded, or end inside its header.
        """
        if self._decoder is None:
            if not self._head:
                return NO_SAMPLES
            self._open()
        assert self._decoder is not None
        return self._decoder.flush()

    def _open(self) -> Samples:
        container = recognise(self._head[:HEAD_BYTES])
        if container is None:
            raise AudioError(
                "The audio format was not recognised from its first bytes "
                f"({self._head[:HEAD_BYTES].hex(' ')}); send a WAV file, or name a raw format "
                "with its sample rate and number of channels."
            )
        self._decoder = _open_container(container, self._target_rate_hz)
        head, self._head = self._head, b""
        return self._decoder.push(head)


def open_decoder(
    audio_format: str,
    *,
    sample_rate_hz: int | None,
    num_channels: int | None,
    target_rate_hz: int,
) -> AudioDecoder:
    """Return a decoder for a new stream of audio.

    Args:
        audio_format: A raw format, a container, or ``auto``.
        sample_rate_hz: Rate of raw audio, 1,000 to 384,000; containers say their own.
        num_channels: Channels of raw audio, 1 to 64; containers say their own.
        target_rate_hz: Rate of the samples that the decoder returns.

    Raises:
        AudioError: The format is unknown or cannot be decoded, or raw audio came without a
            usable rate and number of channels.
    """
    if audio_format == "auto":
        return AutoDecoder(target_rate_hz=target_rate_hz)
    layout = find_layout(audio_format)
    if layout is None:
        return _open_container(audio_format, target_rate_hz)
    if sample_rate_hz is None or num_channels is None:
        raise AudioError(
            f"{audio_format} has no header; give its sample rate and number of channels."
        )
    return RawDecoder(
        layout,
        sample_rate_hz=sample_rate_hz,
        num_channels=num_channels,
        target_rate_hz=target_rate_hz,
    )


def _open_container(name: str, target_rate_hz: int) -> AudioDecoder:
    if name == "wav":
        return WavDecoder(target_rate_hz=target_rate_hz)
    if name in _CONTAINERS:
        raise AudioError(
            f"{_CONTAINERS[name]} audio cannot be decoded yet; send WAV or raw PCM, "
            "such as pcm_s16le."
        )
    raise AudioError(f"No audio format is called {name!r}; send WAV or raw PCM, such as pcm_s16le.")
