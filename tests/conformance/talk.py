"""What a client heard, held against the rules that every stream keeps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

END, FIN = "<end>", "<fin>"
MARKERS = (END, FIN)


@dataclass
class Talk:
    """The events of one stream, checked as they come."""

    events: list[Any] = field(default_factory=list)
    finals: list[Any] = field(default_factory=list)
    pending: list[Any] = field(default_factory=list)
    """The newest event's tokens that are not final."""
    guesses: list[str] = field(default_factory=list)
    """Texts of non-final tokens, event by event."""
    final_ms: int = 0
    total_ms: int = 0

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.finals if token.text not in MARKERS)

    @property
    def marked_text(self) -> str:
        return "".join(token.text for token in self.finals)

    @property
    def is_finished(self) -> bool:
        return bool(self.events) and self.events[-1].finished

    def count(self, marker: str) -> int:
        return sum(token.text == marker for token in self.finals)

    async def listen(self, session: Any, until: Callable[["Talk"], object] | None = None) -> "Talk":
        """Receive to the end of the stream, or until something is true of what was heard."""
        if until is None:
            async for event in session.receive_events():
                self.hear(event)
            return self
        while not until(self):
            event = await session.receive_event()
            assert event is not None, f"the stream ended after {self.marked_text!r}"
            self.hear(event)
        return self

    def hear(self, event: Any) -> None:
        assert not self.is_finished, "an event after the last one"
        assert event.error_code is None, event.error_message
        assert not {"error_code", "error_message"} & event.model_fields_set
        self._check_counters(event)
        self.events.append(event)
        flags = [token.is_final for token in event.tokens]
        assert flags == sorted(flags, reverse=True), "finals first"
        new = [token for token in event.tokens if token.is_final]
        self.pending = [token for token in event.tokens if not token.is_final]
        self.guesses.append("".join(token.text for token in self.pending))
        self._check_times(event, new)
        self.finals += new
        if event.finished:
            assert event.tokens == []
            assert event.final_audio_proc_ms == event.total_audio_proc_ms

    def _check_counters(self, event: Any) -> None:
        assert event.final_audio_proc_ms >= self.final_ms
        assert event.total_audio_proc_ms >= self.total_ms
        assert event.total_audio_proc_ms >= event.final_audio_proc_ms
        self.final_ms, self.total_ms = event.final_audio_proc_ms, event.total_audio_proc_ms

    def _check_times(self, event: Any, new: list[Any]) -> None:
        earlier = self.finals[-1:]
        for token in new:
            assert token.end_ms <= event.final_audio_proc_ms
        for token in (*new, *self.pending):
            assert token.text
            assert token.start_ms <= token.end_ms
            assert 0 < token.confidence <= 1
            if earlier:
                assert token.start_ms >= earlier[-1].end_ms, "times go back"
            if token.text in MARKERS:
                assert token.is_final
            elif not earlier:
                assert not token.text.startswith(" ")
            earlier = [token]


def utterances(talk: Talk, marker: str) -> list[str]:
    """The final text between markers; what follows the last one is the last item."""
    return [part.strip() for part in talk.marked_text.split(marker)]
