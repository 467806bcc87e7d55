"""What a session sent and received, which a lost connection carries."""

from dataclasses import dataclass
from typing import Protocol


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
