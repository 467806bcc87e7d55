"""Pings on a silent stream: how soon the server's event loop answers while it has work to do."""

import threading
import time
from types import TracebackType
from typing import Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from oyez.bench.streaming import Target
from oyez.protocol.messages import KeepAlive, Start, encode_client_message

INTERVAL_S = 0.1
KEEPALIVE_S = 5.0
TIMEOUT_S = 10.0


class Pinger:
    """Pings a server every 100 ms from a thread of its own; a context manager.

    Args:
        target: The server.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-pinger", daemon=True)
        self.seconds: list[float] = []
        """Round trips."""
        self.problem: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(TIMEOUT_S + 5.0)

    def _run(self) -> None:
        try:
            self._ping()
        except (WebSocketException, OSError) as error:
            self.problem = f"{type(error).__name__}: {error}"

    def _ping(self) -> None:
        start = Start(
            {
                "api_key": self._target.api_key,
                "model": self._target.model,
                "audio_format": "pcm_s16le",
                "sample_rate": 16_000,
                "num_channels": 1,
            }
        )
        with connect(self._target.url) as socket:
            socket.send(encode_client_message(start))
            next_keepalive_s = time.perf_counter() + KEEPALIVE_S
            while not self._stop.wait(INTERVAL_S):
                began_s = time.perf_counter()
                if not socket.ping().wait(TIMEOUT_S):
                    self.problem = f"No pong within {TIMEOUT_S:.0f} s."
                    return
                self.seconds.append(time.perf_counter() - began_s)
                if began_s > next_keepalive_s:
                    socket.send(encode_client_message(KeepAlive()))
                    next_keepalive_s = began_s + KEEPALIVE_S
