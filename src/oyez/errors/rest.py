"""How requests of the REST API fail besides the ways that they share with sessions."""

from oyez.errors.base import NextStep
from oyez.errors.realtime import OyezRealtimeError, OyezServerError


class OyezNotFoundError(OyezServerError):
    """404: nothing has this name, or the server has no such call."""

    advice = "Check the id, and the server's address and version."


class OyezConflictError(OyezServerError):
    """409: the state of the thing does not allow this now."""

    next_step = NextStep.WAIT
    advice = "Wait until the state has changed."


class OyezRequestError(OyezRealtimeError):
    """A request of the REST API got no answer.

    Attributes:
        method: Such as ``GET``.
        url: The address that was asked.
        reason: What went wrong, in words.
        was_sent: Whether the server may have done what was asked: False when there was no
            connection to send it over.
        is_timeout: Whether the time was over.
    """

    def __init__(
        self,
        method: str,
        url: str,
        reason: str,
        *,
        was_sent: bool,
        is_timeout: bool = False,
        next_step: NextStep = NextStep.RETRY_NOW,
    ) -> None:
        self.method = method
        self.url = url
        self.reason = reason
        self.was_sent = was_sent
        self.is_timeout = is_timeout
        self.next_step = next_step
        super().__init__(method, url, reason)

    def __str__(self) -> str:
        doubt = " The server may have done it all the same." if self.was_sent else ""
        return (
            f"No answer to {self.method} {self.url}: {self.reason}.{doubt} "
            "Is the server running? Start one with `oyez serve`, or set OYEZ_BASE_URL."
        )
