"""`oyez transcribe`: recordings to text, captions or JSON."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oyez.cli.formats import FORMATS, render
from oyez.cli.options import api_key_option, language_option, model_option, url_option
from oyez.cli.problems import Problem

if TYPE_CHECKING:
    from oyez.cli.local import Place
    from oyez.cli.transcript import Transcript

# A tenth of a second or two of most recordings: small enough for a smooth bar.
CHUNK_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is wanted of every file."""

    format: str
    folder: Path | None
    is_paced: bool
    languages: Sequence[str]


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--format",
    "format_name",
    default="txt",
    type=click.Choice(FORMATS, case_sensitive=False),
    envvar="OYEZ_FORMAT",
    show_default=True,
    show_envvar=True,
    help="Text, captions (SubRip or WebVTT), or JSON with every token and word.",
)
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="OYEZ_OUTPUT",
    show_envvar=True,
    metavar="DIR",
    help="Write NAME.FORMAT into this folder instead of printing.",
)
@url_option
@api_key_option
@model_option(default=None, note="What hears; see `oyez models`. The default is the server's.")
@click.option(
    "--pace",
    default="fast",
    type=click.Choice(["fast", "realtime"]),
    envvar="OYEZ_PACE",
    show_default=True,
    show_envvar=True,
    help="Send as fast as the server keeps up, or at the pace of speech.",
)
@language_option
def transcribe(
    *,
    files: tuple[Path, ...],
    format_name: str,
    folder: Path | None,
    url: str | None,
    api_key: str | None,
    model: str | None,
    pace: str,
    languages: tuple[str, ...],
) -> None:
    """Transcribe recordings.

    Prints the transcript, or writes it with --output. A FILE that cannot be transcribed is named on
    standard error, the others go on, and the exit code is 1.
    """
    from oyez.cli.local import place

    wish = _Wish(format_name, folder, pace == "realtime", languages)
    _check_outputs(files, wish)
    readable = [file for file in files if _attempt(file, lambda path: _check(path, wish))]
    failed = len(files) - len(readable)
    if readable:
        with place(url, api_key, model, languages) as where:
            is_many = len(files) > 1
            for file in readable:
                done = _attempt(file, lambda path: _deliver(path, where, wish, is_many=is_many))
                failed += not done
    if failed:
        raise SystemExit(1)


def _check_outputs(files: Sequence[Path], wish: _Wish) -> None:
    if wish.folder is None:
        if len(files) > 1 and wish.format in ("srt", "vtt"):
            raise click.UsageError(
                f"Several files in {wish.format} cannot be printed together: add --output DIR."
            )
        return
    stems = [file.stem for file in files]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise click.UsageError(
            f"Several files would be written to {twice[0]}.{wish.format}: "
            "transcribe them into different folders."
        )


def _check(path: Path, wish: _Wish) -> None:
    from oyez.cli.files import check_file, require_duration

    check_file(path)
    if wish.is_paced:
        require_duration(path)


def _attempt(path: Path, work: Callable[[Path], None]) -> bool:
    """Do something with a file; say what is wrong with it and return whether nothing was.

    Raises:
        OyezError: Something that would be wrong with any file.
    """
    from oyez.errors import (
        OyezAuthenticationError,
        OyezConnectError,
        OyezModelNotAvailableError,
        OyezPermissionDeniedError,
        OyezRealtimeError,
        OyezServerError,
    )

    try:
        work(path)
    except Problem as problem:
        problem.show()
        return False
    except (
        OyezConnectError,
        OyezAuthenticationError,
        OyezPermissionDeniedError,
        OyezModelNotAvailableError,
    ):
        raise
    except OyezServerError as error:
        Problem(f"{path}: {error.error_message}").show()
        return False
    except OyezRealtimeError as error:
        Problem(f"{path}: {error}").show()
        return False
    return True


def _deliver(path: Path, where: "Place", wish: _Wish, *, is_many: bool) -> None:
    """Transcribe a file and print or write the result."""
    transcript = _transcribed(path, where, wish)
    content = render(
        wish.format,
        transcript.final,
        audio_ms=transcript.audio_ms,
        file=path.name,
        is_compact=is_many and wish.folder is None,
    )
    if not transcript.has_words:
        click.echo(f"{path}: no speech was heard.", err=True)
    if wish.folder is not None:
        target = wish.folder / f"{path.stem}.{wish.format}"
        try:
            wish.folder.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        except OSError as error:
            raise Problem(f"{target}: it cannot be written ({error.strerror}).") from None
        click.echo(f"{path} -> {target}", err=True)
        return
    if is_many and wish.format == "txt":
        content = f"==> {path} <==\n{content}\n"
    click.echo(content, nl=False)


def _transcribed(path: Path, where: "Place", wish: _Wish) -> "Transcript":
    """Stream a file and return what was heard.

    Raises:
        OyezRealtimeError: The server refused it, or was lost.
    """
    from oyez.cli.feed import Feed
    from oyez.cli.files import duration_s
    from oyez.cli.progress import progress
    from oyez.cli.transcript import Transcript
    from oyez.client.durations import meter_for
    from oyez.protocol.config import RealtimeSTTConfig
    from oyez.utils import start_audio_thread, stream_audio

    whole_s = duration_s(path)
    config = RealtimeSTTConfig(
        model=where.model,
        enable_endpoint_detection=True,
        language_hints=list(wish.languages) or None,
    )
    transcript = Transcript()
    with ExitStack() as stack:
        session = stack.enter_context(where.client().realtime.stt.connect(config=config))
        feed = Feed(
            stream_audio(
                path,
                chunk_size_bytes=CHUNK_BYTES,
                pace="realtime" if wish.is_paced else None,
                config=config,
            ),
            None if whole_s is None else meter_for("wav", None, None),
            session.keep_alive,
        )
        stack.callback(feed.stop)
        advance = stack.enter_context(progress(path.name, whole_s))
        start_audio_thread(session, feed)
        for event in session.receive_events():
            transcript.take(event)
            feed.advance(transcript.audio_ms)
            advance(transcript.audio_ms)
    return transcript
