"""A transcript that grows before one's eyes.

On a terminal, final words are solid and non-final ones dim. What can no longer change is printed
for good; only the last line, with the words that may still change, is drawn again and again, so
nothing flickers and the whole transcript stays in the terminal's history. Elsewhere (a pipe, a
file) each utterance is a line that begins with its time and grows by final words.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from oyez.cli.transcript import Update, is_endpoint
from oyez.protocol.tokens import Token
from oyez.transcript.render import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MARGIN = "  "
MAX_LINE = 90
"""Longer lines are hard to read, however wide the terminal is."""
REDRAWS_PER_S = 12


class LiveView(Protocol):
    """Shows updates as they come; a context manager."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave what is final on the screen."""

    def show(self, update: Update) -> None:
        """Show what an event brought."""


def live_view(console: "Console") -> LiveView:
    """Return the view that suits where the output goes."""
    can_redraw = console.is_terminal and not console.is_dumb_terminal
    return TerminalView(console) if can_redraw else PlainView(console)


class TerminalView:
    """Finals solid, non-finals dim, a blank line after an endpoint.

    Args:
        console: A terminal.
    """

    def __init__(self, console: "Console") -> None:
        from rich.live import Live

        self._console = console
        self._tail = ""
        """Final text of the line that is not full yet."""
        self._pending = ""
        self._is_new_paragraph = False
        self._live = Live(
            console=console, refresh_per_second=REDRAWS_PER_S, transient=True, auto_refresh=False
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop drawing; what was not final is gone, the final rest stays."""
        self._pending = ""
        self._live.__exit__(exc_type, exc, traceback)
        self._print_rest()

    def show(self, update: Update) -> None:
        """Show what an event brought."""
        for token in update.new:
            if is_endpoint(token):
                self._print_rest()
                self._is_new_paragraph = True
            elif not token.is_marker:
                self._tail += printable(token.text)
        self._print_full_lines()
        self._pending = _text(update.pending)
        self._live.update(self._drawn(), refresh=True)

    @property
    def _width(self) -> int:
        return max(min(self._console.width - 1, MAX_LINE) - len(MARGIN), 10)

    def _wrapped(self, text: "Text") -> "list[Text]":
        return list(text.wrap(self._console, self._width))

    def _drawn(self) -> "Text":
        """Return what may still change: the line under construction and what is pending."""
        from rich.text import Text

        shown = Text(self._tail.lstrip() if self._tail.strip() else "")
        pending = self._pending if shown.plain else self._pending.lstrip()
        shown.append(pending, style="dim italic")
        lines = self._wrapped(shown) if shown.plain else []
        room = max(self._console.height - 2, 1)
        drawn = Text("\n").join(Text(MARGIN).append_text(line) for line in lines[-room:])
        return Text("\n").append_text(drawn) if self._is_new_paragraph and lines else drawn

    def _print_full_lines(self) -> None:
        """Print the lines that are full of final words: nothing can change them any more."""
        from rich.text import Text

        lines = self._wrapped(Text(self._tail.lstrip())) if self._tail.strip() else []
        for line in lines[:-1]:
            self._print(line.plain)
        if len(lines) > 1:
            self._tail = lines[-1].plain + (" " if self._tail.endswith(" ") else "")

    def _print_rest(self) -> None:
        self._print_full_lines()
        if self._tail.strip():
            self._print(self._tail.strip())
        self._tail = ""

    def _print(self, line: str) -> None:
        from rich.text import Text

        if self._is_new_paragraph:
            self._is_new_paragraph = False
            self._console.print()
        self._console.print(Text(MARGIN + line), no_wrap=True, overflow="ignore", crop=False)


class PlainView:
    """An utterance a line, with its time, as its words become final.

    Args:
        console: Anything but a terminal.
    """

    def __init__(self, console: "Console") -> None:
        self._file = console.file
        self._is_at_line_start = True

    def __enter__(self) -> Self:
        """Begin; nothing is written yet."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the last line."""
        self._end_line()

    def show(self, update: Update) -> None:
        """Write what became final."""
        for token in update.new:
            if is_endpoint(token):
                self._end_line()
            elif not token.is_marker:
                text = printable(token.text)
                if self._is_at_line_start:
                    text = f"{clock(token.start_ms)}  {text.lstrip()}"
                    self._is_at_line_start = False
                self._file.write(text)
        self._file.flush()

    def _end_line(self) -> None:
        if not self._is_at_line_start:
            self._file.write("\n")
            self._file.flush()
            self._is_at_line_start = True


def clock(ms: int) -> str:
    """Return a time as minutes and seconds, for people."""
    return f"{ms // 60_000}:{ms // 1_000 % 60:02}"


def _text(tokens: Sequence[Token]) -> str:
    return "".join(printable(token.text) for token in tokens if not token.is_marker)
