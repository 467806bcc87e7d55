"""The connection's state machine: who may say what, when, and for how long silence is borne.

One class for both ends and for the tests. It knows kinds of messages, not sockets, and is told the
time. Two states are kept at each end, as h11 does: what the client may say, and what the server
may say. A client's message can move both (its start message lets the server speak); what the server
says never moves the client's state here, because the client's words may already be on their way:
they are read and ignored instead.

Legality is the two tables below. `docs/protocol.md` is drawn from them.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from oyez.errors import LocalProtocolError, RemoteProtocolError
from oyez.protocol.limits import Expiry, Limits
from oyez.protocol.messages import ClientKind, ServerKind
from oyez.protocol.pace import InputPace


class Role(Enum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class ClientState(Enum):
    """What the client may say next."""

    OPENING = "opening"
    """The socket is open, the start message has not been said."""
    STREAMING = "streaming"
    ENDED = "ended"
    """The end of audio was said; whatever follows is ignored."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing the client says counts any more."""
        return self is ClientState.ENDED


class ServerState(Enum):
    """What the server may say next."""

    WAITING = "waiting"
    """For the start message; it may only refuse."""
    ANSWERING = "answering"
    FINISHED = "finished"
    FAILED = "failed"


class Verdict(Enum):
    """What to do with a message that is not an error."""

    ACCEPT = "accept"
    IGNORE = "ignore"


CLIENT_SAYS: Final[Mapping[ClientState, Mapping[ClientKind, ClientState]]] = MappingProxyType(
    {
        ClientState.OPENING: {
            ClientKind.KEEPALIVE: ClientState.OPENING,
            ClientKind.START: ClientState.STREAMING,
        },
        ClientState.STREAMING: {
            ClientKind.AUDIO: ClientState.STREAMING,
            ClientKind.FINALIZE: ClientState.STREAMING,
            ClientKind.KEEPALIVE: ClientState.STREAMING,
            ClientKind.END: ClientState.ENDED,
        },
        ClientState.ENDED: {},
    }
)
"""Legal messages of the client and the state after them."""

SERVER_SAYS: Final[Mapping[ServerState, Mapping[ServerKind, ServerState]]] = MappingProxyType(
    {
        ServerState.WAITING: {ServerKind.ERROR: ServerState.FAILED},
        ServerState.ANSWERING: {
            ServerKind.RESULTS: ServerState.ANSWERING,
            ServerKind.FINISHED: ServerState.FINISHED,
            ServerKind.ERROR: ServerState.FAILED,
        },
        ServerState.FINISHED: {},
        ServerState.FAILED: {},
    }
)
"""Legal messages of the server and the state after them."""

REFUSALS: Final[Mapping[tuple[ClientState, ClientKind], str]] = MappingProxyType(
    {
        (ClientState.OPENING, ClientKind.AUDIO): (
            "The first message must be the start message, as text; audio came first."
        ),
        (ClientState.OPENING, ClientKind.FINALIZE): (
            "Nothing can be finalized before the start message."
        ),
        (ClientState.OPENING, ClientKind.END): (
            "The start message is malformed: an empty frame came first."
        ),
        (ClientState.STREAMING, ClientKind.START): (
            "A stream takes one start message; open another connection for another stream."
        ),
    }
)
"""What is wrong with a client's message that is in neither table."""


class Connection:
    """One connection as one end sees it.

    Args:
        role: Which end this is; it decides who is blamed for a broken rule.
        limits: Deadlines, kept by the server's end.
        now_s: The time, on any clock that never goes back.
    """

    def __init__(self, role: Role, *, now_s: float, limits: Limits | None = None) -> None:
        self.role = role
        self.limits = limits or Limits()
        self.client_state = ClientState.OPENING
        self.server_state = ServerState.WAITING
        self.session_limit_s: float | None = None
        """Longest connection that the client's key allows, from its opening."""
        self._opened_s = now_s
        self._started_s: float | None = None
        self._heard_s = now_s
        self._pace = InputPace(self.limits, now_s)

    @property
    def is_started(self) -> bool:
        """Whether the start message has been said."""
        return self.client_state is not ClientState.OPENING

    @property
    def is_over(self) -> bool:
        """Whether the server has said its last word."""
        return self.server_state in (ServerState.FINISHED, ServerState.FAILED)

    def client_says(self, kind: ClientKind, *, now_s: float) -> Verdict:
        """Apply a message of the client's, sent (client's end) or received (server's end).

        Returns:
            Whether the message counts. After the end of audio and after the server's last word
            nothing does.

        Raises:
            RemoteProtocolError: At the server's end: the client broke the rules.
            LocalProtocolError: At the client's end: this must not be sent.
        """
        if self.is_over or self.client_state is ClientState.ENDED:
            return Verdict.IGNORE
        following = CLIENT_SAYS[self.client_state].get(kind)
        if following is None:
            problem = REFUSALS[self.client_state, kind]
            if self.role is Role.CLIENT:
                raise LocalProtocolError(problem)
            raise RemoteProtocolError("invalid_request", [problem])
        self.client_state = following
        self._heard_s = now_s
        if kind is ClientKind.START:
            self._started_s = now_s
            self.server_state = ServerState.ANSWERING
        elif kind is ClientKind.AUDIO:
            self._pace.received(now_s=now_s)
        elif kind is ClientKind.KEEPALIVE:
            self._pace.restart(now_s=now_s)
        return Verdict.ACCEPT

    def server_says(self, kind: ServerKind) -> None:
        """Apply a message of the server's, sent (server's end) or received (client's end).

        Raises:
            LocalProtocolError: At the server's end: this must not be sent.
            RemoteProtocolError: At the client's end: the server broke the rules.
        """
        following = SERVER_SAYS[self.server_state].get(kind)
        is_early = kind is ServerKind.FINISHED and self.client_state is not ClientState.ENDED
        if following is None or is_early:
            problem = (
                f"{kind.value} cannot follow: the server is {self.server_state.value}, "
                f"the client {self.client_state.value}."
            )
            if self.role is Role.SERVER:
                raise LocalProtocolError(problem)
            raise RemoteProtocolError("invalid_request", [problem])
        self.server_state = following

    def resume(self, *, now_s: float) -> None:
        """Say that this end had stopped listening: the time until now was not the client's."""
        self._heard_s = now_s
        self._pace.restart(now_s=now_s)

    def decoded(self, total_ms: int) -> None:
        """Say how much audio of the stream has been decoded so far, in milliseconds."""
        self._pace.decoded_ms = total_ms

    def next_deadline_s(self) -> float | None:
        """Return when `expire` should be called next, on the caller's clock; None for never."""
        deadlines = [deadline for deadline, _ in self._deadlines()]
        return min(deadlines, default=None)

    def expire(self, *, now_s: float) -> Expiry | None:
        """Return the deadline that has passed by `now_s`, or None."""
        self._pace.roll(now_s=now_s)
        passed = [item for item in self._deadlines() if item[0] <= now_s]
        return min(passed, key=lambda item: item[0])[1] if passed else None

    def _deadlines(self) -> list[tuple[float, Expiry]]:
        if self.is_over:
            return []
        limits = self.limits
        found: list[tuple[float, Expiry]] = []
        if self.session_limit_s is not None:
            over = Expiry(
                1000,
                "temp_api_key_session_expired",
                f"The temporary key allows sessions of {self.session_limit_s:g} s.",
            )
            found.append((self._opened_s + self.session_limit_s, over))
        if self._started_s is None:
            late = Expiry(
                1001,
                "request_timeout",
                f"No start message arrived: it must come within {limits.start_timeout_s:g} s of "
                f"opening or of a keepalive, and within {limits.max_opening_s:g} s in any case.",
            )
            return [
                *found,
                (self._heard_s + limits.start_timeout_s, late),
                (self._opened_s + limits.max_opening_s, late),
            ]
        found.append(
            (
                self._started_s + limits.max_duration_s,
                Expiry(
                    1000,
                    "max_duration_reached",
                    f"The stream reached {limits.max_duration_s / 60:g} minutes.",
                ),
            )
        )
        if self.client_state is ClientState.STREAMING:
            found.append(
                (
                    self._heard_s + limits.idle_timeout_s,
                    Expiry(
                        1000,
                        "request_timeout",
                        f"Neither audio nor a keepalive arrived for {limits.idle_timeout_s:g} s.",
                    ),
                )
            )
            found += self._pace.deadlines()
        return found
