"""`oyez models`: which engines are installed."""

from dataclasses import dataclass

import click

from oyez.cli.options import DEFAULT_MODEL
from oyez.cli.problems import server_parts


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    languages: str
    state: str
    is_ready: bool


@click.command()
def models() -> None:
    """List the installed models and the languages they write.

    Loads each for a moment, because only a loaded model tells its languages.
    """
    with server_parts():
        from oyez.engines.registry import recognizer_names
    from rich.console import Console

    console = Console(highlight=False)
    for name in recognizer_names():
        with console.status(f"Loading {name} …"):
            row = _row(name)
        mark = "*" if name == DEFAULT_MODEL else " "
        style = "" if row.is_ready else "yellow"
        console.print(
            f"{mark} {row.name:20} {row.languages:12} {row.state}",
            style=style,
            markup=False,
            soft_wrap=True,
        )
    console.print(
        f"\n* the default ({DEFAULT_MODEL}). Choose another with --model NAME or OYEZ_MODEL.",
        soft_wrap=True,
    )


def _row(name: str) -> _Row:
    import time

    from oyez.engines.registry import load_recognizer
    from oyez.errors import ModelNotInstalledError

    began_s = time.perf_counter()
    try:
        recognizer = load_recognizer(name)
    except ModelNotInstalledError as error:
        return _Row(name, "-", f"weights missing. {error.remedy}", is_ready=False)
    except Exception as error:  # noqa: BLE001 - one broken plug-in must not hide the others
        return _Row(name, "-", f"does not load: {type(error).__name__}: {error}", is_ready=False)
    load_s = time.perf_counter() - began_s
    languages = ", ".join(recognizer.capabilities.languages)
    recognizer.close()
    stands_for = "" if recognizer.name == name else f"is {recognizer.name} here, "
    return _Row(name, languages, f"{stands_for}loads in {load_s:.1f} s", is_ready=True)
