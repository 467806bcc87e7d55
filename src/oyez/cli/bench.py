"""`oyez bench`: how well and how fast a server hears, in the field's metrics."""

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oyez.cli.options import DEFAULT_MODEL, api_key_option, model_option, url_option
from oyez.cli.problems import Misuse, Problem, server_parts

if TYPE_CHECKING:
    from oyez.bench.corpus import Corpus
    from oyez.bench.plan import Plan
    from oyez.bench.runs import Part, Result, Turn
    from oyez.bench.streaming import Target

PARTS = ("wer", "latency", "endpoints", "sessions")
"""What can be measured; the last takes minutes and must be named."""
DEFAULT_PARTS = PARTS[:3]
NEEDS = ("jiwer", "numpy", "psutil", "soundfile", "whisper_normalizer")
INSTALL = "pip install 'oyez[bench]'"
INSTALL_WITH_SERVER = "pip install 'oyez[server,bench]'"
STDOUT = "-"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is done with the figures."""

    json: str
    earlier: Sequence[Path]
    has_details: bool


@click.command()
@click.argument(
    "recordings", required=False, type=click.Path(path_type=Path), metavar="[MANIFEST_OR_FOLDER]"
)
@url_option
@api_key_option
@model_option(
    default=None,
    note=f"What hears; several to compare, separated by commas. By default {DEFAULT_MODEL}.",
)
@click.option(
    "--only",
    envvar="OYEZ_BENCH_ONLY",
    show_envvar=True,
    metavar="PARTS",
    default=",".join(DEFAULT_PARTS),
    show_default=True,
    help=f"What to measure, of {','.join(PARTS)}. `sessions` takes five minutes for each model.",
)
@click.option("--quick", is_flag=True, help="Fewer recordings, wider intervals.")
@click.option(
    "--json",
    "json_path",
    envvar="OYEZ_BENCH_JSON",
    show_envvar=True,
    metavar="FILE",
    help="Where the numbers go, with the plot beside them as .svg; - prints them instead of the "
    "table. By default a new oyez-bench-DATE.json here.",
)
@click.option(
    "--compare",
    "earlier",
    multiple=True,
    type=click.Path(path_type=Path),
    envvar="OYEZ_BENCH_COMPARE",
    show_envvar=True,
    metavar="FILE",
    help="Put the numbers of an earlier run beside these. Can be given several times.",
)
@click.option("--details", is_flag=True, help="Also print the tables of every part.")
def bench(
    *,
    recordings: Path | None,
    url: str | None,
    api_key: str | None,
    model: str | None,
    only: str,
    quick: bool,
    json_path: str | None,
    earlier: tuple[Path, ...],
    details: bool,
) -> None:
    """Measure accuracy, delays and cost.

    Streams recordings to a server of its own, or to any that speaks the Soniox protocol (--url),
    and says how many words came out wrong, how soon, and at what price. Without recordings it takes
    the 54 seconds of speech that come with the model: two or three minutes, a sign of life.

    MANIFEST_OR_FOLDER lists your recordings with what is said in them, in English: a line each,
    {"audio_filepath": "a.wav", "text": "what is said"}, or tab-separated columns `file` and
    `reference` in a .tsv file. A folder must hold a manifest.jsonl or a manifest.tsv.
    """
    _require_packages(is_own=url is None)
    names = [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise Misuse(f"--only {only}: {', '.join(unknown)} is no part; {', '.join(PARTS)} are.")
    wish = _Wish(json_path or time.strftime("oyez-bench-%Y%m%d-%H%M%S.json"), earlier, details)
    found_before = [_read(path) for path in earlier]
    with server_parts():
        plan = _plan(recordings, _remote(url, api_key, model), model, is_quick=quick)
    result = _run(plan, [_part(name) for name in PARTS if name in names], wish)
    _show(result, found_before, wish)
    if result["failures"]:
        raise SystemExit(1)


def _require_packages(*, is_own: bool) -> None:
    """Say what to install when something is missing.

    Raises:
        Problem: Something is.
    """
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise Problem(
            f"Measuring needs {', '.join(name.replace('_', '-') for name in missing)}. "
            f"Run: {INSTALL_WITH_SERVER if is_own else INSTALL}"
        )


def _read(path: Path) -> "Result":
    """Read the numbers of an earlier run.

    Raises:
        Problem: There are none in the file.
    """
    try:
        found: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Problem(f"{path}: it cannot be read ({error.strerror}).") from None
    except ValueError:
        found = None
    if not (isinstance(found, dict) and {"about", "parts"} <= found.keys()):
        raise Problem(f"{path}: these are no numbers of `oyez bench`; it writes them with --json.")
    return found


def _remote(url: str | None, api_key: str | None, model: str | None) -> "Target | None":
    """Return the server that somebody else runs, once it has answered.

    Raises:
        Misuse: Several models.
        OyezError: It does not answer, or refuses the key or the model.
    """
    if url is None:
        return None
    from oyez.bench.streaming import Target, require_answer
    from oyez.client.options import addresses, checked_key
    from oyez.protocol.models import REAL_TIME_MODEL

    if model is not None and "," in model:
        raise Misuse("--url measures one model at a time; run it again and use --compare.")
    websocket_url, _ = addresses(url)
    target = Target(websocket_url, checked_key(api_key), model or REAL_TIME_MODEL)
    require_answer(target)
    return target


def _plan(
    recordings: Path | None, remote: "Target | None", model: str | None, *, is_quick: bool
) -> "Plan":
    from oyez.bench.plan import Plan, Size
    from oyez.engines.registry import recognizer_names
    from oyez.errors import EngineNotFoundError

    models = [name.strip() for name in (model or DEFAULT_MODEL).split(",")]
    if remote is not None:
        models = [remote.model]
    else:
        known = recognizer_names()
        for name in models:
            if name not in known:
                raise EngineNotFoundError(name, known)
    corpus = _corpus(recordings)
    is_quick = is_quick or corpus.is_sample
    size = Size.QUICK if is_quick else Size.STANDARD
    return Plan(corpus, tuple(models), models[0], remote=remote, size=size)


def _corpus(recordings: Path | None) -> "Corpus":
    from oyez.bench.corpus import sample
    from oyez.bench.manifest import read_manifest

    if recordings is not None:
        return read_manifest(recordings)
    corpus = sample()
    if not corpus.clips:
        raise Problem(
            "The sample speech travels with the embedded model, which is not installed. "
            f"Run: {INSTALL_WITH_SERVER}, or give a manifest: oyez bench FILE"
        )
    return corpus


def _part(name: str) -> "Part":
    from oyez.bench.runs import Part

    return Part(name, f"oyez.bench.{name}")


def _run(plan: "Plan", parts: "Sequence[Part]", wish: _Wish) -> "Result":
    from rich.console import Console

    from oyez.bench.runs import run, write

    console = Console(stderr=True, highlight=False)
    click.echo(f"Measuring with {plan.corpus.title}.", err=True)

    def before(turn: "Turn") -> None:
        status.update(f"{turn.model}: {turn.part.name} …")
        if not console.is_terminal:
            click.echo(f"{turn.model}: {turn.part.name} ...", err=True)

    def after(turn: "Turn", result: "Result") -> None:
        problem = result["failures"].get(turn.label)
        if problem:
            Problem(f"{turn.label} could not be measured: {problem}").show()
        if wish.json != STDOUT:
            write(result, Path(wish.json))

    with console.status("Starting …") as status, _tables_to(wish):
        return run(plan, parts, before=before, after=after)


@contextlib.contextmanager
def _tables_to(wish: _Wish) -> Iterator[None]:
    """Let the parts print their tables, or keep them to themselves."""
    target = sys.stderr if wish.json == STDOUT else sys.stdout
    with contextlib.redirect_stdout(target if wish.has_details else io.StringIO()):
        yield


def _show(result: "Result", earlier: Sequence["Result"], wish: _Wish) -> None:
    """Print and write what was found, beside what was found before."""
    from rich.console import Console

    from oyez.bench.plot import draw
    from oyez.bench.runs import as_json
    from oyez.bench.summary import as_dict, systems_of
    from oyez.cli.scores import notes, tables

    own = systems_of(result)
    result["summary"] = as_dict(own)
    names = [path.stem for path in wish.earlier]
    if wish.json == STDOUT:
        click.echo(as_json(result), nl=False)
        return
    systems = list(own)
    for name, found in zip(names, earlier, strict=True):
        systems += systems_of(found, prefix=f"{name}: ")
    console = Console(highlight=False)
    for table in tables(systems, width=console.width):
        console.print(table)
        console.print()
    for note in notes(result, own, dict(zip(names, earlier, strict=True))):
        console.print(note, soft_wrap=True)
    path = Path(wish.json)
    path.write_text(as_json(result), "utf-8")
    plot = path.with_suffix(".svg")
    plot.write_text(draw([result, *earlier], names=["", *names]), "utf-8")
    console.print(f"Numbers: {path}. Plot: {plot}.", soft_wrap=True)
