"""Audio from files, in chunks: as fast as they are taken, throttled, or at the pace of speech."""

import asyncio
import io
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, nullcontext
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias, TypedDict, Unpack

from oyez.client.durations import Meter, meter_for
from oyez.errors import OyezValidationError
from oyez.protocol.config import RealtimeSTTConfig

AudioSource: TypeAlias = str | os.PathLike[str] | BinaryIO | bytes | bytearray | memoryview
"""A path, a file opened in binary mode, or the bytes themselves."""

CHUNK_BYTES: Final = 4096
"""128 ms of 16 kHz speech."""
LARGE_CHUNK_BYTES: Final = 32 * 1024


class PaceOptions(TypedDict, total=False):
    """When chunks are handed out."""

    pace: Literal["realtime"] | None
    """``realtime`` hands out each chunk when its last sample would have been spoken, as a
    microphone does. None, the default, does not wait."""
    config: RealtimeSTTConfig | None
    """Says the format of the audio; the next three say it instead."""
    audio_format: str | None
    """``auto``, ``wav`` or a raw format. WAV says its own duration."""
    sample_rate: int | None
    """Of raw audio, in Hz."""
    num_channels: int | None
    """Of raw audio."""
    clock: Callable[[], float]
    """Returns the time in seconds; for tests."""


class Schedule:
    """When chunks are due. Waits are told by one clock from the start, so they never drift."""

    def __init__(self, meter: Meter, clock: Callable[[], float]) -> None:
        self._meter = meter
        self._clock = clock
        self._start_s: float | None = None

    def wait_s(self, chunk: bytes) -> float:
        """Return the seconds until this chunk, the next one, is due; 0 when it is late."""
        if self._start_s is None:
            self._start_s = self._clock()
        due_s = self._start_s + self._meter.push(chunk)
        return max(0.0, due_s - self._clock())


def stream_audio(
    file: AudioSource,
    *,
    chunk_size_bytes: int = CHUNK_BYTES,
    sleep: Callable[[float], object] = time.sleep,
    **pace: Unpack[PaceOptions],
) -> Iterator[bytes]:
    """Yield audio in chunks.

    Args:
        file: Where it comes from. A file given by its path is opened with the first chunk and
            closed after the last.
        chunk_size_bytes: Size of all chunks but the last.
        sleep: Waits for a number of seconds; for tests.
        **pace: `PaceOptions`.

    Raises:
        OyezValidationError: At the call: an argument is wrong.
        AudioError: With the first chunks: real-time pace was asked for and they do not say how
            long they last.
    """
    _check_chunk_size(chunk_size_bytes)
    schedule = _schedule(pace)

    def chunks() -> Iterator[bytes]:
        with _opened(file) as handle:
            while chunk := _checked(handle.read(chunk_size_bytes)):
                wait_s = schedule.wait_s(chunk) if schedule else 0.0
                if wait_s:
                    sleep(wait_s)
                yield chunk

    return chunks()


def stream_audio_async(
    file: AudioSource,
    *,
    chunk_size_bytes: int = CHUNK_BYTES,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    **pace: Unpack[PaceOptions],
) -> AsyncGenerator[bytes, None]:
    """Yield audio in chunks, as `stream_audio` does; files are read outside the event loop.

    Cancelling is safe; a file given by its path is closed.
    """
    _check_chunk_size(chunk_size_bytes)
    schedule = _schedule(pace)

    async def chunks() -> AsyncGenerator[bytes, None]:
        with await asyncio.to_thread(_opened, file) as handle:
            while chunk := _checked(await asyncio.to_thread(handle.read, chunk_size_bytes)):
                wait_s = schedule.wait_s(chunk) if schedule else 0.0
                if wait_s:
                    await sleep(wait_s)
                yield chunk

    return chunks()


def throttle_audio(
    file: AudioSource,
    *,
    chunk_size_bytes: int = CHUNK_BYTES,
    delay_seconds: float = 0.0,
    sleep: Callable[[float], object] = time.sleep,
    **pace: Unpack[PaceOptions],
) -> Iterator[bytes]:
    """Yield audio in chunks and wait after each.

    A fixed delay is a guess that drifts: `pace="realtime"` keeps the audio's own time.

    Args:
        file: Where it comes from, as for `stream_audio`.
        chunk_size_bytes: Size of all chunks but the last.
        delay_seconds: Wait after each chunk.
        sleep: Waits for a number of seconds; for tests.
        **pace: `PaceOptions`, in place of a delay.

    Raises:
        OyezValidationError: At the call: an argument is wrong.
    """
    _check_delay(delay_seconds, pace)
    source = stream_audio(file, chunk_size_bytes=chunk_size_bytes, sleep=sleep, **pace)

    def chunks() -> Iterator[bytes]:
        for chunk in source:
            yield chunk
            if delay_seconds:
                sleep(delay_seconds)

    return chunks()


def throttle_audio_async(
    file: AudioSource,
    *,
    chunk_size_bytes: int = LARGE_CHUNK_BYTES,
    delay_seconds: float = 0.0,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    **pace: Unpack[PaceOptions],
) -> AsyncGenerator[bytes, None]:
    """Yield audio in chunks and wait after each, as `throttle_audio` does.

    Cancelling is safe; a file given by its path is closed.
    """
    _check_delay(delay_seconds, pace)
    source = stream_audio_async(file, chunk_size_bytes=chunk_size_bytes, sleep=sleep, **pace)

    async def chunks() -> AsyncGenerator[bytes, None]:
        async with aclosing(source):
            async for chunk in source:
                yield chunk
                if delay_seconds:
                    await sleep(delay_seconds)

    return chunks()


def _schedule(options: PaceOptions) -> Schedule | None:
    pace = options.get("pace")
    if pace is None:
        return None
    if pace != "realtime":
        raise OyezValidationError(f"pace must be 'realtime' or None, not {pace!r}.")
    config = options.get("config") or RealtimeSTTConfig()
    meter = meter_for(
        options.get("audio_format") or config.audio_format,
        options.get("sample_rate") or config.sample_rate,
        options.get("num_channels") or config.num_channels,
    )
    return Schedule(meter, options.get("clock", time.monotonic))


def _opened(file: AudioSource) -> AbstractContextManager[BinaryIO]:
    if isinstance(file, bytes | bytearray | memoryview):
        return io.BytesIO(file)
    if isinstance(file, str | os.PathLike):
        return Path(file).open("rb")
    return nullcontext(file)


def _checked(chunk: bytes | str | None) -> bytes:
    if isinstance(chunk, str):
        raise OyezValidationError("The audio file was opened in text mode: use open(path, 'rb').")
    return chunk or b""


def _check_chunk_size(chunk_size_bytes: int) -> None:
    if chunk_size_bytes <= 0:
        raise OyezValidationError(f"chunk_size_bytes must be above zero, not {chunk_size_bytes}.")


def _check_delay(delay_seconds: float, options: PaceOptions) -> None:
    if delay_seconds < 0:
        raise OyezValidationError(f"delay_seconds must not be below zero: {delay_seconds}.")
    if delay_seconds and options.get("pace") is not None:
        raise OyezValidationError("Give a delay or a pace, not both.")
