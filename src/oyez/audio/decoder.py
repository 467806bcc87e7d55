"""Bytes in, samples out: the interface of all decoders, and how one is chosen."""

from typing import Protocol

from oyez.audio.opening import CONTAINERS, ContainerDecoder
from oyez.audio.pcm import find_layout
from oyez.audio.raw import RawDecoder
from oyez.audio.samples import Samples
from oyez.errors import AudioError
from oyez.protocol.audio_formats import canonical_format


class AudioDecoder(Protocol):
    """One stream of encoded audio -> mono float32 samples at one rate.

    The samples do not depend on how the bytes were cut. After an `AudioError` the stream cannot
    continue. Never waits, and holds no more than a header, a packet or a sample, and the
    resampler's memory (2 to 6 ms, see `oyez.audio.resample`). May be dropped at any time.
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
        AudioError: The format is unknown, or raw audio came without a usable rate and number of
            channels.
    """
    if audio_format == "auto":
        return ContainerDecoder(None, target_rate_hz=target_rate_hz)
    layout = find_layout(audio_format)
    if layout is None:
        name = canonical_format(audio_format)
        if name not in CONTAINERS:
            raise AudioError(
                f"No audio format is called {audio_format!r}; send WAV or raw PCM, "
                "such as pcm_s16le."
            )
        return ContainerDecoder(name, target_rate_hz=target_rate_hz)
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
