"""How commands fail: one line on standard error that says what to do, and an exit code.

Exit codes: 1 something is missing, went wrong or was interrupted; 2 the command was given wrongly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from oyez.errors import EngineNotFoundError, OyezError, OyezValidationError

INSTALL_SERVER = "pip install 'oyez[server]'"
INSTALL_MIC = "pip install 'oyez[mic]'"


class Problem(click.ClickException):
    """A failure; its message says what is wrong and what to do about it."""


class Misuse(Problem):
    """A command that was given wrongly."""

    exit_code = 2


def as_problem(error: OyezError) -> Problem:
    """Return the problem that an exception of oyez's stands for."""
    match error:
        case EngineNotFoundError():
            return Misuse(f"{error} See `oyez models`.")
        case OyezValidationError():
            return Misuse(str(error))
        case _:
            return Problem(str(error))


class Group(click.Group):
    """Commands whose failures, as far as they are oyez's own, end in one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; click prints a problem and ends the process with its code."""
        try:
            return super().invoke(ctx)
        except OyezError as error:
            raise as_problem(error) from None


@contextmanager
def server_parts() -> Iterator[None]:
    """Explain a missing package among imports that need the extra `server`."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "oyez").partition(".")[0] == "oyez":
            raise
        missing_server_part(error.name or "")


def missing_server_part(package: str) -> NoReturn:
    """Say how to install the server.

    Raises:
        Problem: Always.
    """
    raise Problem(
        f"This command needs the server, and its part {package!r} is not installed. "
        f"Run: {INSTALL_SERVER}"
    ) from None
