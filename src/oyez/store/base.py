"""What a store does, and the records it deals in.

Times are milliseconds since 1970 in UTC and always arguments, `now_ms`: a store reads no clock.
Processes that share a store must have clocks that agree within a second or so.

Methods are synchronous and may be called by any thread. Each is one transaction, or a few where it
says so, and waits for the database no longer than the store's `timeout_s`. Each may raise:

- `oyez.errors.StoreUnavailableError`: the database did not answer in time or cannot be reached;
  nothing was changed, except where a commit's answer was lost. Trying again later may help.
- `oyez.errors.StoreError` itself: the database refused a value. The same again fails again.

Secrets are stored as SHA-256 of what the client presents. A slow hash, as passwords need, would
add nothing: a secret has 160 random bits, so nobody can try them all whatever one trial costs,
and each request has to be checked.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from oyez.store.records import (
    DEFAULT_PROJECT,
    ApiKey,
    Concurrency,
    CreatedKey,
    CreatedTemporaryKey,
    DefaultLimits,
    HistoryEntry,
    HistoryPeriod,
    KeyProblem,
    Lease,
    LimitReached,
    LimitScope,
    Permission,
    ScopeLimits,
    TemporaryKey,
    UsageDay,
    UsageOrder,
    UsagePage,
    UsageRecord,
    UsageType,
)

__all__ = [
    "DEFAULT_PROJECT",
    "LEASE_TTL_MS",
    "MAX_PURGED",
    "ApiKey",
    "Concurrency",
    "CreatedKey",
    "CreatedTemporaryKey",
    "DefaultLimits",
    "HistoryEntry",
    "HistoryPeriod",
    "KeyProblem",
    "Lease",
    "LimitReached",
    "LimitScope",
    "Permission",
    "ScopeLimits",
    "Store",
    "TemporaryKey",
    "UsageDay",
    "UsageOrder",
    "UsagePage",
    "UsageRecord",
    "UsageType",
]

LEASE_TTL_MS: Final = 30_000
"""How long a crashed process's streams are still counted. Renew every third of it."""

MAX_PURGED: Final = 10_000
"""Rows of a kind that one purge removes: every 5 min, enough for 30 temporary keys a second."""


class Store(Protocol):
    """Keys, temporary keys, usage, limits and counts."""

    # Keys

    def create_key(
        self,
        name: str,
        *,
        now_ms: int,
        permissions: Iterable[Permission] = (Permission.FULL_ACCESS,),
        project: str = DEFAULT_PROJECT,
        expires_at_ms: int | None = None,
    ) -> CreatedKey:
        """Make a key.

        Args:
            name: For people, 1 to 100 characters; need not be unique.
            now_ms: The time.
            permissions: At least one.
            project: 1 to 64 letters, digits, dots, hyphens and underscores, a letter or digit
                first. A project exists by being named.
            expires_at_ms: When it stops to open anything; None for never.

        Raises:
            OyezValidationError: An argument is out of range.
        """

    def list_keys(self, *, include_revoked: bool = False) -> Sequence[ApiKey]:
        """Return all keys, the oldest first; expired ones too."""

    def revoke_key(self, key_id: str, *, now_ms: int) -> ApiKey:
        """Make a key, and every temporary key it made, open nothing any more, from now on.

        Streams that are open go on. A key that was revoked before keeps its first time.

        Raises:
            KeyNotFoundError: There is no key with this id.
        """

    def find_key(self, secret: str, *, now_ms: int) -> ApiKey | TemporaryKey | KeyProblem:
        """Return the key with this secret if it may be used now, or why not.

        A single-use key that is found is not used up: that is what `claim_temporary_key` does.
        Any string is a legal secret; long ones cost only their hash.
        """

    # Temporary keys

    def create_temporary_key(
        self,
        *,
        now_ms: int,
        usage_type: UsageType,
        expires_in_s: int,
        creator: ApiKey | None = None,
        project: str = DEFAULT_PROJECT,
        client_reference_id: str | None = None,
        single_use: bool = False,
        max_session_duration_s: int | None = None,
    ) -> CreatedTemporaryKey:
        """Make a temporary key. Its secret is a token of RFC 7230: legal as a subprotocol.

        Whether the creator has the permissions is the caller's to check.

        Args:
            now_ms: The time.
            usage_type: What it is for.
            expires_in_s: 1 to 3600. The key lives no longer than its creator.
            creator: The key that was presented; None for the server's own key.
            project: Where there is no creator. With one its project counts.
            client_reference_id: At most 256 characters; put into the usage record.
            single_use: Whether it opens one stream only.
            max_session_duration_s: 1 to 18000, or None for no limit of its own.

        Raises:
            OyezValidationError: An argument is out of range.
        """

    def claim_temporary_key(self, key_id: str, *, now_ms: int) -> bool:
        """Use a single-use key up. Of all who ever try, on all machines, exactly one gets True.

        Call it last: once the start message is known to be good and the stream has its lease.
        Then no failure before it uses the key up, there is nothing to give back, and a process
        that crashes on the way leaves a key that works. On False release the lease and refuse
        the stream with `unauthenticated`.

        The key's expiry is not asked again: it was found when it was valid. For a key that is
        not single-use the answer is True, always.
        """

    # Usage

    def record_usage(self, record: UsageRecord) -> None:
        """Keep the record of a finished stream. A `uuid` that is known already is left as it is.

        Raises:
            OyezValidationError: The stream ends before it starts, or a count is negative.
        """

    def usage_page(
        self,
        project: str,
        *,
        start_ms: int,
        end_ms: int,
        limit: int = 1000,
        order: UsageOrder = "end_time_asc",
        cursor: str | None = None,
    ) -> UsagePage:
        """Return records of streams that ended at or after `start_ms` and before `end_ms`.

        Args:
            project: Whose.
            start_ms: First end time.
            end_ms: The end of the window, not in it.
            limit: 1 to 1000.
            order: By end time; streams that ended in the same millisecond by uuid.
            cursor: `next_cursor` of the page before, with the same other arguments; None and the
                empty string begin.

        Raises:
            InvalidCursorError: The cursor is none of this store's, or belongs to another query.
            OyezValidationError: The limit is out of range.
        """

    def usage_summary(self, project: str, *, start_ms: int, end_ms: int) -> Sequence[UsageDay]:
        """Sum up streams that ended in the window, a row for each day and model that has any.

        Rows are in order of day, then of model.
        """

    def concurrency_history(
        self, project: str, *, start_ms: int, end_ms: int, period_s: HistoryPeriod
    ) -> Sequence[HistoryEntry]:
        """Return every period that starts in the window, in order, idle ones as zeros.

        Periods are aligned to multiples of `period_s`. Peaks are exact as long as leases are
        renewed at least once a minute.

        Raises:
            OyezValidationError: The window has more than 11000 periods (a week of minutes is
                10080), or ends before it starts.
        """

    # Limits

    def set_limits(self, limits: ScopeLimits, *, project: str | None) -> None:
        """Store the limits of a project, or with None those of the whole server.

        Raises:
            OyezValidationError: A limit is negative, or the project's name is not legal.
        """

    def reset_limits(self, *, project: str | None) -> None:
        """Forget stored limits, so that the defaults that the store was opened with hold again."""

    def limits(self, *, project: str | None) -> ScopeLimits:
        """Return the limits that hold for a project, or with None for the whole server."""

    def admit(
        self, project: str, *, now_ms: int, ttl_ms: int = LEASE_TTL_MS
    ) -> Lease | LimitReached:
        """Count one request and take a place for its stream, or say which limit is reached.

        The limits of requests are looked at first, and of each kind the whole server's. In no 60
        seconds are more requests admitted than the limit, and never more streams, whoever else
        tries at the same time on any machine. What is refused counts nowhere, so that a client that
        tries too often is not kept out for ever.
        """

    def renew_leases(
        self, leases: Iterable[Lease], *, now_ms: int, ttl_ms: int = LEASE_TTL_MS
    ) -> None:
        """Keep places. Call it for all streams of a process at once, every third of the TTL.

        A lease that has lapsed meanwhile counts again, even above the limit: its stream runs.
        """

    def release_leases(self, leases: Iterable[Lease], *, now_ms: int) -> None:
        """Give places back. Those that have lapsed are no error."""

    def concurrency(self, project: str, *, now_ms: int) -> Concurrency:
        """Return what is open now in a project and in all, and the limits."""

    # Care

    def purge(self, *, now_ms: int, max_rows: int = MAX_PURGED) -> int:
        """Remove what nobody can ask for any more, at most `max_rows` of each kind.

        Temporary keys a day after they expired, lapsed leases, counts of past minutes, history
        and usage records after 400 days. Call it every few minutes.

        Returns:
            How many rows were removed.
        """

    def check(self) -> None:
        """Ask the database whether it is there, for a health page.

        Raises:
            StoreUnavailableError: It is not.
        """

    def close(self) -> None:
        """Close all connections. Calling it again does nothing."""
