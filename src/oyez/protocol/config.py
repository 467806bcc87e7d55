"""The session configuration: one definition for the SDK that sends it and the server that reads it.

Ranges and defaults are those of the Soniox real-time reference; docs/protocol.md lists them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from oyez.protocol.audio_formats import RAW_FORMATS, AudioFormat
from oyez.protocol.models import REAL_TIME_MODEL

MAX_ENDPOINT_DELAY_MS_DEFAULT: Final = 2000
MAX_CONTEXT_CHARACTERS: Final = 10_000
MIN_SAMPLE_RATE_HZ: Final = 1_000
MAX_SAMPLE_RATE_HZ: Final = 384_000
"""Beyond every recording format in use; a larger number is a mistake."""
MAX_NUM_CHANNELS: Final = 64


class StructuredContextGeneralItem(BaseModel):
    """One fact about the conversation, such as its domain or topic."""

    key: str
    value: str


class StructuredContextTranslationTerm(BaseModel):
    """A preferred translation."""

    source: str
    target: str


def _pairs(first: str, second: str) -> BeforeValidator:
    """Accept `{a: b}` where a list of `{first: a, second: b}` is meant."""

    def convert(value: Any) -> Any:  # noqa: ANN401 - whatever the caller gave
        if isinstance(value, Mapping):
            return [{first: key, second: item} for key, item in value.items()]
        return value

    return BeforeValidator(convert)


class StructuredContext(BaseModel):
    """What the model should know beforehand."""

    general: Annotated[list[StructuredContextGeneralItem] | None, _pairs("key", "value")] = None
    """Facts such as domain, topic or names; a dict is accepted too."""
    text: str | None = None
    """Longer background text."""
    terms: list[str] | None = None
    """Words that are likely to occur."""
    translation_terms: Annotated[
        list[StructuredContextTranslationTerm] | None, _pairs("source", "target")
    ] = None
    """Preferred translations; a dict is accepted too."""

    def character_count(self) -> int:
        """Return the characters of all parts together."""
        parts = [self.text or "", *(self.terms or ())]
        for item in self.general or ():
            parts += (item.key, item.value)
        for term in self.translation_terms or ():
            parts += (term.source, term.target)
        return sum(map(len, parts))


class TranslationConfig(BaseModel):
    """What to translate into what."""

    model_config = ConfigDict(extra="allow")

    type: Literal["one_way", "two_way"]
    target_language: str | None = None
    """One way: everything is translated into it."""
    language_a: str | None = None
    language_b: str | None = None

    @model_validator(mode="after")
    def _languages_are_given(self) -> Self:
        forms = (("target_language",), ("language_a", "language_b"))
        needed, unused = forms if self.type == "one_way" else reversed(forms)
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.type} translation needs {' and '.join(missing)}")
        for name in unused:
            setattr(self, name, None)
        return self


LanguageCode = Annotated[str, Field(min_length=2, max_length=2)]
"""A two-letter code of `oyez.protocol.languages.LANGUAGES`."""


class SessionFields(BaseModel):
    """The fields of a start message that describe the session."""

    model: str = REAL_TIME_MODEL
    """Model to use; ``stt-rt-v5`` is whatever the server offers as its current one."""
    audio_format: str = "auto"
    """``auto`` reads the header of a container; headerless audio must be named."""
    num_channels: int | None = Field(default=None, ge=1, le=MAX_NUM_CHANNELS)
    """Required for raw formats. Channels are mixed to one."""
    sample_rate: int | None = Field(default=None, ge=MIN_SAMPLE_RATE_HZ, le=MAX_SAMPLE_RATE_HZ)
    """In Hz. Required for raw formats."""
    language_hints: list[LanguageCode] | None = None
    """Languages to expect."""
    language_hints_strict: bool | None = None
    """Whether to write nothing but the hinted languages, as far as the model can."""
    context: StructuredContext | str | None = None
    """What the model should know beforehand; at most 10,000 characters."""
    enable_speaker_diarization: bool | None = None
    """Whether tokens say who speaks."""
    enable_language_identification: bool | None = None
    """Whether tokens say their language."""
    enable_endpoint_detection: bool | None = None
    """Whether an `<end>` token follows every utterance."""
    max_endpoint_delay_ms: int | None = Field(default=None, ge=500, le=3000)
    """Longest time from the end of speech to `<end>`; 2000 when unset."""
    endpoint_sensitivity: float | None = Field(default=None, ge=-1.0, le=1.0)
    """Above 0 ends utterances more readily, below 0 less; 0 when unset."""
    endpoint_latency_adjustment_level: int | None = Field(default=None, ge=0, le=3)
    """Each step ends utterances sooner, for slightly less accurate words; 0 when unset."""
    translation: TranslationConfig | None = None
    """What to translate into what."""
    client_reference_id: str | None = Field(default=None, max_length=256)
    """Your own name for this session."""

    def missing_layout_fields(self) -> tuple[str, ...]:
        """Return which of `sample_rate` and `num_channels` a raw format still lacks."""
        if self.audio_format not in RAW_FORMATS:
            return ()
        return tuple(
            name for name in ("sample_rate", "num_channels") if getattr(self, name) is None
        )


class RealtimeSTTConfig(SessionFields):
    """Configuration of a real-time transcription session.

    Raises:
        pydantic.ValidationError: A field is out of range, or a raw audio format lacks its rate
            or channel count. It is a `ValueError`.
    """

    audio_format: AudioFormat = "auto"
    """``auto`` reads the header of a container; headerless audio must be named."""

    @model_validator(mode="after")
    def _raw_formats_say_their_layout(self) -> Self:
        missing = self.missing_layout_fields()
        if missing:
            raise ValueError(
                f"audio_format {self.audio_format!r} has no header: set {' and '.join(missing)}"
            )
        return self
