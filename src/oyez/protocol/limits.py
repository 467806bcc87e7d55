"""How long a connection may be silent, or last, and what it is told when it was too long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a connection may be silent or last."""

    start_timeout_s: float = 60.0
    """From opening, or the last keepalive, to the start message. Generous: a known client opens
    the socket first and then fetches its key."""
    max_opening_s: float = 600.0
    """From opening to the start message, keepalives or not; clients that keep sockets warm
    give them up after this long themselves."""
    idle_timeout_s: float = 20.0
    """Without audio or keepalive, after the start message."""
    decode_timeout_s: float = 20.0
    """From the first audio to the first sample that could be decoded; keepalives begin it anew."""
    slow_input_window_s: float = 60.0
    """Time over which the pace of audio is judged; keepalives begin it anew."""
    min_input_pace: float = 0.05
    """Least audio over that time, as a share of real time; 0 allows any pace."""
    max_duration_s: float = 300 * 60.0
    """Longest stream, counted in time since the start message."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """A deadline that passed: what to say, and how to close."""

    close_code: int
    error_type: str
    """Error to send before closing."""
    reason: str
