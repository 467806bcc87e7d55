"""Each test gets a store of its own, once in SQLite and once in PostgreSQL."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oyez.store import schema
from oyez.store.base import Store
from oyez.store.opening import open_store

from .postgres import PostgresServer, running

BACKENDS = ("sqlite", "postgresql")
NUMBERS = itertools.count()
READY = "oyez_ready"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return a running PostgreSQL server, whose database `oyez_ready` has the tables."""
    with running() as server:
        open_store(server.create(READY)).close()
        yield server


@pytest.fixture(params=BACKENDS)
def empty_url(request: Any, tmp_path: Path) -> str:
    """Return where a database is that nobody has opened yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'oyez.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create(f"empty_{next(NUMBERS)}")


@pytest.fixture(scope="session")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file that has the tables."""
    path = tmp_path_factory.mktemp("ready") / "oyez.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=BACKENDS)
def url(request: Any, tmp_path: Path, ready_file: Path) -> str:
    """Return where a database with the tables, and nothing in them, is."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(ready_file, tmp_path)}"
    server: PostgresServer = request.getfixturevalue("postgres")
    server.empty(READY, [table.name for table in reversed(schema.metadata.sorted_tables)])
    return server.url(READY)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an open store."""
    opened = open_store(url)
    yield opened
    opened.close()
