"""The REST API's requests and answers: one definition for the SDK and for the server.

Names and ranges are those of the Soniox REST reference, so that programs written for it find the
same fields here. Times are in UTC and are written with a ``Z``; amounts of money are decimal texts,
and 0 on a server of one's own.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

MAX_REFERENCE_CHARACTERS: Final = 256
MAX_TEMPORARY_KEY_LIFE_S: Final = 3_600
MAX_TEMPORARY_SESSION_S: Final = 18_000
MAX_PAGE: Final = 1_000
MAX_USAGE_LOGS_WINDOW: Final = timedelta(days=31)
MAX_USAGE_LOGS_AGE: Final = timedelta(days=91)
"""How long ago a window of usage logs may begin."""
MAX_USAGE_SUMMARY_WINDOW: Final = timedelta(days=366)
MAX_MINUTES_WINDOW: Final = timedelta(days=7)
"""Longest history of streams in periods of a minute."""
MAX_HISTORY_WINDOW: Final = timedelta(days=366)
"""Longest history of streams in periods of an hour or a day."""

TemporaryApiKeyUsageType = Literal["transcribe_websocket", "tts_rt"]
"""What a temporary key opens. Only ``transcribe_websocket`` opens anything on this server."""
TranscriptionMode = Literal["real_time", "async"]
UsageLogsSort = Literal["end_time_asc", "end_time_desc"]
ConcurrentStreamKind = Literal["stt", "tts"]
ConcurrentStreamsPeriodSec = Literal[60, 3600, 86400]

_DATE_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)


def _is_iso(value: Any) -> Any:  # noqa: ANN401 - whatever the caller gave
    """Refuse what is a time to pydantic and not to ISO 8601, such as a bare number."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_TIME.fullmatch(value)):
        return value
    raise ValueError("a time must be ISO 8601 in UTC, such as 2026-01-31T12:00:00Z")


def _number(value: Any) -> Any:  # noqa: ANN401
    """Read a number from the text of a query, which a `Literal` does not."""
    return int(value) if value in ("60", "3600", "86400") else value


def _whole(value: Any) -> Any:  # noqa: ANN401
    """Read 60.0 as what it is in JSON: an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999 in UTC") from None


UtcTime = Annotated[
    datetime,
    BeforeValidator(_is_iso),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time in UTC. Read from ISO 8601; without a zone it is taken to be in UTC."""


class ApiErrorValidationError(BaseModel):
    """One field of a request that is wrong."""

    error_type: str
    """A word for the kind of mistake, such as ``missing`` or ``less_than_equal``."""
    location: str
    """Where, with dots: ``body.payload.expires_in_seconds``, ``query.payload.limit``."""
    message: str


class ApiError(BaseModel):
    """The body of every answer that is not a success."""

    status_code: int
    """The HTTP status."""
    error_type: str
    """A stable name to branch on; the page `/errors` of the server lists them."""
    message: str
    validation_errors: list[ApiErrorValidationError] = Field(default_factory=list)
    """Everything that is wrong with the request's fields; empty for other errors."""
    request_id: str | None = None
    """Names the request in the server's log."""
    more_info: str | None = None
    """Address of a page that explains the type."""


class CreateTemporaryApiKeyPayload(BaseModel):
    """Body of `POST /v1/auth/temporary-api-key`."""

    usage_type: TemporaryApiKeyUsageType
    expires_in_seconds: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=1, le=MAX_TEMPORARY_KEY_LIFE_S
    )
    """How long streams can be opened with the key; a stream that is open goes on."""
    client_reference_id: str | None = Field(default=None, max_length=MAX_REFERENCE_CHARACTERS)
    """Goes to the usage log, in place of what a start message says."""
    single_use: bool | None = None
    """Whether the key opens one stream only."""
    max_session_duration_seconds: Annotated[int | None, BeforeValidator(_whole)] = Field(
        default=None, ge=1, le=MAX_TEMPORARY_SESSION_S
    )
    """Longest stream, counted from the opening of its socket."""


class CreateTemporaryApiKeyResponse(BaseModel):
    """A new temporary key; it is told this once."""

    api_key: str
    expires_at: UtcTime
    """From when on it opens no more streams."""


class SupportedLanguage(BaseModel):
    """A language that a model hears."""

    code: str
    name: str
    """In English."""


class TranslationTarget(BaseModel):
    """A language that a model translates into."""

    target_language: str
    source_languages: list[str]
    exclude_source_languages: list[str]


class Model(BaseModel):
    """A name that a start message may ask for, and what stands behind it."""

    id: str
    aliased_model_id: str | None = None
    """The model that is meant, when this is another name for it."""
    name: str
    context_version: int | None
    """2 when the model uses a context; None when it accepts one without effect."""
    transcription_mode: TranscriptionMode
    languages: list[SupportedLanguage]
    supports_language_hints_strict: bool
    supports_max_endpoint_delay: bool = False
    supports_endpoint_sensitivity: bool = False
    supports_endpoint_latency_adjustment: bool = False
    endpoint_latency_adjustment_max_level: int = 0
    """Highest `endpoint_latency_adjustment_level`; 0 when the field is refused."""
    supports_speaker_diarization: bool = False
    """Whether tokens can say who speaks. This server's own field."""
    translation_targets: list[TranslationTarget]
    two_way_translation_pairs: list[str]
    one_way_translation: str | None
    """``all_languages``, or None."""
    two_way_translation: str | None
    """``all_languages``, or None."""


class GetModelsResponse(BaseModel):
    """Answer of `GET /v1/models`."""

    models: list[Model]


class GetUsageLogsPayload(BaseModel):
    """Query of `GET /v1/usage-logs`."""

    start_time: UtcTime
    """Entries that ended at this time or later; at most 91 days ago."""
    end_time: UtcTime
    """Entries that ended before this time; at most 31 days after `start_time`."""
    limit: int = Field(default=MAX_PAGE, ge=1, le=MAX_PAGE)
    sort: UsageLogsSort = "end_time_asc"
    cursor: str | None = Field(default=None, max_length=512)
    """`next_page_cursor` of the page before; empty for the first."""


class UsageLogEntry(BaseModel):
    """One stream that has ended."""

    uuid: str
    """The stream's name, as `request_id` in its errors and in the log."""
    request_scope: str
    """``api``, or ``playground`` for the server's own page."""
    client_reference_id: str
    """Of the temporary key or the start message; empty when neither has one."""
    model: str
    start_time: UtcTime
    end_time: UtcTime
    input_text_tokens: int
    input_audio_tokens: int
    input_audio_duration_ms: int
    output_text_tokens: int
    output_audio_tokens: int
    output_audio_duration_ms: int
    cost_usd: str
    input_cost_usd: str
    input_text_cost_usd: str
    input_audio_cost_usd: str
    output_cost_usd: str
    output_text_cost_usd: str
    output_audio_cost_usd: str


class GetUsageLogsResponse(BaseModel):
    """Answer of `GET /v1/usage-logs`."""

    usage_logs: list[UsageLogEntry]
    next_page_cursor: str | None = None
    """For the next page; None on the last."""


class GetUsageSummaryPayload(BaseModel):
    """Query of `GET /v1/usage/summary`."""

    start_time: UtcTime
    end_time: UtcTime
    """Not included; at most 366 days after `start_time`. Days that the window touches count."""


class UsageSummaryEntry(BaseModel):
    """Usage by day, of one model or of all.

    Every list has one item for each of `days`.
    """

    model: str | None
    """None for all models together."""
    days: list[date]
    """In UTC, ascending, none left out."""
    total_cost_usd: str
    total_input_cost_usd: str
    total_output_cost_usd: str
    total_duration_cost_usd: str
    cost_usd: list[str]
    input_cost_usd: list[str]
    output_cost_usd: list[str]
    duration_cost_usd: list[str]
    total_num_requests: int
    total_input_text_tokens: int
    total_input_audio_tokens: int
    total_input_audio_duration_ms: int
    total_output_text_tokens: int
    total_output_audio_tokens: int
    total_output_audio_duration_ms: int
    total_duration_ms: int
    num_requests: list[int]
    input_text_tokens: list[int]
    input_audio_tokens: list[int]
    input_audio_duration_ms: list[int]
    output_text_tokens: list[int]
    output_audio_tokens: list[int]
    output_audio_duration_ms: list[int]
    duration_ms: list[int]


class GetUsageSummaryResponse(BaseModel):
    """Answer of `GET /v1/usage/summary`."""

    total: UsageSummaryEntry
    models: list[UsageSummaryEntry]
    """One entry for each model that was used."""


class ConcurrencyCurrentValues(BaseModel):
    """Streams that are open."""

    transcribe_concurrent: int
    tts_concurrent: int
    """Always 0 on this server."""


class ConcurrencyLimitValues(BaseModel):
    """Streams that may be open at a time; None is no limit."""

    transcribe_concurrent: int | None
    tts_concurrent: int | None


class ConcurrencyScopeValues(BaseModel):
    """Streams of a project, or of the whole server."""

    current: ConcurrencyCurrentValues
    limits: ConcurrencyLimitValues


class GetConcurrencyLimitsResponse(BaseModel):
    """Answer of `GET /v1/concurrency-limits`."""

    project: ConcurrencyScopeValues
    """The project of the key."""
    organization: ConcurrencyScopeValues
    """The whole server."""


class GetConcurrentStreamsHistoryPayload(BaseModel):
    """Query of `GET /v1/concurrent-streams-history`."""

    start_time: UtcTime
    end_time: UtcTime
    """Not included; at most 7 days after `start_time` for periods of 60 s, 366 for others."""
    period_sec: Annotated[ConcurrentStreamsPeriodSec, BeforeValidator(_number)]
    kind: ConcurrentStreamKind


class ConcurrentStreamsHistoryEntry(BaseModel):
    """How many streams were open at a time in one period.

    All numbers are 0 in a period in which no stream was open.
    """

    period_start: UtcTime
    """A multiple of `period_sec` since 1970."""
    period_sec: int
    sample_min: int
    """Always 0: it is known when streams were open, not that some were all the time."""
    sample_max: int
    """Most streams at a time."""
    sample_sum: int
    """Sum of the most streams at a time of each slot in which one was open."""
    sample_count: int
    """Slots in which a stream was open; ``sample_sum / sample_count`` is a mean."""
    total_count: int
    """Slots of the period: 1 minute, 60 minutes, or 24 hours; 0 when no stream was open."""


class GetConcurrentStreamsHistoryResponse(BaseModel):
    """Answer of `GET /v1/concurrent-streams-history`."""

    kind: ConcurrentStreamKind
    entries: list[ConcurrentStreamsHistoryEntry]
    """Ascending; every period that begins in the window is there."""
