"""`oyez keys`: keys for a server's users, made, listed and revoked."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from oyez.cli.options import database_option
from oyez.cli.problems import Misuse, server_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from oyez.store.base import ApiKey, Store

PERMISSIONS: Final = (
    "full_access",
    "stt_real_time",
    "stt_async",
    "files",
    "tts_real_time",
    "voices",
    "usage_and_limits",
    "temporary_keys",
)
"""As `oyez.store.base.Permission` has them, which takes time to load."""
UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
ID_WIDTH: Final = 120
"""Terminals narrower than this are not shown the ids."""
PIPE_WIDTH: Final = 250


class Expiry(click.ParamType):  # type: ignore[type-arg]  # older clicks take no arguments
    """A time to live, such as 90d, or a day on which a key opens nothing any more."""

    name = "when"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | timedelta:
        """Return the moment, or how long until it."""
        text = str(value)
        try:
            if found := re.fullmatch(r"(\d{1,6})([mhd])", text):
                return timedelta(**{UNITS[found[2]]: int(found[1])})
            day = date.fromisoformat(text)
        except (ValueError, OverflowError):
            self.fail(
                f"{text!r} is no time: give one to live, such as 90d, 12h or 30m, "
                "or a day, such as 2027-01-31.",
                param,
                ctx,
            )
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON, for programs.",
)


@click.group()
def keys() -> None:
    """Make, list and revoke keys.

    They are kept in the database that `oyez serve` uses, and hold at once, without a restart.
    """


@keys.command()
@click.argument("name")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice(PERMISSIONS),
    default=("full_access",),
    envvar="OYEZ_KEY_PERMISSIONS",
    show_default=True,
    show_envvar=True,
    help="What the key may do. Can be given several times.",
)
@click.option(
    "--project",
    default="default",
    envvar="OYEZ_PROJECT",
    show_default=True,
    show_envvar=True,
    help="Whose usage and limits its streams count for. A new name makes a new project.",
)
@click.option(
    "--expires",
    type=Expiry(),
    envvar="OYEZ_KEY_EXPIRES",
    show_envvar=True,
    help="After a time, such as 90d, 12h or 30m, or on a day (UTC), such as 2027-01-31. "
    "Without it never.",
)
@database_option
@json_option
def create(
    *,
    name: str,
    permissions: tuple[str, ...],
    project: str,
    expires: datetime | timedelta | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Make a key called NAME and print it, this once.

    The database keeps a hash, from which nobody can find the key.
    """
    with _opened(database) as store:
        from oyez.store.base import Permission

        now_ms = _now_ms()
        made = store.create_key(
            name,
            now_ms=now_ms,
            permissions=[Permission(item) for item in permissions],
            project=project,
            expires_at_ms=_expires_at_ms(expires, now_ms),
        )
    if as_json:
        _print_json(_facts(made.key) | {"api_key": made.secret})
        return
    click.echo(made.secret)
    click.echo(
        "This is shown once: keep it where only its user can read it.\n"
        f"To end it: oyez keys revoke {made.key.hint}",
        err=True,
    )


@keys.command("list")
@click.option(
    "--all",
    "include_revoked",
    is_flag=True,
    help="Revoked keys too.",
)
@database_option
@json_option
def list_(*, include_revoked: bool, database: str | None, as_json: bool) -> None:
    """List the keys, the oldest first."""
    with _opened(database) as store:
        found = store.list_keys(include_revoked=include_revoked)
    if as_json:
        _print_json([_facts(key) for key in found])
        return
    if not found:
        click.echo("There is no key. Make one: oyez keys create NAME", err=True)
        return
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE_WIDTH)
    console.print(_table(found, has_ids=console.width >= ID_WIDTH))


@keys.command()
@click.argument("key")
@database_option
@json_option
def revoke(*, key: str, database: str | None, as_json: bool) -> None:
    """End a key, and the temporary keys that it made.

    KEY is its id, its name or its first characters, as `oyez keys list` shows them.
    Streams that are open go on.
    """
    with _opened(database) as store:
        chosen = _choose(store.list_keys(include_revoked=True), key)
        revoked = store.revoke_key(chosen.id, now_ms=_now_ms())
    if as_json:
        _print_json(_facts(revoked))
        return
    click.echo(f"Revoked {revoked.hint}… ({revoked.name}).", err=True)


@contextmanager
def _opened(database: str | None) -> "Iterator[Store]":
    with server_parts():
        from oyez.store.opening import open_store
    store = open_store(database)
    try:
        yield store
    finally:
        store.close()


def _choose(found: "Sequence[ApiKey]", given: str) -> "ApiKey":
    """Return the one key that is meant.

    Raises:
        Misuse: None is, or several are.
    """
    for key in found:
        if key.id == given:
            return key
    named = [key for key in found if given.rstrip("…") in (key.name, key.hint)]
    meant = [key for key in named if key.revoked_at_ms is None] or named
    if not meant:
        raise Misuse(
            "No key has this id, this name or these first characters. See: oyez keys list --all"
        )
    if len(meant) > 1:
        ids = "".join(f"\n  {key.id}  {key.hint}…  {key.name}" for key in meant)
        raise Misuse(f"Several keys are meant; give the id of one:{ids}")
    return meant[0]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _expires_at_ms(expires: datetime | timedelta | None, now_ms: int) -> int | None:
    if expires is None:
        return None
    if isinstance(expires, timedelta):
        return now_ms + int(expires.total_seconds()) * 1000
    return int(expires.timestamp()) * 1000


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def _facts(key: "ApiKey") -> dict[str, Any]:
    def told(time_ms: int | None) -> str | None:
        if time_ms is None:
            return None
        return _moment(time_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "permissions": sorted(key.permissions),
        "project": key.project,
        "created_at": told(key.created_at_ms),
        "expires_at": told(key.expires_at_ms),
        "revoked_at": told(key.revoked_at_ms),
    }


def _table(found: "Sequence[ApiKey]", *, has_ids: bool) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("key", no_wrap=True, style="cyan")
    for column in ("name", "project", "may"):
        table.add_column(column, overflow="fold")
    table.add_column("created (UTC)", no_wrap=True)
    table.add_column("ends (UTC)", no_wrap=True)
    if has_ids:
        table.add_column("id", no_wrap=True, style="dim")
    now_ms = _now_ms()
    for key in found:
        may = ", ".join(sorted(key.permissions)) or "nothing"
        cells = [f"{key.hint}…", key.name, key.project, may, _shown(key.created_at_ms)]
        ids = [key.id] if has_ids else []
        # As text, because a name may look like markup.
        row = [Text(cell) for cell in (*cells, _end(key), *ids)]
        table.add_row(*row, style="" if key.problem_at(now_ms) is None else "yellow")
    return table


def _shown(time_ms: int) -> str:
    return f"{_moment(time_ms):%Y-%m-%d %H:%M}"


def _end(key: "ApiKey") -> str:
    if key.revoked_at_ms is not None:
        return f"revoked {_shown(key.revoked_at_ms)}"
    return "never" if key.expires_at_ms is None else _shown(key.expires_at_ms)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
