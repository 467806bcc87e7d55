"""Where cases are run: many at a time against one application, with everything watched."""

import asyncio
import contextlib
import gc
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from starlette.applications import Starlette

from bench.autobahn.serving import EchoingServer
from bench.fuzz.case import KEY, BrokenPromiseError, Case, Failure, shrunk
from bench.fuzz.peer import PeerError, serving
from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, ScriptedRecognizer, ScriptedVad
from oyez.protocol.limits import Limits
from oyez.runtime.local import LocalRuntime
from oyez.server.hub import Engines, Hub
from oyez.server.settings import Settings

BATCH: Final = 64
"""Cases that run at the same time."""
QUIET_S: Final = 5.0
"""How long the server may take to let go of everything once all clients have left."""
LOGGERS: Final = ("oyez", "uvicorn", "asyncio")

Make = Callable[[Random], Case]


class Watch(logging.Handler):
    """Collects what was logged as an error and what reached the event loop."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({record.exc_info[1]!r})"
        self.seen.append(text)

    def loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep an exception of the event loop."""
        del loop
        self.seen.append(f"{context.get('message')} ({context.get('exception')!r})")

    def take(self) -> list[str]:
        """Return what was seen since the last call."""
        seen, self.seen = self.seen, []
        return seen


@contextlib.contextmanager
def watching() -> Iterator[Watch]:
    """Watch the loggers of a server; what they are told is kept from the terminal."""
    watch = Watch()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(watch)
        logger.setLevel(logging.ERROR)
        logger.propagate = False
    try:
        yield watch
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(watch)
            logger.setLevel(level)
            logger.propagate = propagate


@dataclass(slots=True)
class Tally:
    """What became of the cases of one kind."""

    kind: str
    cases: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        """Take in what became of other cases."""
        self.cases += other.cases
        self.endings += other.endings
        self.failures += other.failures

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "cases": self.cases,
            "endings": dict(self.endings.most_common()),
            "failures": [str(failure) for failure in self.failures],
            "cases_per_s": round(self.cases / max(self.seconds, 1e-9), 1),
        }


class Arena:
    """Something that cases are run against.

    Args:
        ground: What the cases are given.
        leftovers: Counts what is still held for clients.
        watch: Its log.
    """

    def __init__(
        self,
        ground: Starlette | EchoingServer,
        leftovers: Callable[[], dict[str, int]],
        watch: Watch,
    ) -> None:
        self.ground = ground
        self._leftovers = leftovers
        self._watch = watch
        self._tasks = len(asyncio.all_tasks())
        self._threads = threading.active_count()

    async def run(self, case: Case) -> str:
        """Run one case alone; see `Case.run`. What it leaves behind counts as well."""
        ending = await self._attempt(case)
        await self._check_nothing_is_left()
        return ending

    async def run_all(
        self,
        kind: str,
        make: Make,
        numbers: Sequence[int],
        *,
        seed: int,
        at_once: int | None = None,
    ) -> Tally:
        """Run the cases of these numbers, many at a time; failures are made small."""
        tally = Tally(kind)
        size = at_once or BATCH
        for at in range(0, len(numbers), size):
            batch = numbers[at : at + size]
            cases = [make(random_of(seed, kind, number)) for number in batch]
            endings = await asyncio.gather(*map(self._attempt, cases), return_exceptions=True)
            problem = await self._left_behind()
            for number, case, ending in zip(batch, cases, endings, strict=True):
                tally.cases += 1
                if isinstance(ending, str) and not problem:
                    tally.endings[ending] += 1
                    continue
                found = ending if isinstance(ending, BaseException) else await self._alone(case)
                if found is not None:
                    tally.endings["FAILED"] += 1
                    tally.failures.append(await self._failure(kind, seed, number, case, found))
                else:
                    tally.endings[str(ending)] += 1
            if problem and not tally.failures:
                text = f"{problem}, by cases {batch[0]} to {batch[-1]} together"
                tally.failures.append(Failure(kind, seed, batch[0], text, "none alone"))
        return tally

    async def _failure(
        self, kind: str, seed: int, number: int, case: Case, found: BaseException
    ) -> Failure:
        async def fails(candidate: Case) -> bool:
            other = await self._alone(candidate)
            # The same problem, by its first words: what follows are facts, which may change.
            return other is not None and f"{other}"[:30] == f"{found}"[:30]

        smallest = await shrunk(case, fails)
        return Failure(kind, seed, number, f"{found}", repr(smallest)[:2_000])

    async def _alone(self, case: Case) -> BaseException | None:
        try:
            await self.run(case)
        except BrokenPromiseError as problem:
            return problem
        return None

    async def _attempt(self, case: Case) -> str:
        try:
            return await case.run(self.ground)
        except BrokenPromiseError:
            raise
        except TimeoutError as error:
            raise BrokenPromiseError("hang", str(error) or "nothing came in time") from error
        except PeerError as error:
            raise BrokenPromiseError("wrong", str(error)) from error
        except Exception as error:
            raise BrokenPromiseError("crash", repr(error)) from error

    async def _check_nothing_is_left(self) -> None:
        problem = await self._left_behind()
        if problem:
            raise BrokenPromiseError("crash" if "logged" in problem else "leak", problem)

    async def _left_behind(self) -> str:
        """Return what is still there although every client has gone, or nothing."""
        for _ in range(1_000):
            left = self._leftovers()
            left["tasks"] = max(len(asyncio.all_tasks()) - self._tasks, 0)
            if not any(left.values()):
                break
            await asyncio.sleep(QUIET_S / 1_000)
        problems = [f"{count} {name} left" for name, count in left.items() if count]
        problems += [f"logged: {text}" for text in self._watch.take()[:3]]
        return "; ".join(problems)

    def new_threads(self) -> int:
        """Return by how much the threads have grown."""
        return max(threading.active_count() - self._threads, 0)


@contextlib.asynccontextmanager
async def in_process(*, limits: Limits | None = None) -> AsyncIterator[Arena]:
    """Run an application with the scripted engine, and watch it."""
    recognizer = ScriptedRecognizer(DEFAULT_SCRIPT, period_ms=DEFAULT_PERIOD_MS)

    def load(settings: Settings) -> Engines:
        return Engines(LocalRuntime(recognizer, workers=settings.workers), ScriptedVad())

    settings = Settings(
        api_key=KEY, model="scripted", workers=2, max_sessions=10_000, limits=limits or Limits()
    )
    with watching() as watch:
        async with serving(settings, load=load) as app:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(watch.loop_failed)
            try:
                yield Arena(app, lambda: _held(app.state.hub, recognizer), watch)
            finally:
                loop.set_exception_handler(None)
                gc.collect()


@contextlib.asynccontextmanager
async def over_sockets() -> AsyncIterator[Arena]:
    """Run a server at a port of its own, and watch it."""
    with (
        watching() as watch,
        EchoingServer(Settings(api_key=KEY, port=0, model="scripted")) as server,
    ):

        def held() -> dict[str, int]:
            return {"streams": server.hub.stream_count, "sockets": server.socket_count}

        yield Arena(server, held, watch)


def _held(hub: Hub, recognizer: ScriptedRecognizer) -> dict[str, int]:
    return {"streams": hub.stream_count, "engine streams": recognizer.open_streams}


def random_of(seed: int, kind: str, number: int) -> Random:
    """Return the randomness of one case: the same for the same three, whatever else is run."""
    return Random(f"{seed}/{kind}/{number}")
