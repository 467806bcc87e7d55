"""The store in SQLite or PostgreSQL."""

from typing import Final

from sqlalchemy import Column, Table, delete, select, text, tuple_

from oyez.store.admission import MINUTE_S, Admission
from oyez.store.base import MAX_PURGED
from oyez.store.database import Database
from oyez.store.history import History
from oyez.store.keys import Keys
from oyez.store.records import DefaultLimits
from oyez.store.schema import leases, minutes, requests, temporary_keys, usage
from oyez.store.usage import DAY_MS, Usage

RETENTION_MS: Final = 400 * DAY_MS
"""A summary may reach back 366 days, and asks for whole days."""


PURGE_STEP: Final = 1000


class SqlStore(Keys, Usage, Admission, History):
    """What `oyez.store.base.Store` says, on a database whose tables are there."""

    def __init__(self, database: Database, defaults: DefaultLimits) -> None:
        self._database = database
        self._defaults = defaults

    def purge(self, *, now_ms: int, max_rows: int = MAX_PURGED) -> int:
        """Remove what nobody can ask for any more."""
        return sum(
            self._purge(table, column, before, max_rows)
            for table, column, before in (
                (temporary_keys, temporary_keys.c.expires_at_ms, now_ms - DAY_MS),
                (leases, leases.c.expires_at_ms, now_ms),
                (requests, requests.c.second, now_ms // 1000 - MINUTE_S),
                (minutes, minutes.c.minute_ms, now_ms - RETENTION_MS),
                (usage, usage.c.end_ms, now_ms - RETENTION_MS),
            )
        )

    def check(self) -> None:
        """Ask the database whether it is there."""
        with self._database.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def _purge(self, table: Table, column: Column[int], before: int, max_rows: int) -> int:
        """Delete old rows in transactions of a few, so that nobody waits for long."""
        key = tuple_(*table.primary_key.columns)
        removed = 0
        while removed < max_rows:
            number = min(PURGE_STEP, max_rows - removed)
            old = select(*table.primary_key.columns).where(column < before).limit(number)
            with self._database.writing() as connection:
                if table is leases:
                    self._take_turns(connection)
                deleted = connection.execute(delete(table).where(key.in_(old))).rowcount
            removed += deleted
            if deleted < number:
                break
        return removed
