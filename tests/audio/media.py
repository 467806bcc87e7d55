"""Real speech in every format, encoded when it is needed; and what libavformat makes of a file."""

import io
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Self

import av
import numpy as np

from engines.speech import sample
from oyez.audio import Samples

RATE_HZ = 16_000
CLIPS = Path(__file__).parent / "clips"


@dataclass(frozen=True)
class Recipe:
    """How speech becomes a file."""

    name: str
    """The container, by its name in `audio_format`."""
    muxer: str
    codec: str
    rate_hz: int = RATE_HZ
    layout: str = "mono"
    mux: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    streamed: bool = False
    """Whether it is written as a stream, where nothing can be filled in afterwards."""
    padding_ms: float = 0.0
    """How much longer it may be than what was encoded."""
    label: str = ""

    def live(self) -> Self:
        """The same, written as a stream."""
        return replace(self, streamed=True, label="-live")

    def __str__(self) -> str:
        return f"{self.name}-{self.codec}{self.label}"


FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "100000"}
CLUSTERS = {"live": "1", "cluster_time_limit": "60"}
VORBIS = {"strict": "experimental"}

FRONT = {"movflags": "faststart"}
BARE = {"write_xing": "0", "id3v2_version": "0"}

RECIPES = [
    Recipe("aac", "adts", "aac", padding_ms=128),
    Recipe("aiff", "aiff", "pcm_s16be"),
    Recipe("aiff", "aiff", "pcm_f32be", 48_000, "stereo"),
    Recipe("aiff", "aiff", "pcm_mulaw", 8_000),
    Recipe("amr", "amr", "libopencore_amrnb", 8_000, padding_ms=20),
    Recipe("asf", "asf", "wmav2", 44_100, "stereo", code={"b": "64000"}, padding_ms=60),
    Recipe("asf", "asf", "wmav2", code={"b": "24000"}, padding_ms=130).live(),
    Recipe("au", "au", "pcm_s16be"),
    Recipe("au", "au", "pcm_mulaw", 8_000).live(),
    Recipe("caf", "caf", "pcm_s16le"),
    Recipe("caf", "caf", "pcm_f32be", 48_000, "stereo"),
    Recipe("flac", "flac", "flac"),
    Recipe("flac", "flac", "flac", 44_100, "stereo").live(),
    Recipe("mp3", "mp3", "libmp3lame"),
    Recipe("mp3", "mp3", "libmp3lame", 44_100, "stereo", BARE, padding_ms=100).live(),
    Recipe("mp3", "mp2", "mp2", 48_000, "stereo", padding_ms=50),
    Recipe("mp4", "mp4", "aac", 44_100, mux=FRAGMENTED, padding_ms=50).live(),
    Recipe("mp4", "mp4", "aac", 48_000, mux=FRONT, padding_ms=25),
    Recipe("mp4", "ipod", "aac", padding_ms=65, label="-backwards"),
    Recipe("mp4", "mp4", "libopus", 48_000, mux=FRAGMENTED, padding_ms=20).live(),
    Recipe("mp4", "mp4", "flac", mux=FRONT),
    Recipe("mp4", "ipod", "alac", 44_100, "stereo", FRONT),
    Recipe("mp4", "mov", "pcm_s16le", mux=FRONT),
    Recipe("mp4", "3gp", "libopencore_amrnb", 8_000, mux=FRONT, padding_ms=20),
    Recipe("ogg", "ogg", "libopus", 48_000),
    Recipe("ogg", "ogg", "libopus", 48_000, "stereo", {"page_duration": "20000"}).live(),
    Recipe("ogg", "ogg", "vorbis", 44_100, "stereo", code=VORBIS),
    Recipe("ogg", "ogg", "flac"),
    Recipe("wav", "wav", "pcm_s16le"),
    Recipe("wav", "wav", "adpcm_ms", padding_ms=130),
    Recipe("wav", "wav", "adpcm_ima_wav", padding_ms=130),
    Recipe("wav", "wav", "libmp3lame", padding_ms=150),
    Recipe("webm", "webm", "libopus", 48_000),
    Recipe("webm", "webm", "libopus", 48_000, "stereo", CLUSTERS).live(),
    Recipe("webm", "webm", "vorbis", 48_000, "stereo", code=VORBIS, padding_ms=30),
    Recipe("webm", "matroska", "pcm_f32le", 48_000),
    Recipe("webm", "matroska", "flac"),
    Recipe("webm", "matroska", "aac", padding_ms=65),
    Recipe("webm", "matroska", "libmp3lame", padding_ms=150),
]


class Stream(io.RawIOBase):
    """A file that can only be written on, like a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self.written += piece
        return len(piece)


@cache
def speech(seconds: float) -> Samples:
    """The first seconds of a recording, from where its speech begins, as 16 bits hold them."""
    start = round(0.9 * RATE_HZ)
    samples = sample("two_cities.wav")[start : start + round(seconds * RATE_HZ)]
    return np.round(samples * 32_768).astype(np.float32) / np.float32(32_768)


def encode(recipe: Recipe, samples: Samples) -> bytes:
    """Encode mono samples at 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audio"
        stream = Stream()
        out = av.open(
            stream if recipe.streamed else str(path), "w", format=recipe.muxer, options=recipe.mux
        )
        with out:
            track = out.add_stream(
                recipe.codec, rate=recipe.rate_hz, layout=recipe.layout, options=recipe.code
            )
            assert isinstance(track, av.AudioStream)
            for start in range(0, len(samples), 320):
                piece = samples[start : start + 320]
                frame = av.AudioFrame.from_ndarray(piece[None], format="flt", layout="mono")
                frame.sample_rate, frame.pts = RATE_HZ, start
                out.mux(track.encode(frame))
            out.mux(track.encode(None))
        return bytes(stream.written) if recipe.streamed else path.read_bytes()


@cache
def _encoded(key: str, seconds: float) -> bytes:
    recipe = next(recipe for recipe in RECIPES if str(recipe) == key)
    return encode(recipe, speech(seconds))


def encoded(recipe: Recipe, seconds: float = 3.0) -> bytes:
    """The file of a recipe, with the beginning of a recording in it."""
    return _encoded(str(recipe), seconds)


def file(name: str, seconds: float = 3.0) -> bytes:
    """The file of the recipe that prints like this."""
    return encoded(next(recipe for recipe in RECIPES if str(recipe) == name), seconds)


def read_with_libavformat(file: bytes) -> tuple[Samples, int]:
    """Mono samples and their rate, by another reader of containers."""
    parts = []
    with av.open(io.BytesIO(file), "r") as container:
        track = container.streams.audio[0]
        for frame in container.decode(track):
            values = frame.to_ndarray()
            channels = len(frame.layout.channels)
            planes = values if frame.format.is_planar else values.reshape(-1, channels).T
            scale = 2.0 ** (8 * planes.itemsize - 1) if planes.dtype.kind == "i" else 1.0
            parts.append((planes / scale).mean(axis=0))
        return np.clip(np.concatenate(parts), -1, 1).astype(np.float32), track.rate
