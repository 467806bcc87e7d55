"""The command `oyez`. Each subcommand is a file beside this one and imports what it needs late."""

import click

import oyez
from oyez.cli.bench import bench
from oyez.cli.demo import demo
from oyez.cli.keys import keys
from oyez.cli.listen import listen
from oyez.cli.models import models
from oyez.cli.problems import Group
from oyez.cli.serve import serve
from oyez.cli.transcribe import transcribe


def _print_version(context: click.Context, _parameter: click.Parameter, is_asked: object) -> None:
    if is_asked and not context.resilient_parsing:
        click.echo(f"oyez {oyez.__version__}")
        context.exit()


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every command explains itself: oyez COMMAND --help",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
def cli() -> None:
    """Real-time speech to text on your own machine."""


for _command in (demo, serve, keys, transcribe, listen, models, bench):
    cli.add_command(_command)


def main() -> None:
    """Run the command line."""
    cli(prog_name="oyez")
