"""Running all kinds of cases, and the tables about them."""

import asyncio
import ctypes
import gc
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
from starlette.applications import Starlette

from bench.fuzz import controls, starts, streams, wire
from bench.fuzz.arena import Arena, Make, Tally, in_process, over_sockets, random_of
from bench.fuzz.case import BrokenPromiseError
from oyez.bench import tables
from oyez.bench.plan import Plan

CASES: Final = 100_000
QUICK_CASES: Final = 5_000
PARTS: Final = 10
"""Memory is read after each such part of a kind's cases."""
LISTED: Final = 20
ENOUGH: Final = 5_000
"""Cases of a kind without which growth shows nothing."""
NOISE_MB: Final = 10.0
"""What the allocator keeps at one time and not at another."""
MB_PER_1000: Final = 2.0
"""Growth of memory that counts as a leak, over the second half of a kind's cases."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of cases."""

    make: Make
    arena: Callable[[], AbstractAsyncContextManager[Arena]]
    share: float
    """Of all cases."""
    at_once: int | None = None
    """How many run at the same time; None for as many as an arena takes."""


KINDS: Final[dict[str, Kind]] = {
    "starts": Kind(starts.make, in_process, 0.60),
    "controls": Kind(controls.make, in_process, 0.20),
    "timed": Kind(
        controls.make_timed, lambda: in_process(limits=controls.TIMED_LIMITS), 0.07, at_once=1
    ),
    "streams": Kind(streams.make, in_process, 0.12),
    "wire": Kind(wire.make, over_sockets, 0.01),
}


def measure(plan: Plan) -> dict[str, Any]:
    """Run all kinds with a new seed; print and return what became of them."""
    return run(
        seed=random.SystemRandom().randrange(1 << 32),
        cases=QUICK_CASES if plan.is_quick else CASES,
    )


def run(*, seed: int, cases: int, kinds: tuple[str, ...] = tuple(KINDS)) -> dict[str, Any]:
    """Run so many cases, shared out over the kinds; print and return what became of them.

    Returns:
        `seed`, `kinds` and `failures`, which is empty when every promise held.
    """
    tables.note(f"Seed {seed}.\n")
    total = sum(KINDS[kind].share for kind in kinds)
    results = {}
    failures: list[str] = []
    for kind in kinds:
        count = max(round(cases * KINDS[kind].share / total), 1)
        tally, memory_mb, threads = asyncio.run(_run_kind(kind, seed, count))
        results[kind] = tally.as_dict() | {"memory_mb": memory_mb, "threads": threads}
        failures += [str(failure) for failure in tally.failures]
        leak = _leak(memory_mb, count)
        if leak:
            failures.append(f"{kind}: {leak}")
        tables.note(_line(kind, tally, memory_mb, threads))
    tables.note("\n" + _table(results))
    for failure in failures[:LISTED]:
        tables.note(f"\nFAILED {failure}")
    if len(failures) > LISTED:
        tables.note(f"\n... and {len(failures) - LISTED} more.")
    return {"seed": seed, "kinds": results, "failures": failures}


def run_one(*, seed: int, kind: str, number: int) -> str:
    """Run one case alone and return what became of it."""

    async def one() -> str:
        async with KINDS[kind].arena() as arena:
            _set_clock(kind, arena)
            case = KINDS[kind].make(random_of(seed, kind, number))
            tables.note(repr(case))
            try:
                return await arena.run(case)
            except BrokenPromiseError as problem:
                return f"FAILED {problem}"

    return asyncio.run(one())


async def _run_kind(kind: str, seed: int, count: int) -> tuple[Tally, list[float], int]:
    """Run the cases of one kind; return their tally, memory on the way, and threads left over."""
    process = psutil.Process()
    tally = Tally(kind)
    memory_mb: list[float] = []
    async with KINDS[kind].arena() as arena:
        _set_clock(kind, arena)
        for part in range(PARTS):
            numbers = range(count * part // PARTS, count * (part + 1) // PARTS)
            make, at_once = KINDS[kind].make, KINDS[kind].at_once
            began_s = time.monotonic()
            tally.add(await arena.run_all(kind, make, numbers, seed=seed, at_once=at_once))
            tally.seconds += time.monotonic() - began_s
            memory_mb.append(_memory_mb(process))
        return tally, memory_mb, arena.new_threads()


def _memory_mb(process: psutil.Process) -> float:
    """Return the memory that is held, without what the allocator could give back at once."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
    if trim is not None:
        trim(0)
    return round(float(process.memory_info().rss) / 1e6, 1)


def _set_clock(kind: str, arena: Arena) -> None:
    if kind == "timed" and isinstance(arena.ground, Starlette):
        controls.JumpingClock().rule(arena.ground)


def _leak(memory_mb: list[float], count: int) -> str:
    """Return what has grown, or nothing; the first half warms up."""
    if count < ENOUGH:
        return ""
    half = PARTS // 2
    grown_mb = min(memory_mb[-3:]) - min(memory_mb[half - 2 : half + 1])
    rate = grown_mb / (count / 2_000)
    if grown_mb <= NOISE_MB or rate <= MB_PER_1000:
        return ""
    return f"leak: memory grew by {rate:.1f} MB for 1,000 cases: {memory_mb}"


def _line(kind: str, tally: Tally, memory_mb: list[float], threads: int) -> str:
    endings = ", ".join(f"{name} {count}" for name, count in tally.endings.most_common())
    grown = f"{memory_mb[0]:.0f} -> {memory_mb[PARTS // 2]:.0f} -> {memory_mb[-1]:.0f} MB"
    return f"{kind}: {endings}; memory {grown}, threads +{threads}"


def _table(results: dict[str, dict[str, Any]]) -> str:
    head = (
        "kind",
        "cases",
        "well",
        "refused",
        "crash",
        "hang",
        "unanswered",
        "wrong",
        "leak",
        "/s",
    )
    rows = []
    for kind, result in results.items():
        kinds = Counter(text.split(": ")[1] for text in result["failures"])
        failed = result["endings"].get("FAILED", 0)
        well = sum(result["endings"].get(name, 0) for name in ("accepted", "finished", "gone"))
        cells = (result["cases"], well, result["cases"] - well - failed)
        found = (kinds[name] for name in ("crash", "hang", "unanswered", "wrong", "leak"))
        rows.append([kind, *map(str, (*cells, *found)), f"{result['cases_per_s']:.0f}"])
    return tables.table(head, rows)
