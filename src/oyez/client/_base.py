"""What sync and async sessions have word for word in common."""

from oyez.client._session import SessionBrain
from oyez.client.events import RealtimeEvent
from oyez.client.session_options import SessionOptions
from oyez.client.timings import DEFAULT_CONNECT_TIMEOUT_SEC, SessionTimings
from oyez.errors import OyezError, StreamAccount
from oyez.protocol.config import RealtimeSTTConfig


class SessionBase:
    """Arguments and read-only facts of a session. All of it may be read from any thread.

    Args:
        url: WebSocket address, used as it is.
        config: Configuration of the session.
        api_key: Sent in the Authorization header of the handshake, nowhere else.
        connect_timeout_sec: Longest wait for the handshake.
        timings: Every other wait.
        options: How it behaves.
    """

    def __init__(
        self,
        url: str,
        config: RealtimeSTTConfig,
        api_key: str,
        *,
        connect_timeout_sec: float = DEFAULT_CONNECT_TIMEOUT_SEC,
        timings: SessionTimings | None = None,
        options: SessionOptions | None = None,
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._connect_timeout_sec = connect_timeout_sec
        self._timings = timings or SessionTimings()
        self._brain = SessionBrain(config, options)

    @property
    def config(self) -> RealtimeSTTConfig:
        """The configuration of this session; with `raw_start` it was not sent."""
        return self._brain.config

    @property
    def paused(self) -> bool:
        """Whether audio is being dropped."""
        return self._brain.is_paused

    @property
    def last_message(self) -> RealtimeEvent | None:
        """The event received last, errors included."""
        return self._brain.last_message

    @property
    def is_open(self) -> bool:
        """Whether sending has a point: entered, and neither finished, failed nor closed."""
        return self._brain.is_open

    @property
    def error(self) -> OyezError | None:
        """What ended the session, once that is known; None for one that goes on or ended well."""
        return self._brain.failure

    def account(self) -> StreamAccount:
        """Return what was sent and received so far."""
        return self._brain.account()

    def parse_event(self, raw: str | bytes) -> RealtimeEvent:
        """Return the event in a message. Error events are returned, not raised.

        Raises:
            RemoteProtocolError: The message holds no event.
        """
        return RealtimeEvent.validate_event(raw)
