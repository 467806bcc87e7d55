"""Migrations lead from nothing to exactly the tables of this version, and no further."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Integer, create_engine, text
from sqlalchemy.pool import NullPool

from oyez.errors import StoreVersionError
from oyez.store.database import parse_url
from oyez.store.migrate import migrations
from oyez.store.opening import open_store
from oyez.store.schema import HEAD, VERSION_TABLE, metadata

from .postgres import PostgresServer


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(parse_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def differences(url: str) -> list[Any]:
    with connected(url) as connection:
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        return list(
            compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        )


def test_the_newest_migration_is_the_version_that_is_opened_without_alembic() -> None:
    script = ScriptDirectory.from_config(migrations())
    assert script.get_heads() == [HEAD]
    assert script.get_bases() == ["0001"]


def test_migrations_make_exactly_the_tables_of_the_metadata(empty_url: str) -> None:
    assert differences(empty_url)
    open_store(empty_url).close()
    assert differences(empty_url) == []
    with connected(empty_url) as connection:
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars()
        assert list(found) == [HEAD]


def test_a_column_without_a_migration_would_be_noticed(empty_url: str) -> None:
    """The test above can fail."""
    column: Column[int] = Column("surprise", Integer)
    open_store(empty_url).close()
    with connected(empty_url) as connection:
        connection.execute(text("ALTER TABLE oyez_keys ADD COLUMN surprise INTEGER"))
    ((kind, *_, found),) = differences(empty_url)
    assert (kind, found.name) == ("remove_column", column.name)


def test_a_database_is_opened_again_with_what_is_in_it(url: str) -> None:
    first = open_store(url)
    made = first.create_key("kept", now_ms=1)
    first.close()
    second = open_store(url)
    assert second.list_keys() == (made.key,)
    second.close()


def test_a_database_of_a_newer_version_is_left_alone(empty_url: str) -> None:
    open_store(empty_url).close()
    with connected(empty_url) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreVersionError, match=r"version 9999.*Upgrade oyez"):
        open_store(empty_url)
    assert differences(empty_url) == []


def test_the_tables_may_have_a_schema_of_their_own(postgres: PostgresServer) -> None:
    url = postgres.create("shared")
    with connected(url) as connection:
        connection.execute(text("CREATE SCHEMA ours"))
        connection.execute(text("CREATE TABLE oyez_keys (theirs INTEGER)"))
    store = open_store(url + "&options=-csearch_path%3Dours")
    store.create_key("a", now_ms=1)
    store.close()
    with connected(url) as connection:
        found = connection.execute(text("SELECT name FROM ours.oyez_keys")).scalars()
        assert list(found) == ["a"]


def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    # The last table that it makes is there already.
    blocker = "oyez_temporary_keys"
    with connected(empty_url) as connection:
        connection.execute(text(f"CREATE TABLE {blocker} (id INTEGER)"))
    with pytest.raises(Exception, match=blocker):
        open_store(empty_url)
    with connected(empty_url) as connection:
        connection.execute(text(f"DROP TABLE {blocker}"))
    assert len(differences(empty_url)) >= len(metadata.tables)
    open_store(empty_url).close()
    assert differences(empty_url) == []


def test_a_database_that_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'oyez.db'}"
    open_store(url).close()
    code = (
        "import sys; from oyez.store.opening import open_store\n"
        f"open_store({url!r}).close()\n"
        "print([name for name in ('alembic', 'mako', 'psycopg') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_the_records_and_the_interface_need_no_database_library() -> None:
    code = (
        "import sys\n"
        "for name in ('sqlalchemy', 'alembic', 'psycopg', 'sqlite3'): sys.modules[name] = None\n"
        "import oyez.store.base, oyez.store.records"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_sqlite_file_writes_ahead(tmp_path: Path) -> None:
    path = tmp_path / "oyez.db"
    open_store(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
