"""Speech in every format, as a program that streams writes it: which bytes are there when."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from oyez.bench.audio import SPEECH_RATE_HZ, Samples, Sound
from oyez.protocol.audio_formats import RAW_FORMATS

STEP_S = 0.02
CLUSTERS = {"live": "1", "cluster_time_limit": "60"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "100000"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How speech is encoded, and what the server is told."""

    label: str
    audio_format: str
    muxer: str
    codec: str
    rate_hz: int = SPEECH_RATE_HZ
    mux: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    is_file: bool = False
    """Whether it can only be written as a whole."""

    @property
    def config(self) -> dict[str, str | int]:
        """What the start message says of the audio."""
        if self.audio_format not in RAW_FORMATS:
            return {"audio_format": self.audio_format}
        return {
            "audio_format": self.audio_format,
            "sample_rate": self.rate_hz,
            "num_channels": 1,
        }


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file, and how it grew."""

    data: bytes
    growth: list[tuple[float, int]]
    """Seconds that had been spoken, and bytes that had been written; nothing for whole files."""


def _raw(name: str) -> Recipe:
    plain = name.removeprefix("pcm_")
    if plain[1:2] == "8":
        plain = plain[:2]
    codec = f"pcm_{plain}"
    return Recipe(name, name, plain, codec, 8_000 if plain in ("mulaw", "alaw") else SPEECH_RATE_HZ)


WAV = Recipe("wav", "wav", "wav", "pcm_s16le")
CONTAINERS = (
    WAV,
    Recipe("webm opus, clusters of 60 ms", "webm", "webm", "libopus", 48_000, CLUSTERS),
    Recipe("webm vorbis", "webm", "webm", "vorbis", 48_000, CLUSTERS, {"ac": "2"}),
    Recipe("webm pcm", "webm", "matroska", "pcm_f32le", 48_000, CLUSTERS),
    Recipe("mkv flac", "webm", "matroska", "flac", mux=CLUSTERS),
    Recipe("ogg opus, pages of 20 ms", "ogg", "ogg", "libopus", 48_000, {"page_duration": "20000"}),
    Recipe("ogg opus, pages of 1 s", "ogg", "ogg", "libopus", 48_000),
    Recipe("ogg vorbis", "ogg", "ogg", "vorbis", 48_000, {"page_duration": "20000"}, {"ac": "2"}),
    Recipe("ogg flac", "ogg", "ogg", "flac", mux={"page_duration": "20000"}),
    Recipe("mp3", "mp3", "mp3", "libmp3lame"),
    Recipe("aac", "aac", "adts", "aac"),
    Recipe("flac", "flac", "flac", "flac"),
    Recipe("amr", "amr", "amr", "libopencore_amrnb", 8_000),
    Recipe("asf wmav2", "asf", "asf", "wmav2", code={"b": "24000"}),
    Recipe("aiff", "aiff", "aiff", "pcm_s16be"),
    Recipe("au", "au", "au", "pcm_s16be"),
    Recipe("caf", "caf", "caf", "pcm_s16be"),
    Recipe("mp4 aac, fragments of 100 ms", "mp4", "mp4", "aac", 48_000, FRAGMENTS),
    Recipe("mp4 opus, fragments of 100 ms", "mp4", "mp4", "libopus", 48_000, FRAGMENTS),
    Recipe("m4a aac", "m4a", "mp4", "aac", mux={"movflags": "faststart"}, is_file=True),
    Recipe("m4a aac, index last", "m4a", "mp4", "aac", is_file=True),
    Recipe("m4a alac", "m4a", "mp4", "alac", mux={"movflags": "faststart"}, is_file=True),
)
RAW = tuple(_raw(name) for name in sorted(RAW_FORMATS))


class _Sink:
    """A file that can only be written on."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)


def encode(recipe: Recipe, sound: Sound) -> Encoded:
    """Encode a sound; live formats in steps of 20 ms."""
    samples = sound.at_speech_rate().samples
    if recipe.is_file:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "audio"
            _write(recipe, samples, str(path))
            return Encoded(path.read_bytes(), [])
    sink = _Sink()
    growth = _write(recipe, samples, sink)
    return Encoded(bytes(sink.written), growth)


def _write(recipe: Recipe, samples: Samples, target: str | _Sink) -> list[tuple[float, int]]:
    code = dict(recipe.code)
    # Vorbis' encoder in libavcodec is marked as an experiment and knows stereo alone.
    layout = "stereo" if code.pop("ac", "1") == "2" else "mono"
    code |= {"strict": "experimental"} if recipe.codec == "vorbis" else {}
    growth = []
    options = {"flush_packets": "1", **recipe.mux}
    with av.open(target, "w", format=recipe.muxer, options=options) as out:
        track = out.add_stream(recipe.codec, rate=recipe.rate_hz, layout=layout, options=code)
        assert isinstance(track, av.AudioStream)
        step = round(STEP_S * SPEECH_RATE_HZ)
        for start in range(0, len(samples), step):
            piece = np.ascontiguousarray(samples[None, start : start + step])
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
            frame.sample_rate, frame.pts = SPEECH_RATE_HZ, start
            out.mux(track.encode(frame))
            if isinstance(target, _Sink):
                spoken_s = (start + piece.size) / SPEECH_RATE_HZ
                growth.append((spoken_s, len(target.written)))
        out.mux(track.encode(None))
    return growth
