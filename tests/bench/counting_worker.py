"""A peer for tests: says how many tenths of a second it has heard, the last of them as a draft.

With the argument `deaf` it ends when it hears anything.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "peers" / "workers"))

from peer_io import RATE_HZ, Samples, serve  # type: ignore[import-not-found]


class Counting:
    """Counts."""

    def __init__(self) -> None:
        self._samples = 0
        self.final = ""
        self.draft = ""

    def start(self) -> None:
        self._samples = 0
        self.final = self.draft = ""

    def hear(self, samples: Samples) -> None:
        if "deaf" in sys.argv:
            sys.exit(3)
        self._samples += samples.size
        count = 10 * self._samples // RATE_HZ
        self.final = " ".join(f"n{number}" for number in range(1, count))
        self.draft = f"n{count}"

    def flush(self) -> None:
        self.final = f"{self.final} {self.draft}".strip()
        self.draft = ""


serve(Counting())
