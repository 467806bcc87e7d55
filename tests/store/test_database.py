"""Where a store is, and how it fails: in time, and saying what to do."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from oyez.errors import StoreError, StoreUnavailableError
from oyez.store.base import Store
from oyez.store.database import parse_url
from oyez.store.location import data_folder, default_url, platform_data
from oyez.store.opening import open_store

from .postgres import PostgresServer, running

NOW = 1_800_000_000_000
SHORT_S = 0.3


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a" / "b"
    monkeypatch.setenv("OYEZ_DATA_DIR", str(folder))
    return folder


def test_without_a_url_it_is_a_file_in_the_data_folder_for_its_owner_alone(data_dir: Path) -> None:
    store = open_store()
    store.create_key("a", now_ms=NOW)
    files = sorted(path.name for path in data_dir.iterdir())
    assert files == ["oyez.db", "oyez.db-shm", "oyez.db-wal"]
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    for path in data_dir.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()
    assert [path.name for path in data_dir.iterdir()] == ["oyez.db"]


def test_the_data_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("OYEZ_DATA_DIR", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    home = Path("/home/ada")
    assert platform_data("linux", {}) == home / ".local/share"
    assert platform_data("linux", {"XDG_DATA_HOME": "/data"}) == Path("/data")
    assert platform_data("linux", {"XDG_DATA_HOME": "not/absolute"}) == home / ".local/share"
    assert platform_data("darwin", {}) == home / "Library/Application Support"
    assert platform_data("win32", {"LOCALAPPDATA": "/local"}) == Path("/local")
    assert platform_data("win32", {}) == home / "AppData/Local"
    assert data_folder() == platform_data(sys.platform, os.environ) / "oyez"
    monkeypatch.setenv("OYEZ_DATA_DIR", "~/kept")
    assert data_folder() == home / "kept"


def test_any_folder_has_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a?b c%20d#ü"
    monkeypatch.setenv("OYEZ_DATA_DIR", str(folder))
    open_store(default_url()).close()
    assert [path.name for path in folder.iterdir()] == ["oyez.db"]


def test_without_a_home_it_asks_for_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("OYEZ_DATA_DIR", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(StoreError, match="OYEZ_DATA_DIR"):
        open_store()


def test_a_store_in_memory_is_one_for_all_threads_and_ends_with_it() -> None:
    store = open_store("sqlite://")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.create_key(f"k{n}", now_ms=NOW), range(16)))
    assert len(store.list_keys()) == 16
    store.close()
    other = open_store("sqlite://")
    assert other.list_keys() == ()
    other.close()


def test_any_number_of_threads_may_use_a_store(store: Store) -> None:
    def use(number: int) -> bool:
        made = store.create_key(f"key {number}", now_ms=NOW)
        return store.find_key(made.secret, now_ms=NOW) == made.key

    with ThreadPoolExecutor(40) as pool:
        assert all(pool.map(use, range(120)))
    assert len(store.list_keys()) == 120


def test_a_store_that_is_there_says_so(store: Store) -> None:
    store.check()
    store.close()
    store.close()


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///x.db", "sqlite"),
        ("postgresql://u:p@h/d", "postgresql+psycopg"),
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg"),
    ],
)
def test_urls_are_taken_as_people_write_them(given: str, driver: str) -> None:
    assert parse_url(given).drivername == driver


@pytest.mark.parametrize(
    "given",
    ["mysql://u:hunter2@h/d", "nonsense:hunter2", "", "sqlite+x://", "sqlite:///file:x?uri=true"],
)
def test_other_urls_are_refused_without_their_password(given: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///FILE or postgresql://") as caught:
        open_store(given)
    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/oyez\.db.*OYEZ_DATA_DIR"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'oyez.db'}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database at all. " * 100)
    with pytest.raises(StoreUnavailableError, match="not a database"):
        open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("Not a database")


def test_a_locked_file_is_waited_for_no_longer_than_told(tmp_path: Path) -> None:
    path = tmp_path / "oyez.db"
    store = open_store(f"sqlite:///{path}", timeout_s=SHORT_S)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began_s = time.monotonic()
    with pytest.raises(StoreUnavailableError, match=r"database is locked.*Try again"):
        store.create_key("a", now_ms=NOW)
    assert SHORT_S * 0.9 < time.monotonic() - began_s < 20
    assert store.list_keys() == ()
    other.execute("COMMIT")
    other.close()
    store.create_key("a", now_ms=NOW)
    store.close()


def test_threads_wait_for_one_another_no_longer_than_told(tmp_path: Path) -> None:
    path = tmp_path / "oyez.db"
    store = open_store(f"sqlite:///{path}", timeout_s=SHORT_S)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    problems: list[str] = []

    def write() -> None:
        try:
            store.create_key("a", now_ms=NOW)
        except StoreUnavailableError as error:
            problems.append(str(error))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    other.close()
    assert len(problems) == 4
    assert any("other threads" in problem for problem in problems)
    store.close()


def test_a_locked_table_of_postgresql_is_waited_for_no_longer_than_told(
    postgres: PostgresServer,
) -> None:
    url = postgres.create("locked")
    store = open_store(url, timeout_s=SHORT_S)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE oyez_keys")
        with pytest.raises(StoreUnavailableError, match=r"(lock|statement) timeout"):
            store.create_key("a", now_ms=NOW)
    store.create_key("a", now_ms=NOW)
    store.close()


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://ada:hunter2@/oyez?host={tmp_path}"
    with pytest.raises(StoreUnavailableError, match="Is the server running") as caught:
        open_store(url, timeout_s=SHORT_S)
    assert "hunter2" not in str(caught.value) + repr(caught.value)
    assert "ada:***@" in str(caught.value)
    assert caught.value.__suppress_context__


def test_without_the_driver_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from oyez.store.opening import open_store\n"
        "open_store('postgresql://ada:hunter2@h/d')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith("Run: pip install 'oyez[postgres]'")
    assert "hunter2" not in done.stderr.splitlines()[-1]


def test_a_database_that_is_not_there_is_named(postgres: PostgresServer) -> None:
    with pytest.raises(StoreUnavailableError, match=r'database "nowhere" does not exist'):
        open_store(postgres.url("nowhere"))


def test_a_connection_that_broke_is_replaced(postgres: PostgresServer) -> None:
    url = postgres.create("broken")
    store = open_store(url)
    store.check()
    with psycopg.connect(postgres.url(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'broken'"
        )
    store.check()
    store.close()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server that a test may mistreat."""
    with running() as server:
        yield server


def test_a_server_that_freezes_is_waited_for_no_longer_than_told(
    own_postgres: PostgresServer,
) -> None:
    """Its sockets stay open and its own time limits stand still with it."""
    url = own_postgres.create("frozen")
    store = open_store(url, timeout_s=SHORT_S)
    store.check()
    with psycopg.connect(own_postgres.url()) as other:
        rows = other.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'frozen'").fetchall()
    frozen = [own_postgres.pid, *(pid for (pid,) in rows)]
    assert len(frozen) > 1
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        began_s = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            store.check()
        assert time.monotonic() - began_s < 30
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    store.check()
    store.close()
