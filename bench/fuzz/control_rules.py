"""What must become of a sequence of messages: the protocol's tables, walked by a clerk of its own.

Times are those of a clock that the case itself moves. Two of the server's limits depend on how much
audio came while; there both answers are taken for right, since which one is depends on when exactly
a limit is looked at.
"""

import json
from dataclasses import dataclass, field
from typing import Final

from oyez.protocol.limits import Limits

BYTES_PER_MS: Final = 32
"""Raw 16-bit mono audio at 16 kHz."""


@dataclass(frozen=True, slots=True)
class Op:
    """One thing that a client does, or that happens to it."""

    kind: str
    """`start`, `text`, `audio`, `end`, `wait`, `settle` or `disconnect`."""
    text: str = ""
    """Of `start` and `text`: the message."""
    audio: bytes = field(default=b"", repr=False)
    number: float = 0
    """Of `wait`: seconds. Of `disconnect`: the close code. Of `audio`: its bytes, for its repr."""


@dataclass(slots=True)
class Clerk:
    """Walks a sequence and notes how it may end.

    Args:
        limits: The server's.
    """

    limits: Limits
    now_s: float = 0.0
    opening: bool = True
    over: str | None = None
    """How it must have ended, once it must."""
    has_ended: bool = False
    may_end: set[str] = field(default_factory=set)
    """Other endings that would be right."""
    finalizes: int = 0
    audio_bytes: int = 0
    _heard_s: float = 0.0
    _heard_anything_s: float = 0.0
    _started_s: float = 0.0
    _stretch_s: float | None = None

    def note(self, op: Op) -> None:
        """Take what happened next."""
        if self.over is not None:
            if op.kind == "disconnect":
                self.may_end.add("gone")
            return
        if op.kind == "wait":
            self._wait(op.number)
        elif op.kind == "disconnect":
            self.over = "gone"
        elif op.kind != "settle" and not self.has_ended:
            self._say(op)

    def endings(self) -> set[str]:
        """Return the endings that are right, `gone` included when nobody ended it."""
        if self.over is None:
            final = self._end() if self.has_ended else "gone"
            return self.may_end | {final}
        return self.may_end | {self.over}

    def _end(self) -> str:
        return "finished" if self.audio_bytes >= 2 else "invalid_request"

    def _say(self, op: Op) -> None:
        kind = _kind(op)
        if kind == "keepalive":
            self._heard_s = self._heard_anything_s = self.now_s
            self._stretch_s = None
        elif self.opening:
            if kind == "start":
                self.opening = False
                self._started_s = self._heard_s = self._heard_anything_s = self.now_s
            else:
                self.over = "invalid_request"
        elif kind == "audio":
            if op.audio:
                self.audio_bytes += len(op.audio)
                self._heard_s = self._heard_anything_s = self.now_s
                self._stretch_s = self.now_s if self._stretch_s is None else self._stretch_s
        elif kind == "finalize":
            self.finalizes += 1
            self._heard_anything_s = self.now_s
        elif kind == "end":
            self.has_ended = True
        else:
            self.over = "invalid_request"

    def _wait(self, seconds: float) -> None:
        self.now_s += seconds
        limits, now_s = self.limits, self.now_s
        if self.opening:
            late_s = min(self._heard_s + limits.start_timeout_s, limits.max_opening_s)
            if now_s >= late_s:
                self.over = "1001"
            return
        if self.has_ended:
            self.may_end.add("max_duration_reached")
            return
        if self._is_pace_in_doubt():
            self.may_end.add("request_timeout")
        if now_s >= self._heard_s + limits.idle_timeout_s:
            self.may_end.add("request_timeout")  # whether a finalize shows life is left open
        idle_s = self._heard_anything_s + limits.idle_timeout_s
        longest_s = self._started_s + limits.max_duration_s
        if now_s >= min(idle_s, longest_s):
            self.over = "request_timeout" if idle_s <= longest_s else "max_duration_reached"

    def _is_pace_in_doubt(self) -> bool:
        if self._stretch_s is None:
            return False
        stretch_s = self.now_s - self._stretch_s
        is_undecoded = (
            self.audio_bytes < 2 * BYTES_PER_MS and stretch_s >= self.limits.decode_timeout_s
        )
        return is_undecoded or stretch_s >= self.limits.slow_input_window_s


def _kind(op: Op) -> str:
    """Return what a message is, read as the protocol says: by its `type`."""
    if op.kind in ("start", "audio", "end"):
        return op.kind
    try:
        payload = json.loads(op.text)
    except (ValueError, RecursionError):
        return "junk"
    if not isinstance(payload, dict):
        return "junk"
    if payload.get("type") == "finalize":
        silence = payload.get("trailing_silence_ms")
        is_right = silence is None or (type(silence) is int and silence >= 0)
        return "finalize" if is_right else "junk"
    return "keepalive" if payload.get("type") == "keepalive" else "junk"
