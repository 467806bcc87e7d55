"""A PostgreSQL server of Debian's package, started for tests and gone with them."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PACKAGED = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")
"""Whom the server may run as where the tests run as root, which PostgreSQL refuses."""
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
SETTINGS = {
    "listen_addresses": "",
    # Nothing here has to survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Nor is there time for work in the background.
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_connections": "250",
    "shared_buffers": "32MB",
}


class PostgresSetupError(Exception):
    """The tests need PostgreSQL, and it is not there or does not start."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server."""

    folder: Path
    """Where its socket is."""
    pid: int
    """Its first process; its parent is a test's process."""

    def url(self, database: str = "postgres") -> str:
        """Return where a database is."""
        return f"postgresql://oyez@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        """Make a database and return where it is. It costs seven megabytes."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
        return self.url(database)

    def empty(self, database: str, tables: Iterable[str]) -> None:
        """Remove all rows, and first all sessions that may hold locks."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            for table in tables:
                connection.execute(f"DELETE FROM {table}".encode())


def program(name: str) -> Path:
    """Return where a program of PostgreSQL's is, of the newest version."""
    versions = sorted(PACKAGED.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1]
    found = shutil.which(name)
    if found is None:
        raise PostgresSetupError(f"{name} is missing: run `make postgres`, which installs it.")
    return Path(found)


@contextmanager
def running() -> Iterator[PostgresServer]:
    """Start a server in a folder of its own, without a port, and stop it in the end."""
    # A socket's path may have 107 characters, and root's temporary folders are closed to others.
    folder = Path(tempfile.mkdtemp(prefix="oyez-pg-"))
    try:
        user = _owner()
        if user is not None:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        with (folder / "log").open("w") as log:
            command = [program("initdb"), "-D", data, "-U", "oyez", "-A", "trust", "-E", "UTF8"]
            _run([*command, "--locale=C.UTF-8", "--no-sync"], user, log.fileno())
            options = [f"--{name}={value}" for name, value in SETTINGS.items()]
            server = subprocess.Popen(
                [program("postgres"), "-D", data, "-k", folder, *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                **_as(user),
            )
            try:
                found = PostgresServer(folder, server.pid)
                _wait_until_ready(found, server)
                yield found
            finally:
                _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str | None:
    if os.getuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise PostgresSetupError(f"As root this needs one of the users {', '.join(UNPRIVILEGED)}.")


def _as(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _run(command: list[object], user: str | None, log: int) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        timeout=START_TIMEOUT_S,
        check=False,
        **_as(user),
    )
    os.write(log, done.stdout)
    if done.returncode:
        raise PostgresSetupError(f"{command[0]} failed: {done.stdout.decode()}")


def _wait_until_ready(found: PostgresServer, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(found.url(), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            log = (found.folder / "log").read_text()
            if server.poll() is not None or time.monotonic() > deadline_s:
                raise PostgresSetupError(f"PostgreSQL did not start: {error}\n{log}") from None
            time.sleep(0.02)
        else:
            return


def _stop(server: subprocess.Popen[bytes]) -> None:
    # SIGQUIT ends it at once: nobody needs what is not on the disk yet.
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(STOP_TIMEOUT_S)
