"""The client for threads."""

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from oyez.client.frames import RawStart
from oyez.client.options import checked_config, checked_key, checked_seconds
from oyez.client.rest_client import RestClient
from oyez.client.session_options import OnSpeechStart, OnUtterance, SessionOptions
from oyez.client.sync_session import RealtimeSTTSession
from oyez.client.timings import DEFAULT_CONNECT_TIMEOUT_SEC, SessionTimings
from oyez.protocol.config import RealtimeSTTConfig


class OyezClient(RestClient):
    """A server as seen from a program with threads. Can be shared by all of them.

    Args:
        api_key: The server's key; OYEZ_API_KEY when left out.
        base_url: The server's address, such as ``https://speech.example``; OYEZ_BASE_URL when
            left out, and ``ws://127.0.0.1:8484`` without that.
        websocket_base_url: Complete address of the real-time endpoint, used as it is.
        api_base_url: Complete address of the REST API. Of the two complete addresses each is
            made from the other when only one is given, and no `base_url`.
        timeout_sec: Longest wait for a REST call, retries included; 30 when left out.
        max_retries: How often a REST call is made again, when that is safe.

    Raises:
        OyezValidationError: The key is missing, or something is malformed.
    """

    @cached_property
    def realtime(self) -> "RealtimeAPI":
        """Real-time endpoints."""
        return RealtimeAPI(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class RealtimeAPI:
    """Namespace `client.realtime`."""

    def __init__(self, client: OyezClient) -> None:
        self._client = client

    @cached_property
    def stt(self) -> "RealtimeSTTClient":
        """Real-time speech to text."""
        return RealtimeSTTClient(self._client)


class RealtimeSTTClient:
    """Namespace `client.realtime.stt`."""

    def __init__(self, client: OyezClient) -> None:
        self._client = client

    def connect(
        self,
        *,
        config: RealtimeSTTConfig | Mapping[str, Any],
        api_key: str | None = None,
        connect_timeout_sec: float = DEFAULT_CONNECT_TIMEOUT_SEC,
        timings: SessionTimings | None = None,
        raise_errors: bool = True,
        on_speech_start: OnSpeechStart | None = None,
        on_endpoint: OnUtterance | None = None,
        on_finalized: OnUtterance | None = None,
        raw_start: RawStart | None = None,
    ) -> RealtimeSTTSession:
        """Return a session; entering it in a `with` block opens the socket.

        Args:
            config: Configuration of the session, or a dict of its fields.
            api_key: Key of this session instead of the client's.
            connect_timeout_sec: Longest wait for the handshake.
            timings: Every other wait.
            raise_errors: Whether the receiving calls raise error frames and lost connections.
                False is the official SDK's way: error frames are events with an `error_code`, and
                iteration ends when the socket closes, however it closes.
            on_speech_start: Called with the first word of each utterance.
            on_endpoint: Called with each utterance that an `<end>` ends.
            on_finalized: Called with what each `<fin>` ends; it may be nothing.
            raw_start: First frame in place of one made from `config`, sent as it is and not
                checked: a dict for JSON, or a str or bytes. For tests and for finding faults.

        The callbacks are called by the thread that receives, before it gets the event. They must
        not block: nothing is received meanwhile. What one raises, the receiving call raises;
        receive again to go on.

        Raises:
            OyezValidationError: An argument is wrong.
        """
        return RealtimeSTTSession(
            self._client.websocket_base_url,
            checked_config(config),
            checked_key(api_key or self._client.api_key),
            connect_timeout_sec=checked_seconds("connect_timeout_sec", connect_timeout_sec),
            timings=timings,
            options=SessionOptions(
                raise_errors=raise_errors,
                on_speech_start=on_speech_start,
                on_endpoint=on_endpoint,
                on_finalized=on_finalized,
                raw_start=raw_start,
            ),
        )
