"""How the store fails: keys, usage and limits in a database."""

from oyez.errors.base import OyezError


class StoreError(OyezError):
    """The store could not do what it was asked.

    Attributes:
        database: Its URL without the password.
        problem: What is wrong, in a sentence or two, with what to do.
    """

    def __init__(self, database: str, problem: str) -> None:
        self.database = database
        self.problem = problem
        super().__init__(database, problem)

    def __str__(self) -> str:
        return f"The store {self.database}: {self.problem}"


class StoreUnavailableError(StoreError):
    """The database did not answer in time, cannot be reached, or refused the work."""


class StoreVersionError(StoreError):
    """The database was made by another version of oyez, or is not oyez's."""


class KeyNotFoundError(StoreError, LookupError):
    """No key has this id."""


class InvalidCursorError(StoreError, ValueError):
    """A cursor is none of this store's, or belongs to another query."""
