"""`oyez listen`: the microphone, live."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from oyez.cli.options import api_key_option, language_option, model_option, url_option

if TYPE_CHECKING:
    from rich.console import Console

    from oyez.cli.local import Place
    from oyez.cli.microphone import Microphone


@click.command()
@click.option(
    "--device",
    envvar="OYEZ_DEVICE",
    show_envvar=True,
    metavar="DEVICE",
    help="Number or part of the name of a microphone; by default the system's.",
)
@click.option("--list-devices", is_flag=True, help="List the microphones and exit.")
@url_option
@api_key_option
@model_option(default=None, note="What hears; see `oyez models`. The default is the server's.")
@language_option
def listen(
    *,
    device: str | None,
    list_devices: bool,
    url: str | None,
    api_key: str | None,
    model: str | None,
    languages: tuple[str, ...],
) -> None:
    """Transcribe the microphone until Ctrl-C.

    Dim words may still change; solid words are final. Ctrl-C ends the recording and waits for the
    last words; a second Ctrl-C does not wait.
    """
    from rich.console import Console

    from oyez.cli.local import place
    from oyez.cli.microphone import device_list, load_portaudio, microphone

    if list_devices:
        click.echo(device_list())
        return
    console = Console(highlight=False)
    load_portaudio()  # what is missing is said before a model is loaded
    with ExitStack() as stack:
        with console.status("Getting ready …"):
            where = stack.enter_context(place(url, api_key, model, languages))
        mic = stack.enter_context(microphone(device))
        _hear(console, where, mic, languages)
        if mic.lost_blocks:
            click.echo(
                "The connection was too slow: some of the audio was not transcribed.", err=True
            )


def _hear(
    console: "Console", where: "Place", mic: "Microphone", languages: tuple[str, ...]
) -> None:
    from oyez.cli.live import live_view
    from oyez.cli.transcript import Transcript
    from oyez.protocol.config import RealtimeSTTConfig
    from oyez.utils import start_audio_thread

    config = RealtimeSTTConfig(
        model=where.model,
        audio_format="pcm_s16le",
        sample_rate=mic.rate_hz,
        num_channels=1,
        enable_endpoint_detection=True,
        language_hints=list(languages) or None,
    )
    transcript = Transcript()
    console.print(f"Listening to {mic.name}. Ctrl-C ends.\n", markup=False, soft_wrap=True)
    with (
        where.client().realtime.stt.connect(config=config) as session,
        live_view(console) as view,
        _interrupt_calls(mic.stop),
    ):
        start_audio_thread(session, mic.chunks())
        for event in session.receive_events():
            view.show(transcript.take(event))


@contextmanager
def _interrupt_calls(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C call `stop`, and the next one interrupt as usual."""

    def first(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        stop()

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
