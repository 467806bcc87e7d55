"""One second of sound in every container, made here: what a mutation begins with."""

import io
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio

DURATION_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a recording is made.

    Args:
        label: The `audio_format` that fits it; None for containers that only `auto` takes.
        muxer: Name of the container's writer.
        codec: Name of the encoder.
        rate_hz: Sample rate.
        channels: 1 or 2.
        options: Of the writer.
    """

    label: str | None
    muxer: str
    codec: str
    rate_hz: int = 16_000
    channels: int = 1
    options: tuple[tuple[str, str], ...] = ()


RECIPES: Final = (
    Recipe("wav", "wav", "pcm_s16le"),
    Recipe("wav", "wav", "pcm_f32le", 48_000, 2),
    Recipe("wav", "wav", "pcm_mulaw", 8_000),
    Recipe("wav", "wav", "pcm_u8", 11_025),
    Recipe("wav", "wav", "adpcm_ms", 22_050),
    Recipe("flac", "flac", "flac", 44_100, 2),
    Recipe("flac", "flac", "flac"),
    Recipe("aac", "adts", "aac", 44_100),
    Recipe("mp3", "mp3", "libmp3lame", 44_100, 2),
    Recipe("mp3", "mp3", "libmp3lame", options=(("write_xing", "0"), ("id3v2_version", "0"))),
    Recipe("ogg", "ogg", "libopus", 48_000),
    Recipe("ogg", "ogg", "vorbis", 44_100, 2),
    Recipe("ogg", "ogg", "flac"),
    Recipe("webm", "webm", "libopus", 48_000),
    Recipe("webm", "matroska", "libopus", 48_000, 2),
    Recipe("webm", "webm", "libopus", 48_000, options=(("live", "1"),)),
    Recipe("aiff", "aiff", "pcm_s16be", 22_050),
    Recipe("amr", "amr", "libopencore_amrnb", 8_000),
    Recipe("asf", "asf", "wmav2", 44_100),
    Recipe(None, "mp4", "aac", 44_100, 1, (("movflags", "frag_keyframe+empty_moov"),)),
    Recipe(None, "caf", "pcm_s16le"),
    Recipe(None, "au", "pcm_s16be"),
)


@cache
def recording(recipe: Recipe) -> bytes:
    """Return the file that a recipe makes; some encoders round its length up to a frame."""
    sink = io.BytesIO()
    layout = "mono" if recipe.channels == 1 else "stereo"
    with av.open(sink, "w", format=recipe.muxer, options=dict(recipe.options)) as container:
        stream = container.add_stream(recipe.codec, rate=recipe.rate_hz, layout=layout)
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = 12_200 if recipe.muxer == "amr" else 64_000
        if recipe.codec == "vorbis":
            stream.codec_context.options = {"strict": "experimental"}
        frame = av.AudioFrame.from_ndarray(_sound(recipe), format="s16", layout=layout)
        frame.sample_rate = recipe.rate_hz
        frame.time_base = Fraction(1, recipe.rate_hz)
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getvalue()


def _sound(recipe: Recipe) -> NDArray[np.int16]:
    """Return the sound at the recipe's rate, shape (1, frames * channels)."""
    samples = script_audio(DEFAULT_SCRIPT, DURATION_MS, period_ms=DEFAULT_PERIOD_MS)
    frames = recipe.rate_hz * DURATION_MS // 1000
    at = np.arange(frames) * (len(samples) / frames)
    mono = (np.interp(at, np.arange(len(samples)), samples) * 32_767).astype(np.int16)
    return np.repeat(mono, recipe.channels)[None, :]
