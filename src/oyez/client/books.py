"""What a session has sent and received, kept for its account."""

from collections.abc import Callable

from oyez.client.durations import Meter, meter_for
from oyez.client.events import RealtimeEvent, Token
from oyez.client.utterances import MARKERS, Finals
from oyez.errors import AudioError, OyezValidationError, StreamAccount
from oyez.protocol.config import RealtimeSTTConfig
from oyez.protocol.messages import Audio, ClientMessage, End, Finalize
from oyez.protocol.tokens import TOKEN_TEXT_FIN


class Books:
    """Counts of one stream.

    Args:
        config: Says how long audio lasts.
        finals: All final tokens of the stream.
        clock: Returns the time in seconds, on any clock that never goes back.
    """

    def __init__(
        self, config: RealtimeSTTConfig, finals: Finals, clock: Callable[[], float]
    ) -> None:
        self._finals = finals
        self._clock = clock
        self._meter = _meter(config)
        self._audio_bytes = 0
        self._audio_s = 0.0
        self._finalizes = 0
        self._is_finish_pending = False
        self._messages = 0
        self._heard_s: float | None = None
        self._text: list[str] = []
        self._guesses: tuple[Token, ...] = ()
        self._final_ms = 0
        self._total_ms = 0
        self._request_id: str | None = None

    def opened(self, request_id: str | None) -> None:
        """Note what the server's handshake calls this stream."""
        self._request_id = request_id

    def sent(self, message: ClientMessage) -> None:
        """Note a message that goes to the socket now."""
        match message:
            case Audio(data):
                self._audio_bytes += len(data)
                self._measure(data)
            case Finalize():
                self._finalizes += 1
            case End():
                self._is_finish_pending = True

    def heard_something(self) -> None:
        """Note a message, whatever it is."""
        self._messages += 1
        self._heard_s = self._clock()

    def heard(self, event: RealtimeEvent) -> None:
        """Note the event in a message."""
        if event.error_code is None:
            self._guesses = tuple(token for token in event.tokens if not token.is_final)
        for token in event.tokens:
            if not token.is_final:
                continue
            if token.text not in MARKERS:
                self._text.append(token.text)
            elif token.text == TOKEN_TEXT_FIN and self._finalizes:
                self._finalizes -= 1
        self._final_ms = event.final_audio_proc_ms or self._final_ms
        self._total_ms = event.total_audio_proc_ms or self._total_ms
        self._request_id = event.request_id or self._request_id
        if event.finished:
            self._is_finish_pending = False

    def account(self) -> StreamAccount:
        """Return all of it."""
        return StreamAccount(
            audio_bytes_sent=self._audio_bytes,
            audio_sent_ms=None if self._meter is None else int(self._audio_s * 1000),
            final_audio_proc_ms=self._final_ms,
            total_audio_proc_ms=self._total_ms,
            messages_received=self._messages,
            seconds_since_message=None if self._heard_s is None else self._clock() - self._heard_s,
            final_text="".join(self._text),
            final_tokens=self._finals.tokens(),
            non_final_tokens=self._guesses,
            finalizes_pending=self._finalizes,
            is_finish_pending=self._is_finish_pending,
            request_id=self._request_id,
        )

    def _measure(self, data: bytes) -> None:
        if self._meter is None:
            return
        try:
            self._audio_s = self._meter.push(data)
        except AudioError:  # a container that does not tell
            self._meter = None


def _meter(config: RealtimeSTTConfig) -> Meter | None:
    try:
        return meter_for(config.audio_format, config.sample_rate, config.num_channels)
    except OyezValidationError:
        return None
