"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeAlias

import click

DEFAULT_MODEL = "moonshine"

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def model_option(*, default: str | None, note: str) -> Decorator:
    """Return the option `--model`."""
    return click.option(
        "--model",
        default=default,
        envvar="OYEZ_MODEL",
        show_default=default is not None,
        show_envvar=True,
        metavar="NAME",
        help=note,
    )


url_option: Decorator = click.option(
    "--url",
    envvar="OYEZ_BASE_URL",
    show_envvar=True,
    metavar="URL",
    help="A running server, such as ws://127.0.0.1:8484. Without it the command starts its own.",
)

api_key_option: Decorator = click.option(
    "--api-key",
    envvar="OYEZ_API_KEY",
    show_envvar=True,
    metavar="KEY",
    help="The running server's key. Better in the environment: other users see arguments.",
)

language_option: Decorator = click.option(
    "--language",
    "languages",
    multiple=True,
    envvar="OYEZ_LANGUAGE",
    show_envvar=True,
    metavar="CODE",
    help="Expect this language (two letters). Can be given several times.",
)


def limit_option(name: str, variable: str, help_text: str) -> Decorator:
    """Return an option that bounds something; without it nothing is bounded."""
    return click.option(
        name,
        type=click.IntRange(1),
        default=None,
        envvar=variable,
        show_default="no limit",
        show_envvar=True,
        metavar="COUNT",
        help=help_text,
    )


database_option: Decorator = click.option(
    "--database",
    envvar="OYEZ_DATABASE_URL",
    show_default="a file of SQLite among your data",
    show_envvar=True,
    metavar="URL",
    help="The server's: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
)
