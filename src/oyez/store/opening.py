"""How a store is opened. Loads SQLAlchemy, which the extra `server` brings."""

from typing import Final

from oyez.store.base import Store
from oyez.store.database import Database, parse_url
from oyez.store.migrate import bring_up_to_date
from oyez.store.records import DefaultLimits
from oyez.store.sql import SqlStore

DEFAULT_TIMEOUT_S: Final = 5.0


def open_store(
    url: str | None = None,
    *,
    defaults: DefaultLimits = DefaultLimits(),  # noqa: B008 - it is frozen
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Store:
    """Open a store, and make or change its tables if they are not those of this version.

    Args:
        url: ``sqlite:///FILE``, ``sqlite://`` for one in memory that ends with the process, or
            ``postgresql://USER:PASSWORD@HOST/DATABASE``. None is a file in the user's data folder.
        defaults: Limits where none are stored.
        timeout_s: How long a method may wait for the database. Opening may take longer while the
            tables are changed.

    Raises:
        StoreUnavailableError: The database cannot be reached, or refuses the work.
        StoreVersionError: A newer version of oyez has changed the tables.
        StoreError: The URL or the driver is not there, or the file cannot be made.
    """
    database = Database(parse_url(url), timeout_s=timeout_s)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, defaults)
