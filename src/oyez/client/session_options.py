"""How a session behaves, besides its configuration and its waits."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from oyez.client.frames import RawStart
from oyez.client.utterances import SpeechStart, Utterance
from oyez.errors import OyezValidationError

OnSpeechStart: TypeAlias = Callable[[SpeechStart], object]
OnUtterance: TypeAlias = Callable[[Utterance], object]


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Arguments of `connect` that every session of both kinds has.

    Raises:
        OyezValidationError: A callback cannot be called, or is a coroutine function.
    """

    raise_errors: bool = True
    """Whether receiving raises error frames and losses; otherwise error frames are events, and
    iteration ends when the socket closes."""
    on_speech_start: OnSpeechStart | None = None
    on_endpoint: OnUtterance | None = None
    on_finalized: OnUtterance | None = None
    raw_start: RawStart | None = None
    """First frame in place of one made from the configuration."""

    def __post_init__(self) -> None:
        for name in ("on_speech_start", "on_endpoint", "on_finalized"):
            callback = getattr(self, name)
            if callback is None:
                continue
            if not callable(callback) or inspect.iscoroutinefunction(callback):
                raise OyezValidationError(
                    f"{name} must be a plain function, not {callback!r}. It is called between "
                    "two messages and must not wait: start a task, or use receive_utterances()."
                )
