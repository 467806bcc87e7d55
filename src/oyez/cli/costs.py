"""What a transcription cost: waiting, computing, memory."""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from oyez.cli.transcript import Update


@dataclass(frozen=True, slots=True)
class Costs:
    """Measured in one stream at the pace of speech. None where there was nothing to measure."""

    audio_s: float
    first_word_s: float | None
    """From the start of speech to the first word on the screen, right or not."""
    final_s: float | None
    """From the end of a word to the moment it was final; the median."""
    cpu_s: float
    """Of the whole process."""
    peak_mb: float | None
    load_s: float


@dataclass(slots=True)
class Stopwatch:
    """Measures a stream whose audio is sent at the pace of speech.

    Args:
        clock: Returns seconds; never goes back.
        cpu_clock: Returns the seconds of CPU that this process has used.
    """

    clock: Callable[[], float] = time.monotonic
    cpu_clock: Callable[[], float] = time.process_time
    _start_s: float = 0.0
    _start_cpu_s: float = 0.0
    _first_word_s: float | None = None
    _speech_start_s: float | None = None
    _final_s: list[float] = field(default_factory=list)

    def started(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass audio on; the stream begins when the first chunk is asked for."""
        self._start_s, self._start_cpu_s = self.clock(), self.cpu_clock()
        yield from chunks

    def take(self, update: Update) -> None:
        """Note when words came."""
        now_s = self.clock() - self._start_s
        spoken = [token for token in update.new if not token.is_marker]
        if self._first_word_s is None and (spoken or update.pending):
            self._first_word_s = now_s
        if self._speech_start_s is None and spoken:
            self._speech_start_s = spoken[0].start_ms / 1000
        self._final_s += [now_s - token.end_ms / 1000 for token in spoken]

    def costs(self, *, audio_ms: int, load_s: float) -> Costs:
        """Return the measurements at the end of the stream."""
        first_word_s = None
        if self._first_word_s is not None and self._speech_start_s is not None:
            first_word_s = max(self._first_word_s - self._speech_start_s, 0.0)
        return Costs(
            audio_s=audio_ms / 1000,
            first_word_s=first_word_s,
            final_s=statistics.median(self._final_s) if self._final_s else None,
            cpu_s=self.cpu_clock() - self._start_cpu_s,
            peak_mb=peak_memory_mb(),
            load_s=load_s,
        )


def peak_memory_mb() -> float | None:
    """Return the most memory this process has held, or None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
