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


class OyezError(Exception):
    """Base of every exception oyez raises."""


class OyezValidationError(OyezError, ValueError):
    """An argument was refused before anything was sent."""


class OyezRealtimeError(OyezError):
    """A real-time session failed."""


class OyezConnectError(OyezRealtimeError):
    """No session was opened.

    Attributes:
        url: The address that was tried.
        reason: What went wrong, in words.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(url, reason)

    def __str__(self) -> str:
        return (
            f"Could not open a session at {self.url}: {self.reason}. "
            "Is the server running? Start one with `oyez serve`, or set OYEZ_BASE_URL."
        )


class OyezConnectionLostError(OyezRealtimeError):
    """The socket closed before the server said `finished`.

    Attributes:
        close_code: WebSocket close code, or None when the transport broke without one.
        audio_bytes_sent: Audio bytes handed to the socket.
        messages_received: Messages received before the loss.
        final_audio_proc_ms: Audio whose tokens are final, in milliseconds; a new session
            that resends everything after it loses nothing.
    """

    def __init__(
        self,
        *,
        close_code: int | None,
        audio_bytes_sent: int,
        messages_received: int,
        final_audio_proc_ms: int,
    ) -> None:
        self.close_code = close_code
        self.audio_bytes_sent = audio_bytes_sent
        self.messages_received = messages_received
        self.final_audio_proc_ms = final_audio_proc_ms
        super().__init__(close_code, audio_bytes_sent, messages_received, final_audio_proc_ms)

    def __str__(self) -> str:
        how = "without a close frame" if self.close_code is None else f"with code {self.close_code}"
        return (
            f"The connection closed {how} before the stream was finished "
            f"({self.audio_bytes_sent} audio bytes sent, {self.messages_received} messages "
            f"received, audio is final up to {self.final_audio_proc_ms} ms). "
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
    """

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

    advice = "Set OYEZ_API_KEY to the key that the server was started with, or pass api_key=."


class OyezPermissionDeniedError(OyezServerError):
    """403: the key may not do this, or its session time is over."""

    advice = "Use a key that has this permission, or fetch a new temporary key."


class OyezQuotaError(OyezServerError):
    """402 or 429: a limit was reached."""

    advice = "Wait, close other sessions, or raise the limit."


class OyezTimeoutError(OyezServerError):
    """408: nothing came from the client for too long."""

    advice = "Send audio or keep_alive() at least every 20 seconds."


class OyezMaxDurationError(OyezServerError):
    """413: the stream reached its longest duration."""

    advice = "Open a new session for the audio that follows."


class OyezUnavailableError(OyezServerError):
    """500 or 503: the server failed or has no room."""

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
