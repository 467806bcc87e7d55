"""Every exception oyez raises, in one tree.

    OyezError
    ├── OyezValidationError(ValueError)      an argument was refused before anything was sent
    ├── OyezRealtimeError                    a real-time session failed
    │   ├── OyezConnectError                 no session: nothing answered, or the handshake failed
    │   ├── OyezConnectionLostError          the socket closed before the server said `finished`
    │   ├── OyezServerError                  the server sent an error frame
    │   │   ├── OyezInvalidRequestError      400: configuration, control message or audio
    │   │   │   └── OyezModelNotAvailableError
    │   │   ├── OyezAuthenticationError      401: key missing, wrong or expired
    │   │   ├── OyezPermissionDeniedError    403: the key may not do this, or its session is over
    │   │   ├── OyezQuotaError               402, 429: a limit; wait or raise it
    │   │   ├── OyezTimeoutError             408: nothing was sent for too long
    │   │   ├── OyezMaxDurationError         413: the stream reached its longest duration
    │   │   └── OyezUnavailableError         500, 503: start again
    │   └── OyezProtocolError                a message broke the rules of the protocol
    │       ├── LocalProtocolError           ours: a bug in the calling code
    │       └── RemoteProtocolError          theirs: what to answer is in `problems`
    ├── AudioError(ValueError)               bytes that are not the promised audio
    └── EngineError
        ├── EngineNotFoundError(LookupError) no engine of that name is installed
        ├── ModelNotInstalledError           the engine is known, its weights are not here
        ├── EngineBusyError                  the work waited past its deadline and was dropped
        └── EngineClosedError                the runtime was shut down

Exceptions carry facts as attributes and build their text from them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class NextStep(StrEnum):
    """What to do about a session that failed."""

    RETRY_NOW = "retry_now"
    """Open a new session and do the same again: the fault was not in what you sent."""
    NEW_SESSION = "new_session"
    """Open a new session and go on with the audio that is not final yet."""
    WAIT = "wait"
    """Try again later, or end other sessions first: a limit was reached."""
    FIX_REQUEST = "fix_request"
    """Correct what was sent or set; the same again fails the same way."""
    NEW_KEY = "new_key"
    """Get a key that is valid, has the permission, or has session time left."""


class OyezError(Exception):
    """Base of every exception oyez raises."""


class OyezValidationError(OyezError, ValueError):
    """An argument was refused before anything was sent."""


class OyezRealtimeError(OyezError):
    """A real-time session failed.

    Attributes:
        next_step: What to do about it, or None where that depends on the program.
    """

    next_step: NextStep | None = None

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may succeed at once in a new session, unchanged."""
        return self.next_step in (NextStep.RETRY_NOW, NextStep.NEW_SESSION)


class OyezConnectError(OyezRealtimeError):
    """No session was opened.

    Attributes:
        url: The address that was tried.
        reason: What went wrong, in words.
    """

    def __init__(self, url: str, reason: str, *, next_step: NextStep = NextStep.RETRY_NOW) -> None:
        self.url = url
        self.reason = reason
        self.next_step = next_step
        super().__init__(url, reason)

    def __str__(self) -> str:
        return (
            f"Could not open a session at {self.url}: {self.reason}. "
            "Is the server running? Start one with `oyez serve`, or set OYEZ_BASE_URL."
        )


class HeardToken(Protocol):
    """What every token of an account has; `oyez.types.Token` has more."""

    @property
    def text(self) -> str:
        """The token's text."""

    @property
    def start_ms(self) -> int | None:
        """From the start of the stream."""

    @property
    def end_ms(self) -> int | None:
        """From the start of the stream."""


@dataclass(frozen=True, slots=True)
class StreamAccount:
    """What a session has sent and received so far. Times count from the start of its stream."""

    audio_bytes_sent: int
    """Audio bytes handed to the socket; the last of them may not have arrived."""
    audio_sent_ms: int | None
    """How long that audio lasts; None for a container that does not tell, such as MP3."""
    final_audio_proc_ms: int
    """Audio whose tokens are final. A new session that gets all audio after it loses nothing."""
    total_audio_proc_ms: int
    """Audio that the server has read, as far as its messages said."""
    messages_received: int
    """Messages read, the last one before the loss included."""
    seconds_since_message: float | None
    """Since the last message was read; None without one."""
    final_text: str
    """All final tokens but the markers, joined."""
    final_tokens: tuple[HeardToken, ...]
    """All final tokens, markers included."""
    non_final_tokens: tuple[HeardToken, ...]
    """The guesses of the last message: lost unless their audio is sent again."""
    finalizes_pending: int
    """`finalize()` calls that no `<fin>` has answered."""
    is_finish_pending: bool
    """Whether the end of audio was sent and `finished` has not come."""
    request_id: str | None
    """Names the stream in the server's log, when the server said so."""

    @property
    def non_final_text(self) -> str:
        """The guesses of the last message, joined."""
        return "".join(token.text for token in self.non_final_tokens)


class OyezConnectionLostError(OyezRealtimeError):
    """The socket closed, or fell silent, before the server said `finished`.

    Attributes:
        close_code: The server's WebSocket close code, or None when the transport broke without
            one, which other programs call 1006.
        close_reason: What the server said with it, often nothing.
        is_silent: Whether the server stopped answering: pings, or frames that could not leave.
        account: What was sent and received.
    """

    next_step = NextStep.NEW_SESSION

    def __init__(
        self,
        *,
        close_code: int | None,
        close_reason: str,
        is_silent: bool,
        account: StreamAccount,
    ) -> None:
        self.close_code = close_code
        self.close_reason = close_reason
        self.is_silent = is_silent
        self.account = account
        super().__init__(close_code, close_reason, is_silent, account)

    @property
    def audio_bytes_sent(self) -> int:
        """Audio bytes handed to the socket."""
        return self.account.audio_bytes_sent

    @property
    def messages_received(self) -> int:
        """Messages read before the loss."""
        return self.account.messages_received

    @property
    def final_audio_proc_ms(self) -> int:
        """Audio whose tokens are final; a new session goes on from there."""
        return self.account.final_audio_proc_ms

    def __str__(self) -> str:
        account = self.account
        if self.is_silent:
            how = "was given up, because the server answered no more,"
        elif self.close_code is None:
            how = "closed without a close frame"
        else:
            reason = f" ({self.close_reason})" if self.close_reason else ""
            how = f"closed with code {self.close_code}{reason}"
        sent = f"{account.audio_bytes_sent} audio bytes"
        if account.audio_sent_ms is not None:
            sent += f" ({account.audio_sent_ms} ms)"
        received = f"{account.messages_received} messages received"
        if account.seconds_since_message is not None:
            received += f", the last {account.seconds_since_message:.1f} s ago"
        pending = ""
        if account.finalizes_pending:
            pending += f", {account.finalizes_pending} finalize unanswered"
        if account.is_finish_pending:
            pending += ", finished awaited"
        return (
            f"The connection {how} before the stream was finished: {sent} sent, {received}, "
            f"audio is final up to {account.final_audio_proc_ms} ms{pending}. "
            "Open a new session and resend the audio after that point."
        )


class OyezServerError(OyezRealtimeError):
    """The server answered with an error frame and closed the stream.

    Attributes:
        error_code: HTTP-like status of the error frame.
        error_type: Stable name to branch on, such as ``invalid_request``.
        error_message: What went wrong; the wording may change.
        request_id: Names this stream in the server's log.
        more_info: Address of a page about this error, or None.
        advice: What to do, in words; `next_step` says it to programs.
    """

    next_step = NextStep.FIX_REQUEST
    advice = "The stream cannot continue."

    def __init__(
        self,
        *,
        error_code: int,
        error_type: str,
        error_message: str,
        request_id: str | None = None,
        more_info: str | None = None,
    ) -> None:
        self.error_code = error_code
        self.error_type = error_type
        self.error_message = error_message
        self.request_id = request_id
        self.more_info = more_info
        super().__init__(error_code, error_type, error_message, request_id)

    def __str__(self) -> str:
        request = f" (request {self.request_id})" if self.request_id else ""
        return (
            f"{self.error_code} {self.error_type}: {self.error_message}{request} {self.advice}"
        ).strip()


class OyezInvalidRequestError(OyezServerError):
    """400: the configuration, a control message or the audio was refused."""

    advice = "Correct what the message names and open a new session."


class OyezModelNotAvailableError(OyezInvalidRequestError):
    """400: the server has no such model."""

    advice = "Choose a model that the message lists."


class OyezAuthenticationError(OyezServerError):
    """401: the key is missing, wrong, expired or used up."""

    next_step = NextStep.NEW_KEY
    advice = "Set OYEZ_API_KEY to the key that the server was started with, or pass api_key=."


class OyezPermissionDeniedError(OyezServerError):
    """403: the key may not do this, or its session time is over."""

    next_step = NextStep.NEW_KEY
    advice = "Use a key that has this permission, or fetch a new temporary key."


class OyezQuotaError(OyezServerError):
    """402 or 429: a limit was reached."""

    next_step = NextStep.WAIT
    advice = "Wait, close other sessions, or raise the limit."


class OyezTimeoutError(OyezServerError):
    """408: nothing came from the client for too long."""

    next_step = NextStep.NEW_SESSION
    advice = "Send audio or keep_alive() at least every 20 seconds."


class OyezMaxDurationError(OyezServerError):
    """413: the stream reached its longest duration."""

    next_step = NextStep.NEW_SESSION
    advice = "Open a new session for the audio that follows."


class OyezUnavailableError(OyezServerError):
    """500 or 503: the server failed or has no room."""

    next_step = NextStep.RETRY_NOW
    advice = "Open a new session; it is safe to try again."


class OyezProtocolError(OyezRealtimeError):
    """A message broke the rules of the protocol."""


class LocalProtocolError(OyezProtocolError):
    """The calling code tried to send what the protocol does not allow now."""


class RemoteProtocolError(OyezProtocolError):
    """The other side sent what the protocol does not allow.

    Attributes:
        error_type: Name of the error in the protocol's table, such as ``invalid_request``.
        problems: One sentence for each thing that is wrong, the decisive one first.
    """

    def __init__(self, error_type: str, problems: Iterable[str]) -> None:
        self.error_type = error_type
        self.problems = tuple(problems)
        super().__init__(error_type, self.problems)

    def __str__(self) -> str:
        return " ".join(self.problems)


class AudioError(OyezError, ValueError):
    """The bytes are not the promised audio.

    Attributes:
        problem: What is wrong and what to send instead, in one sentence.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class EngineError(OyezError):
    """Recognition could not be done."""


class EngineNotFoundError(EngineError, LookupError):
    """No engine of that name is installed.

    Attributes:
        name: The name that was asked for.
        known: The names that are installed.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(name, self.known)

    def __str__(self) -> str:
        return f"No engine is called {self.name!r}. Installed: {', '.join(self.known) or 'none'}."


class ModelNotInstalledError(EngineError):
    """An engine is known, but its weights or libraries are not on this machine.

    Attributes:
        engine: The engine's name.
        remedy: What to run or set, in one sentence.
    """

    def __init__(self, engine: str, remedy: str) -> None:
        self.engine = engine
        self.remedy = remedy
        super().__init__(engine, remedy)

    def __str__(self) -> str:
        return f"The weights of {self.engine} are not installed. {self.remedy}"


class EngineBusyError(EngineError):
    """Work that may be skipped waited past its deadline and was dropped."""


class EngineClosedError(EngineError):
    """Work was handed to a runtime that has been shut down."""
