"""Model names on the wire, and what a model may be asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

REAL_TIME_MODEL: Final = "stt-rt-v5"
"""The current real-time name; clients written for Soniox send it or an alias."""

REAL_TIME_ALIASES: Final = (
    "stt-rt-v4",
    "stt-rt-v3",
    "stt-rt-v3-preview",
    "stt-rt-preview",
    "stt-rt-preview-v2",
)

_ASYNC_MODELS: Final = (
    "stt-async-v5",
    "stt-async-v4",
    "stt-async-v3",
    "stt-async-preview",
    "stt-async-preview-v1",
)

ASYNC_TWINS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(_ASYNC_MODELS, REAL_TIME_MODEL)
)
"""Names of models for files, each with the real-time name that belongs here."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model as a client sees it: its names and its capability flags."""

    id: str
    """The engine's name, such as ``moonshine-tiny``."""
    languages: tuple[str, ...]
    """Two-letter codes; the first is what language identification answers with."""
    aliases: tuple[str, ...] = ()
    """Other names under which clients may ask for it."""
    supports_language_hints_strict: bool = True
    supports_max_endpoint_delay: bool = True
    supports_endpoint_sensitivity: bool = True
    endpoint_latency_adjustment_max_level: int = 3
    """0 when the field is refused."""
    supports_translation: bool = False
    supports_speaker_diarization: bool = False
    """False: the option is accepted and has no effect, as a stream with one speaker would."""
    supports_context: bool = False
    """False: the option is accepted and has no effect."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it answers to."""
        return (self.id, *self.aliases)
