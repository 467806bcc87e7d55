"""Decoding audio that has no header."""

from oyez.audio.pcm import RawLayout
from oyez.audio.resample import Resampler
from oyez.audio.samples import NO_SAMPLES, Samples, mix_to_mono
from oyez.errors import AudioError
from oyez.protocol.config import MAX_NUM_CHANNELS, MAX_SAMPLE_RATE_HZ, MIN_SAMPLE_RATE_HZ


def check_shape(sample_rate_hz: int, num_channels: int) -> None:
    """Refuse a sample rate or a number of channels that cannot be meant.

    Raises:
        AudioError: The rate is outside 1,000 to 384,000 Hz, or the channels outside 1 to 64.
    """
    if not MIN_SAMPLE_RATE_HZ <= sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise AudioError(
            f"The sample rate is {sample_rate_hz} Hz; "
            f"send audio of {MIN_SAMPLE_RATE_HZ} to {MAX_SAMPLE_RATE_HZ} Hz."
        )
    if not 1 <= num_channels <= MAX_NUM_CHANNELS:
        raise AudioError(
            f"The audio has {num_channels} channels; send 1 to {MAX_NUM_CHANNELS} channels."
        )


class RawDecoder:
    """Interleaved samples of one layout -> mono samples at the target rate.

    A sample (of all channels) that is incomplete when the audio ends is dropped.

    Args:
        layout: How a sample lies in bytes.
        sample_rate_hz: Rate of the bytes pushed, 1,000 to 384,000.
        num_channels: Channels of the bytes pushed, 1 to 64; they are mixed by their mean.
        target_rate_hz: Rate of the samples returned.

    Raises:
        AudioError: The rate or the number of channels is out of range.
    """

    def __init__(
        self, layout: RawLayout, *, sample_rate_hz: int, num_channels: int, target_rate_hz: int
    ) -> None:
        check_shape(sample_rate_hz, num_channels)
        self._layout = layout
        self._channels = num_channels
        self._frame_bytes = layout.sample_bytes * num_channels
        self._resampler = Resampler(sample_rate_hz, target_rate_hz)
        self._part = b""
        self._saw_audio = False

    @property
    def bytes_held(self) -> int:
        """Bytes of a sample whose rest has not arrived."""
        return len(self._part)

    @property
    def saw_audio(self) -> bool:
        """Whether at least one sample was decoded."""
        return self._saw_audio

    def push(self, data: bytes) -> Samples:
        """Take any number of bytes and return the samples that are ready, maybe none."""
        data = self._part + data if self._part else data
        whole = len(data) - len(data) % self._frame_bytes
        self._part = bytes(data[whole:])
        if not whole:
            return NO_SAMPLES
        self._saw_audio = True
        return self._resampler.push(mix_to_mono(self._layout.decode(data[:whole]), self._channels))

    def flush(self) -> Samples:
        """Return the samples held back. The audio is over."""
        self._part = b""
        return self._resampler.flush()
