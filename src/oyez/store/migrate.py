"""Brings a database to the tables of this version, however many processes open it at once."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, text

from oyez.errors import StoreVersionError
from oyez.store.database import Database
from oyez.store.schema import HEAD, VERSION_TABLE

MIGRATION_TIMEOUT_S: Final = 120.0
"""How long opening may wait for a migration, its own or that of another process."""
MIGRATION_LOCK: Final = 0x6F79657A01
"""Number of PostgreSQL's advisory lock that one migration holds at a time."""
FOLDER: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database) -> None:
    """Make or change the tables, if they are not those of this version.

    Raises:
        StoreVersionError: A newer version of oyez has changed the tables.
        StoreUnavailableError: The database cannot be reached, or refused the work.
    """
    if not database.is_postgres:
        database.use_write_ahead_log()
    with database.reading() as connection:
        if _revision(connection) == HEAD:
            return
    patient = database
    if database.url.database not in (None, "", ":memory:"):
        patient = Database(database.url, timeout_s=MIGRATION_TIMEOUT_S)
    try:
        _migrate(patient)
    finally:
        if patient is not database:
            patient.close()


def _migrate(database: Database) -> None:
    # 0.3 s and 10 MB that are needed only here.
    from alembic import command  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = migrations()
    script = ScriptDirectory.from_config(config)
    with database.writing() as connection:
        if database.is_postgres:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK}
            )
        # Another process may have done it while this one waited.
        revision = _revision(connection)
        if revision == HEAD:
            return
        if revision is not None:
            try:
                script.get_revision(revision)
            except CommandError:
                raise StoreVersionError(
                    database.name,
                    f"its tables are of version {revision}, which this oyez does not know; it "
                    f"knows {HEAD} and older. Upgrade oyez, or use another database.",
                ) from None
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def migrations() -> Any:  # noqa: ANN401 - alembic.config.Config, which is not loaded for a type
    """Return Alembic's configuration for the migrations of this package."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # Alembic interpolates `%` as ConfigParser does.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(
        text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    ).scalar_one_or_none()
    return found
