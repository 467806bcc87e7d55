"""Whether audio arrives fast enough: a stream that crawls holds a place for nothing.

Two rules, both about stretches of time in which the client sent audio and no keepalive. Audio must
begin to decode within `Limits.decode_timeout_s`; and over `Limits.slow_input_window_s` at least
`Limits.min_input_pace` of real time must come. Clients that gate their microphone send keepalives
in between, and are never too slow.
"""

from dataclasses import dataclass

from oyez.protocol.limits import Expiry, Limits


@dataclass(slots=True)
class InputPace:
    """Audio received against time.

    Args:
        limits: The two rules' numbers.
        since_s: When the stretch being judged began, on the caller's clock.
    """

    limits: Limits
    since_s: float
    decoded_ms: int = 0
    """Audio decoded since the start of the stream."""
    _base_ms: int = 0
    _has_bytes: bool = False

    def restart(self, *, now_s: float) -> None:
        """Begin a new stretch: the client said that it is there, or was not being listened to."""
        self.since_s, self._base_ms, self._has_bytes = now_s, self.decoded_ms, False

    def received(self, *, now_s: float) -> None:
        """Note that audio bytes came; a stretch begins with its first ones."""
        if not self._has_bytes:
            self._has_bytes = True
            self.since_s = now_s

    def roll(self, *, now_s: float) -> None:
        """Begin a new stretch if the one being judged is over and was fast enough."""
        window_s = self.limits.slow_input_window_s
        if self.decoded_ms and now_s >= self.since_s + window_s and not self._is_slow:
            self.since_s, self._base_ms = now_s, self.decoded_ms

    def deadlines(self) -> list[tuple[float, Expiry]]:
        """Return when the rules are to be judged, and what breaking them means."""
        limits = self.limits
        if not self._has_bytes:
            return []
        if self.decoded_ms == 0:
            reason = (
                f"Audio arrived, but none of it could be decoded for {limits.decode_timeout_s:g} s:"
                " send a container from its beginning, or name a raw format."
            )
            expiry = Expiry(1000, "request_timeout", reason)
            return [(self.since_s + limits.decode_timeout_s, expiry)]
        if limits.min_input_pace <= 0:
            return []
        window_s = limits.slow_input_window_s
        reason = (
            f"Audio arrives too slowly: {(self.decoded_ms - self._base_ms) / 1000:.1f} s of it in "
            f"{window_s:g} s. Send it at the pace of speech, and keepalives while there is none."
        )
        return [(self.since_s + window_s, Expiry(1000, "request_timeout", reason))]

    @property
    def _is_slow(self) -> bool:
        least_ms = self.limits.min_input_pace * self.limits.slow_input_window_s * 1000
        return self.decoded_ms - self._base_ms < least_ms
