"""`oyez serve`: a server in the foreground."""

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from oyez.cli.options import DEFAULT_MODEL, limit_option, model_option
from oyez.cli.problems import Misuse, Problem, server_parts

if TYPE_CHECKING:
    import socket

    from oyez.server.settings import Settings

DEFAULT_PORT: Final = 8484
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    envvar="OYEZ_HOST",
    show_default=True,
    show_envvar=True,
    metavar="ADDRESS",
    help="Address to listen at; 0.0.0.0 is every address of this machine.",
)
@click.option(
    "--port",
    default=DEFAULT_PORT,
    type=click.IntRange(0, 65_535),
    envvar="OYEZ_PORT",
    show_default=True,
    show_envvar=True,
    help="Port to listen at; 0 takes a free one.",
)
@model_option(default=DEFAULT_MODEL, note="What hears; see `oyez models`.")
@click.option(
    "--workers",
    default=0,
    type=click.IntRange(0, 1_024),
    envvar="OYEZ_WORKERS",
    show_default="one for each core",
    show_envvar=True,
    help="Threads that recognise speech.",
)
@click.option(
    "--max-sessions",
    default=100,
    type=click.IntRange(1),
    envvar="OYEZ_MAX_SESSIONS",
    show_default=True,
    show_envvar=True,
    help="Streams of this process at a time; more are refused.",
)
@click.option(
    "--max-connections",
    default=0,
    type=click.IntRange(0),
    envvar="OYEZ_MAX_CONNECTIONS",
    show_default="four times --max-sessions, 100 at least",
    show_envvar=True,
    help="WebSockets of this process at a time, with a stream or not.",
)
@limit_option(
    "--max-requests-per-minute",
    "OYEZ_MAX_REQUESTS_PER_MINUTE",
    "Streams that may begin in a minute, in all processes on the database.",
)
@limit_option(
    "--project-max-sessions",
    "OYEZ_PROJECT_MAX_SESSIONS",
    "Streams of one project at a time, in all processes on the database.",
)
@limit_option(
    "--project-max-requests-per-minute",
    "OYEZ_PROJECT_MAX_REQUESTS_PER_MINUTE",
    "Streams of one project that may begin in a minute.",
)
@click.option(
    "--database",
    "store_url",
    envvar="OYEZ_DATABASE_URL",
    show_default="a file of SQLite among your data",
    show_envvar=True,
    metavar="URL",
    help="Keys, usage and limits: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
)
@click.option(
    "--allow-origin",
    "allowed_origins",
    multiple=True,
    envvar="OYEZ_ALLOW_ORIGIN",
    show_envvar=True,
    metavar="ORIGIN",
    help="Let pages of https://NAME use the server, beside those of its own host. Can be given "
    "several times; * is every page.",
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    envvar="OYEZ_TLS_CERT",
    show_envvar=True,
    metavar="FILE",
    help="Certificate with its chain, PEM; makes it https:// and wss://.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    envvar="OYEZ_TLS_KEY",
    show_envvar=True,
    metavar="FILE",
    help="Its private key, PEM, when it is not in the same file.",
)
@click.option(
    "--page/--no-page",
    default=None,
    envvar="OYEZ_PAGE",
    show_default="at a loopback address",
    show_envvar=True,
    help="Offer a web page to talk to. At other addresses it asks for OYEZ_PAGE_PASSPHRASE.",
)
@click.option(
    "--log-level",
    default="info",
    type=click.Choice(LOG_LEVELS, case_sensitive=False),
    envvar="OYEZ_LOG_LEVEL",
    show_default=True,
    show_envvar=True,
    help="How much to log, on standard error.",
)
def serve(
    *,
    host: str,
    port: int,
    model: str,
    workers: int,
    max_sessions: int,
    max_connections: int,
    max_requests_per_minute: int | None,
    project_max_sessions: int | None,
    project_max_requests_per_minute: int | None,
    store_url: str | None,
    allowed_origins: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    page: bool | None,
    log_level: str,
) -> None:
    """Serve real-time transcription until Ctrl-C.

    Clients present the key in OYEZ_API_KEY. When that is not set, the server makes a key that is
    good until it stops, and prints it once. Keys made by `oyez keys create` are good as well.
    """
    with server_parts():
        from oyez.server.keys import make_key
        from oyez.server.run import bind, check_tls, make_server
        from oyez.server.settings import Settings
    from oyez.cli.foreground import run
    from oyez.engines.allocator import return_large_blocks
    from oyez.observe.logs import configure
    from oyez.store.location import default_url

    key = given_key()
    settings = Settings(
        api_key=key or make_key(),
        host=host,
        port=port,
        model=model,
        workers=workers,
        max_sessions=max_sessions,
        max_connections=max_connections,
        max_requests_per_minute=max_requests_per_minute,
        project_max_sessions=project_max_sessions,
        project_max_requests_per_minute=project_max_requests_per_minute,
        store_url=store_url or default_url(),
        allowed_origins=_checked_origins(allowed_origins),
        tls_cert=tls_cert,
        tls_key=tls_key,
        page=page,
        page_passphrase=os.environ.get("OYEZ_PAGE_PASSPHRASE") or None,
    )
    configure(log_level.upper())
    _check_model(model)
    check_tls(settings)
    try:
        listener = bind(settings)
    except OSError as error:
        raise _address_problem(error, settings) from None
    return_large_blocks()
    with listener:
        server, hub = make_server(settings)
        run(server, hub, listener, on_ready=lambda: _welcome(settings, listener, key is None))


def given_key() -> str | None:
    """Return the key in the environment, or None.

    Raises:
        OyezValidationError: No header can carry it.
    """
    from oyez.client.options import checked_key

    given = os.environ.get("OYEZ_API_KEY", "").strip()
    return checked_key(given) if given else None


def _checked_origins(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return origins as browsers write them.

    Raises:
        Misuse: One is none.
    """
    from oyez.server.origins import normal_origin

    try:
        return tuple(normal_origin(origin) for origin in given)
    except ValueError as error:
        raise Misuse(f"{error}: --allow-origin https://captions.example") from None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _has_page(settings: "Settings") -> bool:
    return is_loopback(settings.host) if settings.page is None else settings.page


def _check_model(model: str) -> None:
    """Refuse an unknown name before the port is taken."""
    from oyez.engines.registry import recognizer_names
    from oyez.errors import EngineNotFoundError

    if model not in (names := recognizer_names()):
        raise EngineNotFoundError(model, names)


def _address_problem(error: OSError, settings: "Settings") -> Problem:
    import errno

    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return Problem(
            f"{where} is in use. Stop what listens there, or choose another port: "
            f"oyez serve --port {settings.port % 65_535 + 1}"
        )
    if error.errno == errno.EACCES:
        return Problem(f"{where} needs privileges. Choose a port from 1024 up: --port 8484")
    reason = error.strerror or str(error)
    return Problem(f"Cannot listen at {where}: {reason}. Choose an address of this machine: --host")


def _welcome(settings: "Settings", listener: "socket.socket", is_key_new: bool) -> None:
    """Say that the server is ready and how to use it; the key only if it was made just now."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)  # noqa: S104
    address = f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"
    ws, http = ("wss", "https") if settings.is_tls else ("ws", "http")
    lines = [f"oyez serves {settings.model} at {ws}://{address}/transcribe-websocket", ""]
    if is_key_new:
        lines += [
            "The key of this run (set OYEZ_API_KEY before `oyez serve` to choose your own):",
            f"  export OYEZ_API_KEY={settings.api_key}",
        ]
    else:
        lines += ["The key is the one in OYEZ_API_KEY."]
    is_default = (shown, port) == ("127.0.0.1", DEFAULT_PORT)
    if not is_default:
        lines += [f"  export OYEZ_BASE_URL={ws}://{address}"]
    lines += [
        "",
        "Is it ready?",
        f"  curl {http}://{address}/readyz",
        *(["Talk to it in a browser:", f"  {http}://{address}/"] if _has_page(settings) else []),
        "Transcribe a file with it:",
        f"  oyez transcribe FILE.wav --url {ws}://{address}",
        "Use it in Python:",
        "  from oyez import OyezClient",
        "  with OyezClient().realtime.stt.connect(config={}) as session:",
        '      session.send_bytes(open("FILE.wav", "rb").read())',
        "      for event in session.receive_events():",
        '          print("".join(t.text for t in event.tokens if t.is_final), end="")',
        "",
        "Ctrl-C stops it.",
    ]
    click.echo("\n".join(lines))
    if not is_loopback(settings.host) and not settings.is_tls:
        click.secho(
            f"Warning: {settings.host} can be reached from other machines, and this is plain HTTP: "
            "audio and key travel unencrypted. Give it a certificate (--tls-cert), or put a proxy "
            "with TLS in front, and use wss://.",
            fg="yellow",
            err=True,
        )
