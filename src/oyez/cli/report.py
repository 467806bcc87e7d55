"""What the demonstration says at its end: when each word was said, and what it all cost."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oyez.cli.costs import Costs
from oyez.transcript.render import TimedWord

if TYPE_CHECKING:
    from rich.table import Table

MARGIN = "  "
WORD_CHARACTERS = 13
GROUP_CHARACTERS = WORD_CHARACTERS + 13
"""Width of one word with its times: two of five digits, and a space after each."""
MAX_ROWS = 24


def word_table(words: Sequence[TimedWord], *, width: int) -> "Table":
    """Return the words with their times, in reading order down the columns.

    Args:
        words: In order of speech.
        width: Of the terminal, in characters.
    """
    from rich.table import Table
    from rich.text import Text

    groups = max(min((width - len(MARGIN)) // GROUP_CHARACTERS, 4), 1)
    shown = words[: groups * MAX_ROWS]
    rows = max(math.ceil(len(shown) / groups), 1)
    table = Table(
        title="When each word was said (seconds)",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="dim",
    )
    for group in range(groups):
        margin = MARGIN if group == 0 else ""
        table.add_column(f"{margin}from", justify="right", style="cyan", min_width=5)
        table.add_column("to", justify="right", style="cyan", min_width=5)
        table.add_column("word", width=WORD_CHARACTERS, no_wrap=True)
    for row in range(rows):
        cells: list[str | Text] = []
        for word in shown[row::rows]:
            times = (f"{word.start_ms / 1000:.2f}", f"{word.end_ms / 1000:.2f}")
            cells += [*times, Text(word.text)]
        table.add_row(*cells)
    if len(shown) < len(words):
        table.caption = f"  … and {len(words) - len(shown)} more"
        table.caption_justify = "left"
    return table


def cost_table(costs: Costs) -> "Table":
    """Return the costs, a line each."""
    from rich.table import Table

    table = Table(
        title="What it cost",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        show_header=False,
    )
    table.add_column(style="dim")
    table.add_column()
    for name, value in _lines(costs):
        table.add_row(f"  {name}", value)
    return table


def _lines(costs: Costs) -> list[tuple[str, str]]:
    lines = [("Audio", f"{costs.audio_s:.1f} s, sent at the pace of speech")]
    if costs.first_word_s is not None:
        lines.append(("First word", f"shown {costs.first_word_s:.2f} s after speech began"))
    if costs.final_s is not None:
        lines.append(("Words final", f"{costs.final_s:.2f} s after they were said (median)"))
    if costs.audio_s:
        share = costs.cpu_s / costs.audio_s
        lines.append(
            ("CPU", f"{share:.2f} s for each second of audio (server, SDK and this display)")
        )
    if costs.peak_mb is not None:
        lines.append(("Memory", f"{costs.peak_mb:.0f} MB at its peak, everything included"))
    lines.append(("Loading", f"{costs.load_s:.2f} s until the server was ready"))
    return lines
