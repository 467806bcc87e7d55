"""Part `startup`: what a server costs before anybody speaks.

ready      `oyez serve` starts -> `/readyz` answers 200, asked every 10 ms
RSS        of the process: when ready, and with ten streams open
CPU        mean share of one core over ten seconds: nobody there; ten open streams that send only a
           keepalive every five seconds; ten streams that send digital silence at real-time pace
"""

import contextlib
import statistics
import threading
import time
from typing import Any, Self

from oyez import OyezClient
from oyez.bench import tables
from oyez.bench.audio import SPEECH_RATE_HZ, silence
from oyez.bench.plan import Plan
from oyez.bench.serving import ServerProcess
from oyez.bench.streaming import CHUNK_S, Target
from oyez.client.sync_session import RealtimeSTTSession
from oyez.errors import OyezError

STARTS, QUICK_STARTS = 5, 2
LOOK_S, QUICK_LOOK_S = 10.0, 3.0
STREAMS = 10
KEEPALIVE_S = 5.0
SETTLE_S = 1.0


def measure(plan: Plan) -> dict[str, Any]:
    """Start servers and look at them; print and return."""
    if plan.remote is not None:
        tables.note("Not for a server that somebody else runs.")
        return {}
    look_s = QUICK_LOOK_S if plan.is_quick else LOOK_S
    ready_s = []
    for _ in range((QUICK_STARTS if plan.is_quick else STARTS) - 1):
        with ServerProcess(plan.model) as server:
            ready_s.append(server.ready_s)
    with plan.server() as own:
        assert own is not None
        ready_s.append(own.ready_s)
        at_ready = own.usage()
        time.sleep(SETTLE_S)
        idle = _share(own, look_s)
        with _Crowd(plan.target) as crowd:
            time.sleep(SETTLE_S)
            waiting = _share(own, look_s)
            rss_waiting_mb = own.usage().rss_mb
            crowd.speaks.set()
            time.sleep(SETTLE_S)
            silent = _share(own, look_s)
            rss_silent_mb = own.usage().rss_mb
    result = {
        "ready_s_median": round(statistics.median(ready_s), 3),
        "ready_s": [round(seconds, 3) for seconds in ready_s],
        "rss_ready_mb": round(at_ready.rss_mb, 1),
        "cpu_to_ready_s": round(at_ready.cpu_s, 3),
        "idle_cpu_share": round(idle, 5),
        "streams": STREAMS,
        "waiting_cpu_share": round(waiting, 5),
        "waiting_rss_mb": round(rss_waiting_mb, 1),
        "silent_cpu_share": round(silent, 5),
        "silent_rss_mb": round(rss_silent_mb, 1),
        "problems": crowd.problems,
    }
    rows = [
        ["process start -> ready, median", f"{result['ready_s_median']:.2f} s", ""],
        ["CPU until ready", f"{at_ready.cpu_s:.2f} s", f"{at_ready.rss_mb:.0f} MB"],
        ["idle", f"{100 * idle:.2f} % of a core", f"{at_ready.rss_mb:.0f} MB"],
        [f"{STREAMS} streams, keepalives", f"{100 * waiting:.2f} %", f"{rss_waiting_mb:.0f} MB"],
        [f"{STREAMS} streams, silence", f"{100 * silent:.2f} %", f"{rss_silent_mb:.0f} MB"],
    ]
    tables.note(tables.table(("", "time or CPU", "RSS"), rows))
    for problem in crowd.problems:
        tables.note(f"PROBLEM {problem}")
    return result


def _share(server: ServerProcess, seconds: float) -> float:
    before = server.usage()
    time.sleep(seconds)
    return server.usage().cpu_share(before)


class _Crowd(contextlib.ExitStack):
    """Ten streams: they keep alive, and once they may speak they send silence."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target
        self._stop = threading.Event()
        self.speaks = threading.Event()
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        super().__enter__()
        client = OyezClient(api_key=self._target.api_key, websocket_base_url=self._target.url)
        config = {
            "model": self._target.model,
            "audio_format": "pcm_s16le",
            "sample_rate": SPEECH_RATE_HZ,
            "num_channels": 1,
            "enable_endpoint_detection": True,
        }
        sessions = [client.realtime.stt.connect(config=config) for _ in range(STREAMS)]
        for session in sessions:
            self.enter_context(session)
        threads = [threading.Thread(target=self._listen, args=(session,)) for session in sessions]
        threads.append(threading.Thread(target=self._talk, args=(sessions,)))
        for thread in threads:
            thread.daemon = True
            thread.start()
        self.callback(threads[-1].join, 10.0)
        self.callback(self._stop.set)
        return self

    def _listen(self, session: RealtimeSTTSession) -> None:
        try:
            for event in session.receive_events():
                if event.tokens:
                    self.problems.append(f"tokens in silence: {event.tokens}")
        except OyezError as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def _talk(self, sessions: list[RealtimeSTTSession]) -> None:
        chunk = silence(CHUNK_S).pcm()
        next_keepalive_s = 0.0
        while not self._stop.wait(CHUNK_S):
            now_s = time.perf_counter()
            if self.speaks.is_set():
                for session in sessions:
                    session.send_byte_chunk(chunk)
            elif now_s >= next_keepalive_s:
                next_keepalive_s = now_s + KEEPALIVE_S
                for session in sessions:
                    session.keep_alive()
