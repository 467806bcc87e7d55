"""What a server uses while one stream goes on: memory and work, minute by minute of audio."""

from dataclasses import dataclass, field
from typing import Any

from oyez.bench import tables
from oyez.bench.serving import ServerProcess, Usage
from oyez.bench.streaming import Arrival

MINUTE_S = 60.0
ENDS = 2
"""Minutes at either end that are compared."""


@dataclass(slots=True)
class Sample:
    """A look at the server after so much audio."""

    audio_s: float
    usage: Usage


@dataclass(slots=True)
class Meter:
    """Looks at the server at the start and each time another minute of audio has been processed.

    Minutes are minutes of audio by the server's own counter; at the pace of a benchmark one takes a
    few seconds. The first minute includes the start of the stream.
    """

    server: ServerProcess | None
    minute_s: float = MINUTE_S
    samples: list[Sample] = field(default_factory=list)

    def start(self) -> None:
        """Look for the first time."""
        self._look(0.0)

    def hear(self, arrival: Arrival) -> None:
        """Look again if another minute has passed."""
        audio_s = (arrival.event.total_audio_proc_ms or 0) / 1000
        last_s = self.samples[-1].audio_s if self.samples else 0.0
        is_partial_end = arrival.event.finished and audio_s > last_s + self.minute_s / 2
        if audio_s >= last_s + self.minute_s or is_partial_end:
            self._look(audio_s)

    def _look(self, audio_s: float) -> None:
        if self.server is not None:
            self.samples.append(Sample(audio_s, self.server.usage()))

    def report(self) -> dict[str, Any]:
        """Print the table and return its numbers."""
        rows = []
        minutes = []
        for before, after in zip(self.samples, self.samples[1:], strict=False):
            audio_s = after.audio_s - before.audio_s
            work = (after.usage.cpu_s - before.usage.cpu_s) / audio_s
            speed = audio_s / (after.usage.at_s - before.usage.at_s)
            minutes.append(
                {
                    "until_s": round(after.audio_s, 1),
                    "rss_mb": round(after.usage.rss_mb, 1),
                    "cpu_per_audio_s": round(work, 4),
                    "times_real_time": round(speed, 2),
                }
            )
            rows.append(
                [
                    f"{before.audio_s:.0f}-{after.audio_s:.0f}",
                    f"{after.usage.rss_mb:.0f}",
                    f"{work:.3f}",
                    f"{speed:.1f}",
                ]
            )
        if not minutes:
            return {}
        head = ("seconds of audio", "RSS MB", "CPU s / audio s", "x real time")
        tables.note(tables.table(head, rows))
        result: dict[str, Any] = {"rss_at_start_mb": round(self.samples[0].usage.rss_mb, 1)}
        result["minutes"] = minutes
        if len(minutes) >= 2 * ENDS:
            result |= _ends(minutes)
        return result


def _ends(minutes: list[dict[str, float]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    texts = []
    for name, title in (("rss_mb", "RSS MB"), ("cpu_per_audio_s", "CPU s / audio s")):
        first = sum(minute[name] for minute in minutes[:ENDS]) / ENDS
        last = sum(minute[name] for minute in minutes[-ENDS:]) / ENDS
        result[f"{name}_first"] = round(first, 4)
        result[f"{name}_last"] = round(last, 4)
        texts.append(f"{title} {first:.3g} -> {last:.3g} ({100 * (last / first - 1):+.1f} %)")
    tables.note(f"\nFirst {ENDS} against last {ENDS}: " + "; ".join(texts))
    return result
