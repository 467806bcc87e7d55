"""Where the store is when nobody says: a file in the folder for a user's data."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from oyez.errors import StoreError

DATA_VARIABLE: Final = "OYEZ_DATA_DIR"
FILE_NAME: Final = "oyez.db"
MEMORY_URL: Final = "sqlite://"
"""A store that ends with its process and that no other process sees."""


def data_folder() -> Path:
    """Return where oyez keeps what it cannot make again.

    ``OYEZ_DATA_DIR``, or the platform's folder for a user's data.

    Raises:
        RuntimeError: Neither is known: the user has no home directory.
    """
    if given := os.environ.get(DATA_VARIABLE, "").strip():
        return Path(given).expanduser().absolute()
    return platform_data(sys.platform, os.environ) / "oyez"


def default_url() -> str:
    """Return the URL of the store's file in the folder for data.

    Raises:
        StoreError: There is no such folder: the user has no home directory.
    """
    try:
        folder = data_folder()
    except RuntimeError:
        raise StoreError(
            "(none)",
            "there is no home directory to keep it in. Set OYEZ_DATA_DIR to a folder, "
            "or OYEZ_DATABASE_URL.",
        ) from None
    return f"sqlite:///{quote(str(folder / FILE_NAME))}"


def platform_data(system: str, environ: Mapping[str, str]) -> Path:
    """Return the folder for the data of a user's programs on a platform.

    Raises:
        RuntimeError: The user has no home directory.
    """
    if system == "win32":
        local = environ.get("LOCALAPPDATA", "")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if system == "darwin":
        return Path.home() / "Library" / "Application Support"
    # XDG Base Directory Specification: relative paths are invalid and ignored.
    given = Path(environ.get("XDG_DATA_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "share"


def make_private(path: Path) -> None:
    """Create a file that its owner alone may read, and its folder; leave what is there as it is.

    SQLite gives its journals the permissions of the file.

    Raises:
        OSError: The folder or the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
