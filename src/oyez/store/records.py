"""The values that a store takes and gives. All times are milliseconds since 1970 in UTC."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

DEFAULT_PROJECT: Final = "default"

UsageType = Literal["transcribe_websocket", "tts_rt"]
"""What a temporary key may be used for."""
UsageOrder = Literal["end_time_asc", "end_time_desc"]
HistoryPeriod = Literal[60, 3600, 86400]
"""Seconds of one entry of the history of concurrent streams."""
LimitScope = Literal["organization", "project"]
"""The whole server, or one project."""
LimitName = Literal["concurrent_sessions", "requests_per_minute"]


class Permission(StrEnum):
    """What a key may do."""

    FULL_ACCESS = "full_access"
    """Everything, also what later versions add."""
    STT_REAL_TIME = "stt_real_time"
    STT_ASYNC = "stt_async"
    FILES = "files"
    TTS_REAL_TIME = "tts_real_time"
    VOICES = "voices"
    USAGE_AND_LIMITS = "usage_and_limits"
    TEMPORARY_KEYS = "temporary_keys"


class KeyProblem(StrEnum):
    """Why a secret opens nothing."""

    UNKNOWN = "unknown"
    """No key has this secret, or it was purged long after it expired."""
    EXPIRED = "expired"
    REVOKED = "revoked"
    """The key, or the key that made this temporary key, was revoked."""
    USED = "used"
    """A single-use key that has opened its stream."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without its secret."""

    id: str
    """A UUID; names the key in logs and in `oyez keys revoke`."""
    name: str
    hint: str
    """The first characters of the secret, to recognise it by."""
    permissions: frozenset[Permission]
    project: str
    created_at_ms: int
    expires_at_ms: int | None = None
    """None: never."""
    revoked_at_ms: int | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the key has this permission, by name or by full access."""
        return permission in self.permissions or Permission.FULL_ACCESS in self.permissions

    def problem_at(self, now_ms: int) -> KeyProblem | None:
        """Why the key opens nothing at that time; None when it does."""
        if self.revoked_at_ms is not None:
            return KeyProblem.REVOKED
        if self.expires_at_ms is not None and now_ms >= self.expires_at_ms:
            return KeyProblem.EXPIRED
        return None


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key and the only copy of its secret."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TemporaryKey:
    """A key that another key made for one use or a short time, without its secret."""

    id: str
    usage_type: UsageType
    project: str
    api_key_id: str | None
    """The key that made it; None when that was the server's own key, which is not in the store."""
    created_at_ms: int
    expires_at_ms: int
    """Limits opening a stream only; a running stream goes on."""
    single_use: bool = False
    client_reference_id: str | None = None
    max_session_duration_s: int | None = None
    """From connect, for each stream."""
    used_at_ms: int | None = None
    """When a single-use key was claimed."""


@dataclass(frozen=True, slots=True)
class CreatedTemporaryKey:
    """A new temporary key and the only copy of its secret."""

    key: TemporaryKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One finished stream."""

    uuid: str
    """The stream's request id."""
    model: str
    start_ms: int
    end_ms: int
    project: str = DEFAULT_PROJECT
    request_scope: str = "api"
    """`api`, or `playground` for the server's own page."""
    client_reference_id: str = ""
    """Empty without one. At most 256 characters."""
    input_text_tokens: int = 0
    input_audio_tokens: int = 0
    input_audio_duration_ms: int = 0
    output_text_tokens: int = 0
    output_audio_tokens: int = 0
    output_audio_duration_ms: int = 0
    api_key_id: str | None = None
    """The key, or for a temporary one the key that made it; None for the server's own."""


@dataclass(frozen=True, slots=True)
class UsagePage:
    """Some of the usage records, in order."""

    records: tuple[UsageRecord, ...]
    next_cursor: str | None
    """Where the next page begins; None when there is none."""


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What one model did on one UTC day, by the time the streams ended."""

    day_start_ms: int
    model: str
    num_requests: int
    duration_ms: int
    """Open time: the streams' ends less their starts."""
    input_text_tokens: int
    input_audio_tokens: int
    input_audio_duration_ms: int
    output_text_tokens: int
    output_audio_tokens: int
    output_audio_duration_ms: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Concurrent streams in one period.

    The slots of a minute are the minute, of an hour its minutes, of a day its hours; the value of
    a slot is the most streams that were open at a time in it.
    """

    period_start_ms: int
    period_s: HistoryPeriod
    sample_min: int
    """Always 0, as in the protocol."""
    sample_max: int
    sample_sum: int
    sample_count: int
    """Slots in which a stream was open."""
    total_count: int
    """Slots of the period: 1, 60, 24; 0 in a period without any stream, as in the protocol."""


@dataclass(frozen=True, slots=True)
class ScopeLimits:
    """The limits of one project or of the whole server. None: no limit."""

    concurrent_sessions: int | None = None
    requests_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class DefaultLimits:
    """What holds where no limits were stored."""

    organization: ScopeLimits = ScopeLimits()
    project: ScopeLimits = ScopeLimits()
    """For each project."""


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A refusal: which limit, whose, and when to try again."""

    scope: LimitScope
    limit_name: LimitName
    limit: int
    current: int
    retry_after_ms: int | None
    """When the minute has room again; None for concurrent sessions, whose end nobody knows."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The place of one open stream in the counts. It lapses unless it is renewed."""

    id: str
    project: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class ScopeUse:
    """Open streams of one scope, and its limits."""

    concurrent_sessions: int
    limits: ScopeLimits


@dataclass(frozen=True, slots=True)
class Concurrency:
    """What is open now, by every process on this store."""

    project: ScopeUse
    organization: ScopeUse
