"""What arguments must be, and text that every database can hold."""

import re
from typing import Final

from oyez.errors import OyezValidationError

MAX_NAME: Final = 100
MAX_REFERENCE: Final = 256
_PROJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def storable(text: str) -> str:
    """Replace what a database cannot hold: PostgreSQL knows no NUL, UTF-8 no half characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def check_project(project: str) -> str:
    """Return the name.

    Raises:
        OyezValidationError: It is no project's name.
    """
    if not _PROJECT.fullmatch(project):
        raise OyezValidationError(
            f"{project[:80]!r} is no project's name: use 1 to 64 letters, digits, dots, hyphens "
            "and underscores, a letter or digit first."
        )
    return project


def check_range(name: str, value: int, lowest: int, highest: int) -> int:
    """Return the value.

    Raises:
        OyezValidationError: It is out of range.
    """
    if not lowest <= value <= highest:
        raise OyezValidationError(f"{name} must be {lowest} to {highest}, not {value}.")
    return value


def check_length(name: str, text: str, lowest: int, highest: int) -> str:
    """Return the text, as it can be stored.

    Raises:
        OyezValidationError: It is too long or too short.
    """
    if not lowest <= len(text) <= highest:
        raise OyezValidationError(
            f"{name} must have {lowest} to {highest} characters, not {len(text)}."
        )
    return storable(text)
