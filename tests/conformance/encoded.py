"""The scripted engine's audio in every encoding and container."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import av
import numpy as np

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio

RATE_HZ: Final = 16_000


@cache
def speech(duration_ms: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Samples at 16 kHz in which the scripted engine hears its sentence every four seconds."""
    return script_audio(DEFAULT_SCRIPT, duration_ms, period_ms=DEFAULT_PERIOD_MS)


def _integers(kind: str, *, is_unsigned: bool = False) -> Callable[[np.ndarray], bytes]:
    width = int(np.dtype(kind).itemsize)
    offset = 1 << (8 * width - 1) if is_unsigned else 0

    def encode(samples: np.ndarray) -> bytes:
        scaled = np.round(samples.astype(np.float64) * ((1 << (8 * width - 1)) - 1)) + offset
        return scaled.astype(np.int64).astype(kind).tobytes()

    return encode


def _three_bytes(order: str, *, is_unsigned: bool = False) -> Callable[[np.ndarray], bytes]:
    def encode(samples: np.ndarray) -> bytes:
        offset = 1 << 23 if is_unsigned else 0
        scaled = (np.round(samples.astype(np.float64) * ((1 << 23) - 1)) + offset).astype(np.int64)
        wide = (scaled & 0xFFFFFF).astype(f"{order}u4").view(np.uint8).reshape(-1, 4)
        return (wide[:, :3] if order == "<" else wide[:, 1:]).tobytes()

    return encode


def _floats(kind: str) -> Callable[[np.ndarray], bytes]:
    return lambda samples: samples.astype(kind).tobytes()


def _companded(codec: str) -> Callable[[np.ndarray], bytes]:
    return lambda samples: container(samples, codec, codec.removeprefix("pcm_"))


RAW: Final[dict[str, Callable[[np.ndarray], bytes]]] = {
    "pcm_s8": _integers("i1"),
    "pcm_u8": _integers("u1", is_unsigned=True),
    **{
        f"pcm_{sign}{8 * width}{name}": _integers(
            f"{order}{sign.replace('s', 'i')}{width}", is_unsigned=sign == "u"
        )
        for sign in "su"
        for width in (2, 4)
        for name, order in (("le", "<"), ("be", ">"))
    },
    **{
        f"pcm_{sign}24{name}": _three_bytes(order, is_unsigned=sign == "u")
        for sign in "su"
        for name, order in (("le", "<"), ("be", ">"))
    },
    **{
        f"pcm_f{8 * width}{name}": _floats(f"{order}f{width}")
        for width in (4, 8)
        for name, order in (("le", "<"), ("be", ">"))
    },
    "mulaw": _companded("pcm_mulaw"),
    "alaw": _companded("pcm_alaw"),
}
"""How samples become each raw encoding."""


@dataclass(frozen=True)
class Container:
    """A container and a codec in it, as PyAV calls them."""

    audio_format: str
    muxer: str
    codec: str
    rate_hz: int = RATE_HZ
    options: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.audio_format}/{self.codec}"


CONTAINERS: Final = (
    Container("aac", "adts", "aac"),
    Container("aiff", "aiff", "pcm_s16be"),
    Container("asf", "asf", "wmav2"),
    Container("flac", "flac", "flac"),
    Container("mp3", "mp3", "libmp3lame"),
    Container("ogg", "ogg", "libopus", 48_000),
    Container("wav", "wav", "pcm_s16le"),
    Container("webm", "webm", "libopus", 48_000),
)
FRAGMENTED_MP4: Final = Container(
    "mp4", "mp4", "aac", options=(("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
)
"""What Safari's recorder makes."""


def container(
    samples: np.ndarray,
    codec: str,
    muxer: str,
    *,
    rate_hz: int = RATE_HZ,
    options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return mono samples at 16 kHz, encoded and packed."""
    written = io.BytesIO()
    with av.open(written, "w", format=muxer, options=dict(options)) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono", bit_rate=64_000)
        assert isinstance(stream, av.AudioStream)
        context = stream.codec_context
        integers = (samples * 32_767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(integers, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(context.format, "mono", rate_hz, context.frame_size or None)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            for packet in stream.encode(piece):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return written.getvalue()


@cache
def packed(kind: Container, duration_ms: int) -> bytes:
    """Return the scripted engine's audio in a container."""
    return container(
        speech(duration_ms), kind.codec, kind.muxer, rate_hz=kind.rate_hz, options=kind.options
    )
