"""How the list of recordings to measure with can be wrong."""

from collections.abc import Sequence
from pathlib import Path

from oyez.errors.base import OyezError

SHOWN = 5


class ManifestError(OyezError, ValueError):
    """A list of recordings cannot be used.

    Attributes:
        path: The list.
        problems: What is wrong and what to do, each with its line; 0 for the list as a whole.
    """

    def __init__(self, path: Path, problems: Sequence[tuple[int, str]]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(path, self.problems)

    def __str__(self) -> str:
        shown = [
            f"{self.path}{f', line {line}' if line else ''}: {problem}"
            for line, problem in self.problems[:SHOWN]
        ]
        more = len(self.problems) - SHOWN
        if more > 0:
            shown.append(f"... and {more} more lines with problems.")
        return "\n".join(shown)
