"""One stream through the SDK, with a note of when each thing was sent and when each came back.

Times are seconds since the stream's zero, the moment at which the first sample is spoken. A live
stream sends the chunk [a, b) at time b, when its last sample has been spoken: latencies therefore
include up to one chunk of waiting, as a microphone's do.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from oyez import OyezClient
from oyez.bench.audio import Sound
from oyez.client.events import RealtimeEvent, Token
from oyez.client.sync_session import RealtimeSTTSession
from oyez.errors import OyezError
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN

MARKERS = (TOKEN_TEXT_END, TOKEN_TEXT_FIN)
CHUNK_S = 0.1
AHEAD_S = 8.0
"""How far a stream that runs faster than life may be ahead of the answers. Enough for a model that
commits every three seconds, and so little that audio does not pile up in the server's memory."""
GRACE_S = 60.0
SHORTEST_AUDIO = 4_800
"""Samples that a server is asked with whether it answers."""


@dataclass(frozen=True, slots=True)
class Target:
    """The server that is measured."""

    url: str
    """Of the WebSocket endpoint."""
    api_key: str
    model: str
    """Its name on the wire."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How audio is sent."""

    speed: float | None = 1.0
    """Times real time; None: as fast as answers come, never slower than real time."""
    finalize_at_s: float | None = None
    """When `finalize` is sent, between two chunks."""


LIVE = Pace()
FAST = Pace(speed=None)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event and when it came."""

    at_s: float
    event: RealtimeEvent

    def has(self, marker: str) -> bool:
        """Whether a marker is among its tokens."""
        return any(token.text == marker for token in self.event.tokens)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a transcript; times as the server tells them."""

    text: str
    start_s: float
    end_s: float
    confidence: float | None = field(default=None, compare=False)
    """Mean of its tokens'; None where a token has none."""


@dataclass(slots=True)
class Stream:
    """What came of one stream."""

    audio_s: float
    arrivals: list[Arrival] = field(default_factory=list)
    finalize_sent_s: float | None = None
    late_s: list[float] = field(default_factory=list)
    """How late each chunk left, at a given pace: the harness's own share of every latency."""
    wall_s: float = 0.0
    is_finished: bool = False
    problem: str | None = None
    """Why it did not reach `finished`, in words."""

    @property
    def final_tokens(self) -> list[Token]:
        """Everything final, markers included."""
        return [t for arrival in self.arrivals for t in arrival.event.tokens if t.is_final]

    @property
    def words(self) -> list[Word]:
        """The final words."""
        return words_of(self.final_tokens)

    @property
    def text(self) -> str:
        """The final transcript."""
        return " ".join(word.text for word in self.words)

    def marker_times(self, marker: str) -> list[float]:
        """Return when each of these markers came."""
        return [
            arrival.at_s
            for arrival in self.arrivals
            for token in arrival.event.tokens
            if token.text == marker
        ]


def words_of(tokens: list[Token]) -> list[Word]:
    """Join tokens to words. Markers separate words."""
    pieces = [" " if token.text in MARKERS else token.text for token in tokens]
    owners = [index for index, piece in enumerate(pieces) for _ in piece]
    words = []
    for match in re.finditer(r"\S+", "".join(pieces)):
        own = tokens[owners[match.start()] : owners[match.end() - 1] + 1]
        first, last = own[0], own[-1]
        start_s = (first.start_ms or 0) / 1000
        end_s = (last.end_ms or first.start_ms or 0) / 1000
        known = [token.confidence for token in own if token.confidence is not None]
        confidence = sum(known) / len(known) if len(known) == len(own) else None
        words.append(Word(match.group(), start_s, end_s, confidence))
    return words


def run_stream(
    target: Target,
    sound: Sound,
    *,
    pace: Pace = LIVE,
    endpoints: bool = False,
    options: Mapping[str, object] | None = None,
    on_event: Callable[[Arrival], None] | None = None,
) -> Stream:
    """Stream a sound from its start to `finished` and return what came back.

    Failures and hangs do not raise: they are in `problem`.

    Args:
        target: The server.
        sound: What is said.
        pace: How fast.
        endpoints: Whether the server is asked for `<end>`.
        options: More fields of the start message.
        on_event: Is told of every event when it comes.
    """
    client = OyezClient(api_key=target.api_key, websocket_base_url=target.url)
    config = {
        "model": target.model,
        "audio_format": "pcm_s16le",
        "sample_rate": sound.rate_hz,
        "num_channels": 1,
        "enable_endpoint_detection": endpoints,
        **(options or {}),
    }
    stream = Stream(sound.seconds)
    longest_s = sound.seconds * 3 + GRACE_S
    try:
        with client.realtime.stt.connect(config=config) as session:
            feed = _Feed(session, sound, pace, stream)
            watchdog = threading.Timer(longest_s, session.close)
            watchdog.start()
            feed.start()
            try:
                for event in session.receive_events():
                    arrival = Arrival(feed.now_s(), event)
                    stream.arrivals.append(arrival)
                    feed.heard(event)
                    stream.is_finished = event.finished
                    if on_event is not None:
                        on_event(arrival)
            finally:
                watchdog.cancel()
                feed.stop()
            stream.wall_s = feed.now_s()
    except OyezError as error:
        stream.problem = f"{type(error).__name__}: {error}"
    if stream.problem is None and not stream.is_finished:
        stream.problem = f"No `finished` within {longest_s:.0f} s."
    return stream


def require_answer(target: Target) -> None:
    """Stream a moment of silence, to know that there will be figures.

    Raises:
        OyezError: The server does not answer, or refuses the key or the model.
    """
    client = OyezClient(api_key=target.api_key, websocket_base_url=target.url)
    config = {
        "model": target.model,
        "audio_format": "pcm_s16le",
        "sample_rate": 16_000,
        "num_channels": 1,
    }
    with client.realtime.stt.connect(config=config) as session:
        watchdog = threading.Timer(GRACE_S, session.close)
        watchdog.start()
        try:
            session.send_byte_chunk(bytes(2 * SHORTEST_AUDIO))
            session.finish()
            for _ in session.receive_events():
                pass
        finally:
            watchdog.cancel()


class _Feed(threading.Thread):
    """Sends the audio while the caller receives."""

    def __init__(
        self, session: RealtimeSTTSession, sound: Sound, pace: Pace, stream: Stream
    ) -> None:
        super().__init__(name="bench-feed", daemon=True)
        self._session = session
        self._pcm = sound.pcm()
        self._rate_hz = sound.rate_hz
        self._pace = pace
        self._stream = stream
        self._processed_s = 0.0
        self._moved = threading.Condition()
        self._is_stopped = False
        self._zero_s = time.perf_counter()

    def now_s(self) -> float:
        """Return the time since zero."""
        return time.perf_counter() - self._zero_s

    def heard(self, event: RealtimeEvent) -> None:
        """Note how far the server has come."""
        with self._moved:
            self._processed_s = max(self._processed_s, (event.total_audio_proc_ms or 0) / 1000)
            self._moved.notify()

    def stop(self) -> None:
        """Send no more; wait until the thread has noticed."""
        with self._moved:
            self._is_stopped = True
            self._moved.notify()
        self.join(10.0)

    def run(self) -> None:
        """Send everything."""
        finalize_at_s = self._pace.finalize_at_s
        sent_s = 0.0
        end_s = len(self._pcm) / 2 / self._rate_hz
        while sent_s < end_s:
            until_s = min(sent_s + CHUNK_S, end_s)
            if finalize_at_s is not None and sent_s < finalize_at_s < until_s:
                until_s = finalize_at_s
            if not self._wait_for(sent_s, until_s):
                return
            if self._pace.speed is not None:
                self._stream.late_s.append(self.now_s() - until_s / self._pace.speed)
            self._session.send_byte_chunk(self._bytes(sent_s, until_s))
            sent_s = until_s
            if finalize_at_s is not None and sent_s >= finalize_at_s:
                self._stream.finalize_sent_s = self.now_s()
                self._session.finalize()
                finalize_at_s = None
        self._session.finish()

    def _wait_for(self, sent_s: float, until_s: float) -> bool:
        """Wait until a chunk is due. Returns whether to go on."""
        speed = self._pace.speed
        with self._moved:
            if speed is not None:
                while not self._is_stopped and (left_s := until_s / speed - self.now_s()) > 0:
                    self._moved.wait(left_s)
            else:
                self._moved.wait_for(
                    lambda: self._is_stopped or sent_s - self._processed_s < AHEAD_S,
                    timeout=until_s - sent_s,
                )
            return not self._is_stopped

    def _bytes(self, start_s: float, end_s: float) -> bytes:
        first, last = (2 * round(at_s * self._rate_hz) for at_s in (start_s, end_s))
        return self._pcm[first:last]
