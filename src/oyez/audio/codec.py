"""Decoding packets with libavcodec."""

from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from oyez.audio.packets import Codec, Packet
from oyez.audio.raw import check_shape
from oyez.audio.resample import Resampler
from oyez.audio.samples import NO_SAMPLES, Samples, tame
from oyez.errors import AudioError

MAX_BAD_PACKETS = 250
"""Packets in a row that cannot be decoded before the stream is given up: 5 s of most codecs."""

MAX_PLANES = 7
"""Most channels in planes of their own. PyAV (18.1) looks for the end of the list of planes behind
libav's array of eight, and reading what it finds there crashes the process."""

MAX_RATE_CHANGES = 16
"""Each costs a new filter."""

_BETTER = {
    # libavcodec's own leave out pauses (DTX).
    "amrnb": "libopencore_amrnb",
    "amrwb": "libopencore_amrwb",
    "mp3": "mp3float",
    "mp2": "mp2float",
    # libavcodec's own gives other samples every time where the packets are broken.
    "opus": "libopus",
}
"""Decoders that are preferred, where libavcodec was built with them."""


class PacketDecoder:
    """Packets of one codec -> mono samples at the target rate.

    A packet that cannot be decoded is left out. What broken packets of Speex and WMA become differs
    from run to run in libavcodec's decoders, for reasons not looked into. Where the
    packets change their rate, so does the resampling.

    Args:
        codec: What the packets are.
        target_rate_hz: Rate of the samples returned.

    Raises:
        AudioError: The codec is unknown or cannot be set up from its header, or the rate or the
            number of channels is out of range.
    """

    def __init__(self, codec: Codec, *, target_rate_hz: int) -> None:
        check_shape(codec.sample_rate_hz or target_rate_hz, codec.num_channels or 1)
        self._name = codec.name
        self._context = _open(codec)
        self._target_rate_hz = target_rate_hz
        self._skip_s: Fraction | None = codec.skip_s
        self._skip = 0
        self._mute_packets = 0
        """Packets at the beginning that gave no samples: their time is skipped already."""
        self._rate_hz = 0
        self._changes = 0
        self._resampler = Resampler(target_rate_hz, target_rate_hz)
        self._bad = 0

    def decode(self, packet: Packet) -> tuple[int, Samples]:
        """Return how many samples a packet held, at its own rate, and those that are ready.

        Raises:
            AudioError: Too many packets in a row could not be decoded, or the audio has more
                channels or another rate than anybody means.
        """
        try:
            frames = self._context.decode(av.Packet(packet.data))
        except (av.FFmpegError, ValueError):
            self._bad += 1
            if self._bad > MAX_BAD_PACKETS:
                raise AudioError(
                    f"{MAX_BAD_PACKETS} packets of {self._name} in a row could not be decoded; "
                    "the audio is broken or encrypted."
                ) from None
            return 0, NO_SAMPLES
        self._bad = 0
        return self._take(frames, packet.keep, packet.drop)

    def flush(self) -> Samples:
        """Return the samples held back. The packets are over."""
        try:
            frames = self._context.decode(None)
        except (av.FFmpegError, ValueError):
            frames = []
        _, samples = self._take(frames, None, 0)
        return np.concatenate((samples, self._resampler.flush()))

    def _take(
        self, frames: list[av.AudioFrame], keep: int | None, drop: int
    ) -> tuple[int, Samples]:
        count = sum(frame.samples for frame in frames)
        if self._skip_s is not None:
            if frames:
                skip_s, self._skip_s = self._skip_s, None
                skip = round(skip_s * frames[0].sample_rate)
                self._skip = max(0, skip - self._mute_packets * count)
            else:
                self._mute_packets += 1
        left = min(count if keep is None else keep, count - drop)
        ready = []
        for frame in frames:
            ready.append(self._set_rate(frame))
            skipped = min(self._skip, frame.samples)
            self._skip -= skipped
            if left > skipped:
                ready.append(self._resampler.push(_to_mono(frame)[skipped:left]))
            left -= frame.samples
        return count, np.concatenate(ready) if ready else NO_SAMPLES

    def _set_rate(self, frame: av.AudioFrame) -> Samples:
        """Prepare for a frame; return what the audio at another rate before it still holds."""
        rate_hz, channels = frame.sample_rate, frame.layout.nb_channels
        check_shape(rate_hz, channels)
        if frame.format.is_planar and channels > MAX_PLANES:
            raise AudioError(
                f"The audio has {channels} channels of {self._name}, of which no more than "
                f"{MAX_PLANES} can be decoded; send one or two."
            )
        if rate_hz == self._rate_hz:
            return NO_SAMPLES
        self._changes += 1
        if self._changes > MAX_RATE_CHANGES:
            raise AudioError(
                f"The audio changed its sample rate {MAX_RATE_CHANGES} times; send one rate."
            )
        rest = self._resampler.flush() if self._rate_hz else NO_SAMPLES
        self._rate_hz = rate_hz
        self._resampler = Resampler(rate_hz, self._target_rate_hz)
        return rest


def _open(codec: Codec) -> AudioCodecContext:
    try:
        context = _context_of_wave(codec) if codec.wave_format else _context_of_name(codec)
        context.thread_count = 1
        context.open()
    except (av.FFmpegError, av.codec.codec.UnknownCodecError, ValueError, IndexError) as error:
        raise AudioError(
            f"The audio is coded in {codec.name}, and its header cannot be used ({error}); "
            "send another codec, or raw PCM, such as pcm_s16le."
        ) from None
    return context


def _context_of_name(codec: Codec) -> AudioCodecContext:
    better = _BETTER.get(codec.name, "")
    context = av.CodecContext.create(better if better in av.codecs_available else codec.name, "r")
    assert isinstance(context, AudioCodecContext)
    if codec.sample_rate_hz:
        context.sample_rate = codec.sample_rate_hz
    if codec.num_channels:
        context.layout = {1: "mono", 2: "stereo"}.get(
            codec.num_channels, f"{codec.num_channels} channels"
        )
    if codec.extradata:
        context.extradata = codec.extradata
    if codec.name == "flac":
        # A frame whose checksum is wrong is left out, or was not the whole frame.
        context.options = {"err_detect": "crccheck+explode"}
    return context


def _context_of_wave(codec: Codec) -> AudioCodecContext:
    """Let libavformat read a WAVEFORMATEX: PyAV cannot set all that is in it."""
    fmt = codec.wave_format + b"\0" * (len(codec.wave_format) % 2)
    body = b"WAVEfmt " + len(codec.wave_format).to_bytes(4, "little") + fmt
    body += b"data\xff\xff\xff\xff"
    file = BytesIO(b"RIFF\xff\xff\xff\xff" + body)
    track = av.open(file, "r", format="wav", options={"probesize": "32"}).streams.audio[0]
    context: AudioCodecContext | None = track.codec_context
    if context is None:
        raise ValueError("there is no decoder for it")
    return context


def _to_mono(frame: av.AudioFrame) -> Samples:
    """Return the mean over channels, in the order of `oyez.audio.samples.mix_to_mono`."""
    values = frame.to_ndarray()
    channels = frame.layout.nb_channels
    planes = values if frame.format.is_planar else values.reshape(-1, channels).T
    if channels == 1:
        return _to_float(planes[0])
    total = _to_float(planes[0]).astype(np.float64)
    for plane in planes[1:]:
        total += _to_float(plane)
    return (total / channels).astype(np.float32)


def _to_float(values: NDArray[Any]) -> Samples:
    match values.dtype.kind:
        case "f":
            return tame(values)
        case "u":
            return values.astype(np.float32) / np.float32(128) - np.float32(1)
        case _:
            return values.astype(np.float32) * np.float32(2.0 ** (1 - 8 * values.itemsize))
