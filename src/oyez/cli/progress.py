"""How far a transcription has got, in audio time, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from oyez.cli.live import clock


@contextmanager
def progress(name: str, whole_s: float | None) -> Iterator[Callable[[int], None]]:
    """Draw a bar while the block runs, if standard error is a terminal; then wipe it off.

    Args:
        name: What is being transcribed.
        whole_s: How long it lasts, or None when nobody knows.

    Yields:
        A function that takes the milliseconds of audio that are done.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda _done_ms: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[times]}"),
        TextColumn("[dim]{task.fields[speed]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        whole = "" if whole_s is None else f" / {clock(round(whole_s * 1000))}"
        task = bar.add_task(escape(name), total=whole_s, times=f"0:00{whole}", speed="")

        def advance(done_ms: int) -> None:
            elapsed_s = bar.tasks[0].elapsed or 0.0
            speed = f"{done_ms / 1000 / elapsed_s:.1f} x real time" if elapsed_s > 1 else ""
            done = done_ms / 1000 if whole_s is None else min(done_ms / 1000, whole_s)
            bar.update(task, completed=done, times=f"{clock(done_ms)}{whole}", speed=speed)

        yield advance
