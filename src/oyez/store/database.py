"""A database: connections, transactions that end in time, and errors that say what to do."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import URL, Connection, Engine, QueuePool, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeoutError,
)

from oyez.errors import StoreError, StoreUnavailableError
from oyez.store.location import default_url, make_private

Upsert: TypeAlias = postgresql.Insert | sqlite.Insert

POOL_SIZE: Final = 5
MAX_OVERFLOW: Final = 10
"""Connections beyond the pool's when many threads ask at once; those are closed afterwards."""
WRITES: Final = "oyez_writes"
"""Execution option of connections whose transactions take SQLite's one write lock at once."""
INSTALL_POSTGRES: Final = "pip install 'oyez[postgres]'"


def parse_url(given: str | None) -> URL:
    """Return where a database is; None is the file in the user's data folder.

    Raises:
        StoreError: The URL is of another database, or cannot be read; or there is no such folder.
    """
    if given is None:
        given = default_url()
    try:
        url = make_url(given)
    except ArgumentError:
        # The text may hold a password.
        raise StoreError("(unknown)", f"its URL cannot be read. {_URL_FORMS}") from None
    match url.drivername:
        case "sqlite" if not (url.database or "").startswith("file:"):
            return url
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return url.set(drivername="postgresql+psycopg")
        case other:
            name = url.render_as_string(hide_password=True)
            raise StoreError(name, f"there is no support for {other!r} here. {_URL_FORMS}")


_URL_FORMS: Final = "Use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."


class Database:
    """A pool of connections to one database. Any thread may use it.

    Args:
        url: From `parse_url`.
        timeout_s: How long a method may wait: for a connection of the pool, for the server to
            answer, for a lock, for a statement.

    Raises:
        StoreError: The driver is not installed, or the file's folder cannot be made.
    """

    def __init__(self, url: URL, *, timeout_s: float) -> None:
        self.url = url
        self.name = url.render_as_string(hide_password=True)
        self.timeout_s = timeout_s
        self.is_postgres = url.get_backend_name() == "postgresql"
        self._write_lock = threading.Lock()
        self._engine = self._connect_postgres() if self.is_postgres else self._connect_sqlite()
        self._writer = self._engine.execution_options(**{WRITES: True})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads.

        Raises:
            StoreUnavailableError: The database did not do it.
        """
        with self._explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes: all of it happens, or nothing.

        On SQLite it holds the write lock from its beginning (`BEGIN IMMEDIATE`): a transaction
        that reads first and then wants to write may find that it cannot, and no wait would help.

        Raises:
            StoreUnavailableError: The database did not do it.
        """
        with self._turn(), self._explained(), self._writer.begin() as connection:
            yield connection

    def use_write_ahead_log(self) -> None:
        """Let readers and a writer of an SQLite file work side by side. The file remembers it.

        SQLite refuses the change while another process is just making it, and does not wait.

        Raises:
            StoreUnavailableError: The file stayed locked, or cannot be read.
        """
        deadline_s = time.monotonic() + self.timeout_s
        while True:
            with self._explained():
                connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("PRAGMA journal_mode")
                if cursor.fetchall() == [("delete",)]:
                    cursor.execute("PRAGMA journal_mode = WAL")
            except sqlite3.Error as error:
                if time.monotonic() > deadline_s or "locked" not in str(error):
                    raise StoreUnavailableError(self.name, self._remedy(str(error))) from None
            else:
                return
            finally:
                connection.close()
            time.sleep(0.02)

    def upsert(self, table: Table) -> Upsert:
        """Return an INSERT that can say what to do ON CONFLICT."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._engine.dispose()

    def _connect_sqlite(self) -> Engine:
        path = self.url.database
        is_file = path not in (None, "", ":memory:")
        if is_file:
            try:
                make_private(Path(path or ""))
            except OSError as error:
                raise StoreError(
                    self.name,
                    f"its file cannot be made: {error.strerror}. Set OYEZ_DATA_DIR to a folder "
                    "that this user may write to, or OYEZ_DATABASE_URL.",
                ) from None
        engine = create_engine(
            self.url,
            connect_args={"timeout": self.timeout_s, "check_same_thread": False},
            poolclass=QueuePool,
            # A database in memory is its connection.
            pool_size=POOL_SIZE if is_file else 1,
            max_overflow=MAX_OVERFLOW if is_file else 0,
            pool_timeout=self.timeout_s,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _connect_postgres(self) -> Engine:
        limit_ms = round(self.timeout_s * 1000)
        bounds = {
            "statement_timeout": limit_ms,
            "lock_timeout": limit_ms,
            # A process that stalls must not hold locks that others wait for.
            "idle_in_transaction_session_timeout": 2 * limit_ms,
        }
        given = self.url.query.get("options", "")
        settings = [f"-c {name}={value}" for name, value in bounds.items()]
        arguments = {
            "options": " ".join([*settings, given if isinstance(given, str) else " ".join(given)]),
            # libpq takes whole seconds, at least two.
            "connect_timeout": max(2, round(self.timeout_s)),
            "tcp_user_timeout": 2 * limit_ms,
            "application_name": "oyez",
        }
        try:
            engine = create_engine(
                self.url.difference_update_query(["options"]),
                connect_args={k: v for k, v in arguments.items() if k not in self._given()},
                poolclass=QueuePool,
                pool_size=POOL_SIZE,
                max_overflow=MAX_OVERFLOW,
                pool_timeout=self.timeout_s,
                # The server may have been restarted since a connection was used.
                pool_pre_ping=True,
                hide_parameters=True,
            )
            from oyez.store.postgres import bound_waits  # noqa: PLC0415 - needs the driver
        except ImportError:
            raise StoreError(
                self.name, f"PostgreSQL's driver is not installed. Run: {INSTALL_POSTGRES}"
            ) from None
        bound_waits(engine, limit_s=2 * self.timeout_s)
        return engine

    def _given(self) -> set[str]:
        return set(self.url.query) - {"options"}

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the threads of this process write to SQLite one by one.

        SQLite itself lets them try again after growing pauses, and the unlucky wait long.
        """
        if self.is_postgres:
            yield
            return
        if not self._write_lock.acquire(timeout=self.timeout_s):
            raise StoreUnavailableError(
                self.name,
                f"other threads have been writing for {self.timeout_s:g} s. Try again; if it "
                "stays so, the disk is too slow for this load.",
            )
        try:
            yield
        finally:
            self._write_lock.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError:
            raise StoreUnavailableError(
                self.name,
                f"all connections were in use for {self.timeout_s:g} s. "
                "Try again; if it stays so, the database is too slow for this load.",
            ) from None
        except (DataError, IntegrityError) as error:
            # Not the database's fault, and the same again will fail again.
            said = _first_line(error)
            raise StoreError(self.name, f"it refused a value: {said}.") from None
        except DBAPIError as error:
            raise StoreUnavailableError(self.name, self._remedy(_first_line(error))) from None
        except sqlite3.Error as error:
            # From `_prepare_sqlite`, outside of SQLAlchemy's own wrapping.
            raise StoreUnavailableError(self.name, self._remedy(str(error))) from None
        except SQLAlchemyError as error:
            raise StoreUnavailableError(self.name, type(error).__name__) from error

    def _remedy(self, said: str) -> str:
        if self.is_postgres:
            remedy = "Is the server running, is the URL right, and may this user do it?"
        elif "locked" in said:
            remedy = (
                f"Another program has kept the file locked for {self.timeout_s:g} s. "
                "Try again when it is done."
            )
        else:
            remedy = "Is there room on the disk, and may this user write to the file?"
        return f"{said}. {remedy}"


def _first_line(error: DBAPIError) -> str:
    # Later lines may quote values.
    return (str(error.orig).strip().splitlines() or [str(type(error.orig))])[0]


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # The driver would begin transactions where it thinks fit; `_begin_sqlite` does instead.
    connection.isolation_level = None
    cursor: Any = connection.cursor()
    # Every commit is on the disk before it is believed: a revoked key stays revoked and a used
    # one used, even if the power fails.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
