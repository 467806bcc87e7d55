"""What the programs here share: their command line, real time, and the lines of JSON they print."""

import argparse
import asyncio
import json
import logging
import sys
import threading
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LAST_WORD: Final = "better"
"""Of the speech; where nothing else tells that all of it was understood."""
SAMPLE_RATE_HZ: Final = 16_000
BYTES_PER_MS: Final = 32
LONGEST_ROOM_MS: Final = 30_000

_writing = threading.Lock()


@dataclass(frozen=True)
class Errand:
    """What to do with a client."""

    url: str
    key: str
    path: Path
    """Mono 16-bit speech at 16 kHz."""
    endpoints: bool
    """Whether to ask for endpoint detection, where the client leaves the choice."""
    pause_ms: int
    """Where in the speech to fall silent; 0 for nowhere."""
    pause_s: float

    times: int
    """How often to say it, where the client takes samples."""
    hang_up_ms: int
    """Where in the speech to leave without a word; 0 for nowhere."""
    everything: bool
    """Whether to set every option that needs no translation."""

    @property
    def pcm(self) -> bytes:
        """The samples, without a header."""
        with wave.open(str(self.path)) as file:
            assert file.getparams()[:3] == (1, 2, SAMPLE_RATE_HZ)
            samples: bytes = file.readframes(file.getnframes())
        return (samples * self.times)[: self.hang_up_ms * BYTES_PER_MS or None]

    @property
    def parts(self) -> list[bytes]:
        """The samples before and after the pause."""
        cut = self.pause_ms * BYTES_PER_MS
        return [self.pcm[:cut], self.pcm[cut:]] if cut else [self.pcm]


def errand() -> Errand:
    """Read the command line, and begin to tell what the client warns of."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("key")
    parser.add_argument("path", type=Path)
    parser.add_argument("--endpoints", action="store_true")
    parser.add_argument("--pause-ms", type=int, default=0)
    parser.add_argument("--pause-s", type=float, default=0)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--hang-up-ms", type=int, default=0)
    parser.add_argument("--everything", action="store_true")
    logging.captureWarnings(capture=True)
    logging.getLogger().addHandler(_Tell(logging.WARNING))
    return Errand(**vars(parser.parse_args()))


def say(kind: str, *facts: object) -> None:
    """Print one thing that happened."""
    with _writing:
        sys.stdout.write(json.dumps([kind, *facts]) + "\n")
        sys.stdout.flush()


class _Tell(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say("logged", record.levelname, record.getMessage())


def pieces(audio: bytes, piece_ms: int) -> Iterator[bytes]:
    """The audio, cut."""
    step = piece_ms * BYTES_PER_MS
    for position in range(0, len(audio), step):
        yield audio[position : position + step]


async def room(piece_ms: int, *, until: Callable[[], bool]) -> AsyncIterator[bytes]:
    """What an open microphone hears after the speech, until everything said was understood."""
    async for piece in at_the_pace_of_speech_async(bytes(LONGEST_ROOM_MS * BYTES_PER_MS), piece_ms):
        if until():
            return
        yield piece


def at_the_pace_of_speech(audio: bytes, piece_ms: int) -> Iterator[bytes]:
    """The audio, cut, each piece when its last sample would have been spoken."""
    began_s, said_bytes = time.monotonic(), 0
    for piece in pieces(audio, piece_ms):
        said_bytes += len(piece)
        time.sleep(max(0.0, began_s + said_bytes / BYTES_PER_MS / 1000 - time.monotonic()))
        yield piece


async def at_the_pace_of_speech_async(audio: bytes, piece_ms: int) -> AsyncIterator[bytes]:
    """The same for coroutines."""
    began_s, said_bytes = time.monotonic(), 0
    for piece in pieces(audio, piece_ms):
        said_bytes += len(piece)
        await asyncio.sleep(max(0.0, began_s + said_bytes / BYTES_PER_MS / 1000 - time.monotonic()))
        yield piece
