"""Audio of a file on its way to a server: not much further than the server has got."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from oyez.client.durations import Meter

AHEAD_S: Final = 30.0
"""Audio that may be sent before the server has worked through what came earlier. Given more, a
server stops reading, and a slow one would do so for longer than a send may be stuck."""
KEEP_ALIVE_S: Final = 5.0


class Feed:
    """Hands out chunks and waits when they run too far ahead.

    Args:
        chunks: The audio.
        meter: Measures it; None where its bytes do not tell how long it lasts, and then it is
            handed out without waiting.
        keep_alive: Called every few seconds while waiting.
    """

    def __init__(
        self, chunks: Iterable[bytes], meter: "Meter | None", keep_alive: Callable[[], object]
    ) -> None:
        self._chunks = chunks
        self._meter = meter
        self._keep_alive = keep_alive
        self._moved = threading.Condition()
        self._done_s = 0.0
        self._is_stopped = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield the chunks."""
        for chunk in self._chunks:
            if self._meter is not None:
                self._wait_until(self._meter.push(chunk) - AHEAD_S)
            if self._is_stopped:
                return
            yield chunk

    def advance(self, done_ms: int) -> None:
        """Hear how far the server has got."""
        with self._moved:
            self._done_s = done_ms / 1000
            self._moved.notify_all()

    def stop(self) -> None:
        """Hand out nothing more; nobody waits any longer."""
        with self._moved:
            self._is_stopped = True
            self._moved.notify_all()

    def _wait_until(self, done_s: float) -> None:
        while True:
            with self._moved:
                if self._moved.wait_for(
                    lambda: self._is_stopped or self._done_s >= done_s, KEEP_ALIVE_S
                ):
                    return
            self._keep_alive()
