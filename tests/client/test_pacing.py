"""Real-time pace, with a clock of the tests'."""

import io
import struct
import wave
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.client.durations import WavMeter, meter_for, sample_bytes
from oyez.errors import AudioError, OyezValidationError
from oyez.protocol.audio_formats import RAW_FORMATS
from oyez.types import RealtimeSTTConfig
from oyez.utils import stream_audio, stream_audio_async, throttle_audio, throttle_audio_async

RAW: dict[str, Any] = {"audio_format": "pcm_s16le", "sample_rate": 8_000, "num_channels": 1}
RAW_BYTES_PER_S = 16_000


class Clock:
    """Time that passes only in sleeps, and by what the consumer takes."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now_s += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


def wav(frames: int, *, rate: int = 8_000, channels: int = 2, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(bytes(frames * channels * width))
    return file.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


FMT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8_000, 16_000, 2, 16))


@settings(deadline=None)
@given(st.integers(0, 4_000), st.integers(1, 5_000))
def test_raw_chunks_are_due_when_their_last_sample_was_spoken(size: int, chunk_size: int) -> None:
    clock = Clock()
    sent = 0
    for piece in stream_audio(
        bytes(size),
        chunk_size_bytes=chunk_size,
        pace="realtime",
        clock=clock,
        sleep=clock.sleep,
        **RAW,
    ):
        sent += len(piece)
        assert clock.now_s - 1_000.0 == pytest.approx(sent / RAW_BYTES_PER_S, abs=1e-6)
    assert sent == size


@settings(deadline=None)
@given(st.integers(0, 2_000), st.integers(1, 9_000))
def test_a_wav_file_takes_its_own_duration(frames: int, chunk_size: int) -> None:
    clock = Clock()
    data = wav(frames)
    pieces = list(
        stream_audio(
            data, chunk_size_bytes=chunk_size, pace="realtime", clock=clock, sleep=clock.sleep
        )
    )
    assert b"".join(pieces) == data
    assert sum(clock.sleeps) == pytest.approx(frames / 8_000, abs=1e-6)


@given(st.lists(st.floats(0, 0.5), min_size=1))
def test_a_slow_consumer_causes_no_drift(delays: list[float]) -> None:
    clock = Clock()
    pieces = stream_audio(
        bytes(1_600 * len(delays)),
        chunk_size_bytes=1_600,
        pace="realtime",
        clock=clock,
        sleep=clock.sleep,
        **RAW,
    )
    ready_s = clock.now_s
    for number, delay in enumerate(delays, start=1):
        next(pieces)
        assert clock.now_s == pytest.approx(max(1_000.0 + number * 0.1, ready_s))
        clock.now_s += delay
        ready_s = clock.now_s
    assert all(seconds > 0 for seconds in clock.sleeps)


async def test_async_pace_is_the_same() -> None:
    data = wav(8_000, channels=1)
    for source in (stream_audio_async, throttle_audio_async):
        clock = Clock()
        pieces = [
            piece
            async for piece in source(
                data, chunk_size_bytes=999, pace="realtime", clock=clock, sleep=clock.sleep_async
            )
        ]
        assert b"".join(pieces) == data
        assert sum(clock.sleeps) == pytest.approx(1.0)


def test_throttle_takes_a_pace_too() -> None:
    clock = Clock()
    list(throttle_audio(bytes(16_000), pace="realtime", clock=clock, sleep=clock.sleep, **RAW))
    assert sum(clock.sleeps) == pytest.approx(1.0)


def test_the_format_can_come_from_a_config() -> None:
    clock = Clock()
    config = RealtimeSTTConfig(**{**RAW, "num_channels": 2})
    list(
        stream_audio(bytes(32_000), pace="realtime", config=config, clock=clock, sleep=clock.sleep)
    )
    assert sum(clock.sleeps) == pytest.approx(1.0)


@given(st.integers(1, 60))
def test_chunks_around_the_samples_last_no_time(size: int) -> None:
    data = riff(
        chunk(b"LIST", b"x" * 101), FMT, chunk(b"data", bytes(1_600)), chunk(b"LIST", bytes(900))
    )
    meter = WavMeter()
    seconds = [meter.push(data[at : at + size]) for at in range(0, len(data), size)]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(0.1)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_samples_of_unknown_length_go_on_to_the_end(size: int) -> None:
    meter = WavMeter()
    meter.push(riff(FMT) + b"data" + struct.pack("<I", size))
    assert meter.push(bytes(16_000)) == pytest.approx(1.0)


def test_a_compressed_wav_file_goes_by_its_average() -> None:
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 2, 1, 8_000, 4_000, 256, 4))
    assert WavMeter().push(riff(fmt, chunk(b"data", bytes(4_000)))) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"OggS" + bytes(20), "begins with b'OggS'"),
        (b"RIFF\0\0\0\0AVI " + bytes(20), "no WAV"),
        (riff(chunk(b"data", b"xx")), "before their format"),
        (riff(chunk(b"fmt ", bytes(16))), "no time"),
    ],
)
def test_audio_whose_duration_is_unknown(data: bytes, problem: str) -> None:
    with pytest.raises(AudioError, match=problem):
        list(stream_audio(data, pace="realtime"))


@pytest.mark.parametrize("data", [b"", b"RI", b"RIFF\0\0\0\0WAVE", riff(b"fmt ")])
def test_a_header_that_ends_early_lasts_no_time(data: bytes) -> None:
    assert b"".join(stream_audio(data, pace="realtime")) == data


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"pace": "fast"}, "pace must be"),
        ({"pace": "realtime", "audio_format": "mp3"}, "'mp3' does not tell"),
        ({"pace": "realtime", "audio_format": "nonsense"}, "'nonsense' does not tell"),
        ({"pace": "realtime", "audio_format": "mulaw"}, "sample_rate and num_channels"),
        ({"pace": "realtime", "audio_format": "mulaw", "sample_rate": 8_000}, "num_channels"),
        ({"pace": "realtime", "delay_seconds": 0.1}, "not both"),
    ],
)
@pytest.mark.parametrize("source", [throttle_audio, throttle_audio_async])
def test_wrong_options_are_refused_at_the_call(
    source: Callable[..., Any], options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(OyezValidationError, match=problem):
        source(b"", **options)


def test_every_raw_format_has_a_sample_size() -> None:
    assert {sample_bytes(name) for name in RAW_FORMATS} == {1, 2, 3, 4, 8}
    assert sample_bytes("mulaw") == 1
    assert sample_bytes("pcm_f64le") == 8
    assert meter_for("s16le", 8_000, 1).push(bytes(16_000)) == 1.0
