"""How real-time sessions fail, and how the server refuses them and requests of the REST API."""

from collections.abc import Iterable
from dataclasses import dataclass

from oyez.errors.account import StreamAccount
from oyez.errors.base import NextStep, OyezError


class OyezRealtimeError(OyezError):
    """A real-time session failed, or a request of the REST API.

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


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of a request that the server refused."""

    error_type: str
    """A word for the kind of mistake, such as ``missing`` or ``less_than_equal``."""
    location: str
    """Where, with dots, such as ``body.payload.expires_in_seconds``."""
    message: str


class OyezServerError(OyezRealtimeError):
    """The server refused or failed: an error frame, or an HTTP status that is no success.

    Attributes:
        error_code: Status of HTTP, or of the error frame, which uses the same numbers.
        error_type: Stable name to branch on, such as ``invalid_request``.
        error_message: What went wrong; the wording may change.
        request_id: Names this stream or request in the server's log.
        more_info: Address of a page about this error, or None.
        advice: What to do, in words; `next_step` says it to programs.
        validation_errors: The fields of a REST request that are wrong; empty for streams.
        retry_after_sec: How long the server asks to wait, when it says so.
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
        advice: str | None = None,
        validation_errors: Iterable[FieldProblem] = (),
        retry_after_sec: float | None = None,
    ) -> None:
        self.error_code = error_code
        self.error_type = error_type
        self.error_message = error_message
        self.request_id = request_id
        self.more_info = more_info
        self.validation_errors = tuple(validation_errors)
        self.retry_after_sec = retry_after_sec
        if advice is not None:
            self.advice = advice
        super().__init__(error_code, error_type, error_message, request_id)

    def __str__(self) -> str:
        fields = "; ".join(
            f"{item.location}: {item.message}"
            for item in self.validation_errors
            if item.message not in self.error_message  # some servers say it all there
        )
        said = f"{self.error_message} [{fields}]" if fields else self.error_message
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.error_code} {self.error_type}: {said}{request} {self.advice}".strip()


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
