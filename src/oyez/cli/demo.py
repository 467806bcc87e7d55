"""`oyez demo`: a server, the SDK and speech, all in one process, in under a minute."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oyez.cli.options import DEFAULT_MODEL, model_option

if TYPE_CHECKING:
    from rich.console import Console

    from oyez.cli.costs import Stopwatch
    from oyez.cli.local import Place
    from oyez.cli.transcript import Transcript


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@model_option(default=DEFAULT_MODEL, note="What hears; see `oyez models`.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.5),
    envvar="OYEZ_DEMO_SECONDS",
    show_envvar=True,
    help="Stop after so much audio; by default the sample after 24 s, a FILE at its end.",
)
def demo(file: Path | None, model: str, seconds: float | None) -> None:
    """Watch speech become text while it is spoken.

    Starts a server on a free port of this machine, streams a sample recording (or FILE, a WAV file)
    to it at the pace of speech through the Python SDK, and shows the words as they come: dim while
    they may still change, solid once they are final. Then it says what that cost.
    """
    from rich.console import Console

    from oyez.cli.local import local_server

    console = Console(highlight=False)
    recording = _recording(file, seconds)
    with ExitStack() as stack:
        with console.status(f"Loading {model} …"):
            place = stack.enter_context(local_server(model))
        _announce(console, recording, model)
        transcript, stopwatch = _watch(console, place, recording.audio)
    _report(console, transcript, stopwatch, load_s=place.load_s or 0.0)
    if file is None:
        _suggest(console)


@dataclass(frozen=True, slots=True)
class _Recording:
    title: str
    audio: Path | bytes
    seconds: float


def _recording(file: Path | None, seconds: float | None) -> _Recording:
    from oyez.cli.files import require_duration
    from oyez.cli.sample import SAMPLE_S, TITLE, beginning, sample_path

    path = file or sample_path()
    whole_s = require_duration(path)
    wanted_s = seconds or (SAMPLE_S if file is None else whole_s)
    title = TITLE if file is None else file.name
    if wanted_s >= whole_s:
        return _Recording(title, path, whole_s)
    return _Recording(title, beginning(path, wanted_s), wanted_s)


def _announce(console: "Console", recording: _Recording, model: str) -> None:
    from rich.text import Text

    line = Text.assemble((model, "bold"), f" hears {recording.seconds:.0f} s of {recording.title}.")
    if console.is_terminal:
        line.append(" Dim words", style="dim italic").append(" may still change.")
    console.print(line, soft_wrap=True)
    console.print()


def _watch(
    console: "Console", place: "Place", audio: Path | bytes
) -> "tuple[Transcript, Stopwatch]":
    from oyez.cli.costs import Stopwatch
    from oyez.cli.live import live_view
    from oyez.cli.transcript import Transcript
    from oyez.protocol.config import RealtimeSTTConfig
    from oyez.utils import start_audio_thread, stream_audio

    transcript, stopwatch = Transcript(), Stopwatch()
    config = RealtimeSTTConfig(model=place.model, enable_endpoint_detection=True)
    chunks = stopwatch.started(stream_audio(audio, pace="realtime", config=config))
    with place.client().realtime.stt.connect(config=config) as session, live_view(console) as view:
        start_audio_thread(session, chunks)
        for event in session.receive_events():
            update = transcript.take(event)
            stopwatch.take(update)
            view.show(update)
    return transcript, stopwatch


def _report(
    console: "Console", transcript: "Transcript", stopwatch: "Stopwatch", *, load_s: float
) -> None:
    from oyez.cli.report import cost_table, word_table
    from oyez.transcript.render import words

    console.print()
    if transcript.has_words:
        console.print(word_table(words(transcript.final), width=console.width))
    else:
        console.print("No speech was heard.")
    console.print()
    console.print(cost_table(stopwatch.costs(audio_ms=transcript.audio_ms, load_s=load_s)))


def _suggest(console: "Console") -> None:
    console.print("\n[bold]Next[/bold]")
    for command, purpose in (
        ("oyez demo --seconds 60", "the rest of the sample"),
        ("oyez demo FILE.wav", "a recording of yours, live"),
        ("oyez transcribe FILE.wav", "as fast as it goes; captions with --format srt"),
        ("oyez listen", "your microphone"),
        ("oyez serve", "a server for your programs"),
    ):
        console.print(f"  [cyan]{command:26}[/cyan] {purpose}")
