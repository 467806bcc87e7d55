"""Limits, requests per minute, and the places of open streams."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from sqlalchemy import Connection, delete, func, insert, select, text

from oyez.store import schema
from oyez.store.base import LEASE_TTL_MS
from oyez.store.checks import check_project, check_range
from oyez.store.database import Database
from oyez.store.records import (
    Concurrency,
    DefaultLimits,
    Lease,
    LimitReached,
    LimitScope,
    ScopeLimits,
    ScopeUse,
)

ADMISSION_LOCK: Final = 0x6F79657A02
"""Number of PostgreSQL's advisory lock under which counts are compared with limits."""
MINUTE_MS: Final = 60_000
MINUTE_S: Final = 60
MAX_LIMIT: Final = 1_000_000
WHOLE_SERVER: Final = ""
"""Stands for all projects in the table of limits."""

Scopes: TypeAlias = tuple[tuple[LimitScope, ScopeLimits], ...]
"""The limits that hold for a stream, the whole server's first."""

_LIMITS: Final = schema.limits.c
_REQUESTS: Final = schema.requests.c
_LEASES: Final = schema.leases.c
_MINUTES: Final = schema.minutes.c


class Admission:
    """The part of `oyez.store.base.Store` that admits, whose docstrings hold here too."""

    _database: Database
    _defaults: DefaultLimits

    def set_limits(self, limits: ScopeLimits, *, project: str | None) -> None:
        """Store the limits of a project or of the whole server."""
        values = {
            name: None if value is None else check_range(name, value, 0, MAX_LIMIT)
            for name, value in (
                ("concurrent_sessions", limits.concurrent_sessions),
                ("requests_per_minute", limits.requests_per_minute),
            )
        }
        scope = WHOLE_SERVER if project is None else check_project(project)
        with self._database.writing() as connection:
            connection.execute(
                self._database.upsert(schema.limits)
                .values(project=scope, **values)
                .on_conflict_do_update(index_elements=[_LIMITS.project], set_=values)
            )

    def reset_limits(self, *, project: str | None) -> None:
        """Forget stored limits."""
        scope = WHOLE_SERVER if project is None else project
        with self._database.writing() as connection:
            connection.execute(delete(schema.limits).where(_LIMITS.project == scope))

    def limits(self, *, project: str | None) -> ScopeLimits:
        """Return the limits that hold."""
        with self._database.reading() as connection:
            of_project, of_server = self._limits(connection, project or WHOLE_SERVER)
        return of_server if project is None else of_project

    def admit(
        self, project: str, *, now_ms: int, ttl_ms: int = LEASE_TTL_MS
    ) -> Lease | LimitReached:
        """Count one request and take a place, or say which limit is reached."""
        check_project(project)
        lease = Lease(str(uuid.uuid4()), project, now_ms + ttl_ms)
        now_s = now_ms // 1000
        with self._database.writing() as connection:
            self._take_turns(connection)
            scopes = self._scopes(connection, project)
            reached = _requests_reached(connection, scopes, project, now_ms)
            reached = reached or _places_reached(connection, scopes, project, now_ms)
            if reached is not None:
                return reached
            connection.execute(
                self._database.upsert(schema.requests)
                .values(second=now_s, project=project, num_requests=1)
                .on_conflict_do_update(
                    index_elements=[_REQUESTS.second, _REQUESTS.project],
                    set_={"num_requests": _REQUESTS.num_requests + 1},
                )
            )
            connection.execute(insert(schema.leases), _lease_row(lease))
            self._note_peaks(connection, {project}, now_ms)
        return lease

    def renew_leases(
        self, leases: Iterable[Lease], *, now_ms: int, ttl_ms: int = LEASE_TTL_MS
    ) -> None:
        """Keep places."""
        held = tuple(leases)
        if not held:
            return
        upsert = self._database.upsert(schema.leases)
        with self._database.writing() as connection:
            self._take_turns(connection)
            connection.execute(
                upsert.on_conflict_do_update(
                    index_elements=[_LEASES.id],
                    set_={"expires_at_ms": upsert.excluded.expires_at_ms},
                ),
                [_lease_row(Lease(item.id, item.project, now_ms + ttl_ms)) for item in held],
            )
            self._note_peaks(connection, {item.project for item in held}, now_ms)

    def release_leases(self, leases: Iterable[Lease], *, now_ms: int) -> None:
        """Give places back."""
        held = tuple(leases)
        if not held:
            return
        with self._database.writing() as connection:
            self._take_turns(connection)
            self._note_peaks(connection, {item.project for item in held}, now_ms)
            connection.execute(
                delete(schema.leases).where(_LEASES.id.in_([item.id for item in held]))
            )

    def concurrency(self, project: str, *, now_ms: int) -> Concurrency:
        """Return what is open now."""
        with self._database.reading() as connection:
            of_project, of_server = self._limits(connection, project)
            return Concurrency(
                project=ScopeUse(_open(connection, project, now_ms), of_project),
                organization=ScopeUse(_open(connection, None, now_ms), of_server),
            )

    def _take_turns(self, connection: Connection) -> None:
        """Let one transaction at a time compare counts with limits. SQLite has one writer anyway.

        In PostgreSQL the statements after this one see what the transaction before committed.
        """
        if self._database.is_postgres:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:number)"), {"number": ADMISSION_LOCK}
            )

    def _limits(self, connection: Connection, project: str) -> tuple[ScopeLimits, ScopeLimits]:
        query = select(schema.limits).where(_LIMITS.project.in_([project, WHOLE_SERVER]))
        stored = {
            row.project: ScopeLimits(row.concurrent_sessions, row.requests_per_minute)
            for row in connection.execute(query)
        }
        return (
            stored.get(project, self._defaults.project),
            stored.get(WHOLE_SERVER, self._defaults.organization),
        )

    def _scopes(self, connection: Connection, project: str) -> Scopes:
        of_project, of_server = self._limits(connection, project)
        return (("organization", of_server), ("project", of_project))

    def _note_peaks(self, connection: Connection, projects: set[str], now_ms: int) -> None:
        """Raise the peaks of this minute, from which the history is made."""
        upsert = self._database.upsert(schema.minutes)
        statement = upsert.on_conflict_do_update(
            index_elements=[_MINUTES.project, _MINUTES.minute_ms],
            set_={"peak": upsert.excluded.peak},
            where=_MINUTES.peak < upsert.excluded.peak,
        )
        minute_ms = now_ms - now_ms % MINUTE_MS
        for project in sorted(projects):
            if count := _open(connection, project, now_ms):
                connection.execute(
                    statement, {"project": project, "minute_ms": minute_ms, "peak": count}
                )


def _requests_reached(
    connection: Connection, scopes: Scopes, project: str, now_ms: int
) -> LimitReached | None:
    for scope, limits in scopes:
        limit = limits.requests_per_minute
        if limit is None:
            continue
        counted = None if scope == "organization" else project
        seconds = _requests(connection, counted, now_ms // 1000)
        count = sum(number for _, number in seconds)
        if count >= limit:
            retry_after_ms = _room_after_ms(seconds, limit, now_ms)
            return LimitReached(scope, "requests_per_minute", limit, count, retry_after_ms)
    return None


def _places_reached(
    connection: Connection, scopes: Scopes, project: str, now_ms: int
) -> LimitReached | None:
    for scope, limits in scopes:
        limit = limits.concurrent_sessions
        if limit is None:
            continue
        count = _open(connection, None if scope == "organization" else project, now_ms)
        if count >= limit:
            return LimitReached(scope, "concurrent_sessions", limit, count, None)
    return None


def _open(connection: Connection, project: str | None, now_ms: int) -> int:
    query = select(func.count()).select_from(schema.leases).where(_LEASES.expires_at_ms > now_ms)
    if project is not None:
        query = query.where(_LEASES.project == project)
    return connection.execute(query).scalar_one()


def _requests(connection: Connection, project: str | None, now_s: int) -> Sequence[tuple[int, int]]:
    """Return seconds and their requests, as far back as 60 s before any moment of this second."""
    query = (
        select(_REQUESTS.second, func.sum(_REQUESTS.num_requests))
        .where(_REQUESTS.second >= now_s - MINUTE_S)
        .group_by(_REQUESTS.second)
        .order_by(_REQUESTS.second)
    )
    if project is not None:
        query = query.where(_REQUESTS.project == project)
    return [(second, int(number)) for second, number in connection.execute(query)]


def _room_after_ms(seconds: Sequence[tuple[int, int]], limit: int, now_ms: int) -> int | None:
    count = sum(number for _, number in seconds)
    for second, number in seconds:
        count -= number
        if count < limit:
            return (second + MINUTE_S + 1) * 1000 - now_ms
    return None


def _lease_row(lease: Lease) -> dict[str, object]:
    return {"id": lease.id, "project": lease.project, "expires_at_ms": lease.expires_at_ms}
