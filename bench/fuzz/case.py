"""What a case is, how it fails, and how a failing one is made small."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

KEY = "fuzz-key"
"""The key of every server that is fuzzed."""
SHRINK_STEPS = 300
"""Most cases tried while a failing one is made smaller."""

Item = TypeVar("Item")


class BrokenPromiseError(Exception):
    """The server did what it must not do.

    Args:
        kind: `crash`, `hang`, `unanswered`, `wrong` or `leak`.
        what: What it did, with the facts.
    """

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(f"{kind}: {what}")
        self.kind = kind
        self.what = what


class Case(Protocol):
    """One conversation that a client might have with the server."""

    async def run(self, ground: Any) -> str:  # noqa: ANN401 - an application, or a server
        """Have it.

        Returns:
            How it ended: `finished`, an error type, `gone` (the client went), or a close code.

        Raises:
            BrokenPromiseError: Not as it must.
        """

    def smaller(self) -> Iterator[Self]:
        """Yield cases that are a little simpler, the simplest first."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that failed, with what it takes to see it again."""

    kind: str
    seed: int
    number: int
    problem: str
    smallest: str

    def __str__(self) -> str:
        again = f"python -m bench.fuzz --seed {self.seed} --kind {self.kind} --case {self.number}"
        return f"{self.kind} {self.number}: {self.problem}\n  smallest: {self.smallest}\n  {again}"


async def shrunk(case: Case, fails: Callable[[Case], Awaitable[bool]]) -> Case:
    """Return the smallest case found that still fails, going down greedily."""
    steps = 0
    is_smaller = True
    while is_smaller and steps < SHRINK_STEPS:
        is_smaller = False
        for candidate in case.smaller():
            steps += 1
            if steps > SHRINK_STEPS:
                break
            if await fails(candidate):
                case, is_smaller = candidate, True
                break
    return case


def without_parts(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """Yield the items without a half of them, a quarter, and so on down to one."""
    size = len(items) // 2
    while size:
        for at in range(0, len(items), size):
            yield (*items[:at], *items[at + size :])
        size //= 2
    if len(items) == 1:
        yield ()
