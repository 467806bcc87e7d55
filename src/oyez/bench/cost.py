"""What the server uses for the speech of one part: work for each second of audio, and memory."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from oyez.bench import tables
from oyez.bench.serving import ServerProcess, Usage
from oyez.bench.stats import summary

LOOK_EVERY_S = 0.5


class Cost:
    """Looks at a server twice a second while speech is streamed; a context manager.

    Memory is the resident set of the server's process (RSS): p50 and the most that was seen. Work
    is user and system time of the process from entering to leaving, for each second of the audio
    that `audio_s` was told of. The harness and its clients run in another process.

    Args:
        look: Tells what the server has used so far; None for a server that somebody else runs, of
            which nothing is seen.
    """

    def __init__(self, look: Callable[[], Usage] | None) -> None:
        self._usage = look
        self._looks: list[Usage] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-cost", daemon=True)
        self.audio_s = 0.0
        """Audio streamed so far, of all streams together; the caller adds to it."""

    @classmethod
    def of(cls, server: ServerProcess | None) -> Self:
        """Return the cost of a server, if it is ours."""
        return cls(None if server is None else server.usage)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(5.0)
        self._look()

    def report(self) -> dict[str, Any]:
        """Print and return what was used; nothing where nothing was seen."""
        if not self._looks or not self.audio_s:
            return {}
        first, last = self._looks[0], self._looks[-1]
        work = (last.cpu_s - first.cpu_s) / self.audio_s
        rss_mb = summary([look.rss_mb for look in self._looks])
        assert rss_mb is not None
        tables.note(
            f"Server: {work:.3f} CPU seconds a second of audio; RSS {rss_mb.p50:.0f} MB "
            f"(p50), {rss_mb.worst:.0f} MB at most."
        )
        return {
            "server_cpu_per_audio_s": round(work, 4),
            "server_rss_mb_p50": round(rss_mb.p50, 1),
            "server_rss_mb_max": round(rss_mb.worst, 1),
        }

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        if self._usage is not None:
            self._looks.append(self._usage())
