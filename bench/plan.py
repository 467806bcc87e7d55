"""What was asked for on the command line, and what every part needs."""

import argparse
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.corpus import Corpus, find_folder
from bench.serving import CHECKOUT, ServerProcess
from bench.streaming import Target
from oyez.engines.base import Recognizer
from oyez.engines.registry import load_recognizer
from oyez.protocol.models import REAL_TIME_MODEL

PARTS = (
    "wer",
    "quiet",
    "latency",
    "endpoints",
    "sessions",
    "formats",
    "soak",
    "silence",
    "startup",
    "install",
    "graphs",
    "peers",
)
CHECKS = ("fuzz", "autobahn")
"""Parts that judge: they are run when they are named, and fail when a promise is broken."""
PACKAGES = (*CHECKS, "peers")
"""Parts in a package of their own, whose `runs` is what measures."""
WITHOUT_MODEL = (*CHECKS, "install", "graphs", "peers")
"""Parts that run once, however many models are measured."""
DEFAULT_MODEL = "moonshine"
SOAK_S = 600.0


@dataclass(slots=True)
class Plan:
    """One run of the benchmark."""

    parts: tuple[str, ...]
    corpus: Corpus
    models: tuple[str, ...]
    model: str
    """The one that is being measured."""
    remote: Target | None
    """A server that somebody else runs; its memory and work cannot be seen."""
    is_quick: bool
    is_live: bool
    keeps_pauses: bool
    minutes: float | None
    """Length of the soaks, where it was asked for."""
    budget_s: float
    """How far words may lag at the 95th percentile for a server to count as keeping up."""
    json_path: Path
    _recognizer: Recognizer | None = field(default=None, repr=False)
    _local: Target | None = None

    def use(self, model: str) -> None:
        """Measure this model from now on."""
        if model != self.model:
            self.model = model
            self._recognizer = None

    def soak_s(self, *, quick_s: float) -> float:
        """Return how much audio a soak takes."""
        if self.minutes is not None:
            return 60.0 * self.minutes
        return quick_s if self.is_quick else SOAK_S

    @property
    def recognizer(self) -> Recognizer | None:
        """The engine itself, where it is ours."""
        if self.remote is None and self._recognizer is None:
            self._recognizer = load_recognizer(self.model)
        return self._recognizer

    @property
    def target(self) -> Target:
        """The server to stream to; ours only inside `server()`."""
        target = self.remote or self._local
        assert target is not None
        return target

    @contextlib.contextmanager
    def server(self) -> Iterator[ServerProcess | None]:
        """Run a fresh server for one measurement; None when the server is somebody else's."""
        if self.remote is not None:
            yield None
            return
        with ServerProcess(self.model) as server:
            self._local = server.target
            try:
                yield server
            finally:
                self._local = None


def read_plan(arguments: list[str] | None = None) -> Plan:
    """Return the plan that the command line asks for; wrong arguments end the program."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure accuracy, latency, endurance and size."
    )
    parser.add_argument(
        "--only", metavar="PARTS", help=f"comma separated, of {','.join((*PARTS, *CHECKS))}"
    )
    parser.add_argument("--quick", action="store_true", help="fewer clips, shorter soaks")
    parser.add_argument(
        "--data", default=os.environ.get("OYEZ_BENCH_DATA"), help="speech folder, or `sample`"
    )
    parser.add_argument(
        "--model", help=f"engines to measure, comma separated (default {DEFAULT_MODEL})"
    )
    parser.add_argument("--url", help="measure this Soniox-compatible server instead of ours")
    parser.add_argument("--api-key", default=os.environ.get("OYEZ_API_KEY"), help="its key")
    parser.add_argument("--realtime", action="store_true", help="wer and soak at real-time pace")
    parser.add_argument("--keep-pauses", action="store_true", help="soak: do not trim pauses")
    parser.add_argument("--minutes", type=float, help="soak and silence: so much audio (10)")
    parser.add_argument(
        "--budget-ms", type=float, default=1000.0, help="sessions: p95 of the words' lag (1000)"
    )
    parser.add_argument("--json", default="bench/out/result.json", help="where the numbers go")
    given = parser.parse_args(arguments)
    parts = tuple(given.only.split(",")) if given.only else PARTS
    known = (*PARTS, *CHECKS)
    unknown = [part for part in parts if part not in known]
    if unknown:
        parser.error(f"unknown parts: {', '.join(unknown)}; known are {', '.join(known)}")
    if given.url and not given.api_key:
        parser.error("--url needs --api-key or OYEZ_API_KEY")
    try:
        folder = find_folder(given.data, CHECKOUT)
    except FileNotFoundError as error:
        parser.error(str(error))
    remote = None
    if given.url:
        remote = Target(given.url, given.api_key, given.model or REAL_TIME_MODEL)
    models = tuple((given.model or DEFAULT_MODEL).split(","))
    if remote is not None and len(models) > 1:
        parser.error("--url measures one model at a time")
    return Plan(
        parts=parts,
        corpus=Corpus(folder),
        models=models,
        model=models[0],
        remote=remote,
        is_quick=given.quick,
        is_live=given.realtime,
        keeps_pauses=given.keep_pauses,
        minutes=given.minutes,
        budget_s=given.budget_ms / 1000,
        json_path=Path(given.json),
    )
