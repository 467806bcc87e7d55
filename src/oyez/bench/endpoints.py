"""Part `endpoints`: how soon the end of a turn is noticed, and how often a speaker is cut off.

As LiveKit's eot-bench asks it: every silence of 100 ms and more inside a turn is a hesitation that
should be listened through, the last one is the end of the turn; how many are cut off falsely within
a latency budget of 300 and of 600 ms? A turn is a clip of one utterance here, read or spoken;
pauses and edges come from the energy pass (`oyez.bench.energy`), clips on whose edges it is not
sure are left out. Read speech pauses at every full stop and counts as cut off there too, though a
listener might well answer.

Clips are streamed at real-time pace, several at a time, three seconds of silence after each, once
for each of the operating points below (protocol fields `endpoint_latency_adjustment_level` and
`endpoint_sensitivity`; `max_endpoint_delay_ms` stays as it is unless given).

delay           the turn's speech ends -> `<end>` is received: silence, chunks of 100 ms in which
                audio comes, and the computing
turns cut       turns with an `<end>` before their end / turns, with the 95 % Wilson interval
pauses cut      false `<end>`s / pauses of 100 ms and more inside turns, the same interval: the rate
                of false cut-offs
of 200 ms       the same of pauses of 200 ms and more, which is what eot-bench's own figures count

A budget is one for the mean delay, as there. For each the point with the fewest pauses cut is named
among those within it; and the fastest point among those that cut at most 5 and 10 % of the pauses.
"""

import math
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from oyez.bench import tables
from oyez.bench.energy import pauses
from oyez.bench.latency import GROUPS, TAIL_S, Utterance, choose
from oyez.bench.plan import Plan
from oyez.bench.stats import Interval, Summary, summary
from oyez.bench.streaming import Stream, run_stream
from oyez.protocol.tokens import TOKEN_TEXT_END

SHORTEST_PAUSE_S = 0.1
LONGER_PAUSE_S = 0.2
BUDGETS_S = (0.3, 0.6)
SHARES_CUT = (0.05, 0.1)
SESSIONS = 6
"""At a time; a model that needs more than a third of a core for one is late, and shows it."""
CLIPS, QUICK_CLIPS = 40, 3
LONGEST_S = 20.0
PAUSE_STEPS_S = (0.1, 0.2, 0.3, 0.6, 1.0)


@dataclass(frozen=True, slots=True)
class Point:
    """Settings that decide how long a silence ends a turn."""

    level: int
    sensitivity: float

    @property
    def name(self) -> str:
        """How tables name it."""
        return f"level {self.level}, sensitivity {self.sensitivity:g}"

    def options(self) -> dict[str, object]:
        """Return its fields of the start message."""
        return {
            "endpoint_latency_adjustment_level": self.level,
            "endpoint_sensitivity": self.sensitivity,
        }


POINTS = (Point(0, -0.5), Point(0, 0.0), Point(1, 0.0), Point(2, 0.0), Point(3, 0.0), Point(3, 1.0))
QUICK_POINTS = (Point(0, 0.0), Point(3, 1.0))


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of one turn."""

    name: str
    pauses: int
    """Of 100 ms and more, inside."""
    false_ends: int
    delay_s: float | None
    """From its end to `<end>`; None when none came."""
    longer_pauses: int = 0
    """Of 200 ms and more, inside."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all turns at one operating point."""

    turns: list[Turn]

    @property
    def delay(self) -> Summary | None:
        """How long the ends of turns took."""
        known = [(turn.delay_s, turn.name) for turn in self.turns if turn.delay_s is not None]
        return summary([delay_s for delay_s, _ in known], [name for _, name in known])

    @property
    def mean_delay_s(self) -> float | None:
        """How long they took on average; None when no end was noticed."""
        known = [turn.delay_s for turn in self.turns if turn.delay_s is not None]
        return statistics.fmean(known) if known else None

    @property
    def turns_cut(self) -> int:
        """Turns with a false end."""
        return sum(turn.false_ends > 0 for turn in self.turns)

    @property
    def false_ends(self) -> int:
        """All false ends."""
        return sum(turn.false_ends for turn in self.turns)

    @property
    def pauses(self) -> int:
        """All pauses inside turns."""
        return sum(turn.pauses for turn in self.turns)

    @property
    def longer_pauses(self) -> int:
        """All of 200 ms and more."""
        return sum(turn.longer_pauses for turn in self.turns)

    @property
    def missed(self) -> int:
        """Turns whose end was not noticed while the silence lasted."""
        return sum(turn.delay_s is None for turn in self.turns)

    @property
    def cut_share(self) -> float:
        """Share of the pauses that were cut: false ends for each."""
        return self.false_ends / max(self.pauses, 1)


def measure(plan: Plan) -> dict[str, Any]:
    """Stream the turns at each operating point; print and return the trade."""
    utterances = choose(plan, limit=QUICK_CLIPS if plan.is_quick else CLIPS, longest_s=LONGEST_S)
    problems: list[str] = []
    outcomes: dict[str, Outcome] = {}
    with plan.server():
        for point in QUICK_POINTS if plan.is_quick else POINTS:
            outcomes[point.name] = _run(plan, utterances, point, problems)
    rows = [_row(name, outcome) for name, outcome in outcomes.items()]
    head = (
        "operating point",
        "delay mean",
        "p50",
        "95 %",
        "p95",
        "turns cut",
        "95 %",
        "pauses cut",
        "95 %",
        "of 200 ms",
        "95 %",
    )
    tables.note(tables.table((*head, "missed"), rows))
    inner = [pause.seconds for item in utterances for pause in pauses(item.spans)]
    steps = ", ".join(
        f"{sum(seconds >= step for seconds in inner)} of {1000 * step:.0f} ms and more"
        for step in PAUSE_STEPS_S
    )
    seconds = sum(item.end_s - item.onset_s for item in utterances)
    source = ", ".join(GROUPS) if plan.corpus.has_groups else plan.corpus.title
    tables.note(
        f"\n{len(utterances)} turns of {seconds / 60:.1f} minutes in all, from {source}; pauses "
        f"inside them: {steps}."
    )
    chosen = {}
    for budget_s in BUDGETS_S:
        name = best_within(outcomes, budget_s)
        chosen[f"{1000 * budget_s:.0f}"] = name
        said = "no point has a mean delay within it"
        if name is not None:
            outcome = outcomes[name]
            said = (
                f"{_share(outcome.false_ends, outcome.pauses)} of pauses and "
                f"{_share(outcome.turns_cut, len(outcome.turns))} of turns cut off ({name})"
            )
        tables.note(f"Budget {1000 * budget_s:.0f} ms: {said}.")
    fastest = {}
    for share in SHARES_CUT:
        name = fastest_within(outcomes, share)
        mean_s = None if name is None else outcomes[name].mean_delay_s
        fastest[f"{100 * share:.0f}"] = name
        said = "no point cuts so few"
        if mean_s is not None:
            said = f"{1000 * mean_s:.0f} ms ({name})"
        tables.note(f"Mean delay at {100 * share:.0f} % of pauses cut off: {said}.")
    for problem in problems:
        tables.note(f"PROBLEM {problem}")
    return {
        "turns": len(utterances),
        "source": source,
        "speech_s": round(seconds, 1),
        "points": {name: _json(outcome) for name, outcome in outcomes.items()},
        "best_within_ms": chosen,
        "fastest_within_percent_cut": fastest,
        "pauses_s": [round(seconds, 2) for seconds in sorted(inner)],
        "problems": problems,
    }


def judge(name: str, ends_s: Sequence[float], utterance: Utterance) -> Turn:
    """Return what became of a turn.

    All `<end>`s are false but the last, and that one too if it came before the speech had ended. An
    `<end>` that a pause inside the turn caused is false even if it comes late.

    Args:
        name: Of the recording.
        ends_s: When each `<end>` was received.
        utterance: The turn.
    """
    inner = [pause.seconds for pause in pauses(utterance.spans)]
    delay_s = ends_s[-1] - utterance.end_s if ends_s else None
    if delay_s is not None and delay_s <= 0.0:
        delay_s = None
    return Turn(
        name,
        sum(seconds >= SHORTEST_PAUSE_S for seconds in inner),
        len(ends_s) - (delay_s is not None),
        delay_s,
        sum(seconds >= LONGER_PAUSE_S for seconds in inner),
    )


def best_within(outcomes: dict[str, Outcome], budget_s: float) -> str | None:
    """Return the operating point with the fewest pauses cut whose mean delay is within a budget.

    Of equals the faster one.
    """
    able = [
        (outcome.cut_share, mean_s, name)
        for name, outcome in outcomes.items()
        if (mean_s := outcome.mean_delay_s) is not None and mean_s <= budget_s
    ]
    return min(able)[2] if able else None


def fastest_within(outcomes: dict[str, Outcome], share_cut: float) -> str | None:
    """Return the operating point with the shortest mean delay that cuts no more of the pauses."""
    able = [
        (mean_s, name)
        for name, outcome in outcomes.items()
        if (mean_s := outcome.mean_delay_s) is not None and outcome.cut_share <= share_cut
    ]
    return min(able)[1] if able else None


def wilson(count: int, total: int) -> Interval:
    """Return the 95 % interval of a share, in percent (Wilson, 1927)."""
    if not total:
        return (0.0, 100.0)
    z = 1.96
    share = count / total
    centre = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 100.0 / (1 + z * z / total)
    return max(scale * (centre - half), 0.0), min(scale * (centre + half), 100.0)


def _run(plan: Plan, utterances: list[Utterance], point: Point, problems: list[str]) -> Outcome:
    target, options = plan.target, point.options()

    def stream(utterance: Utterance) -> Stream:
        return run_stream(target, utterance.sound, endpoints=True, options=options)

    with ThreadPoolExecutor(SESSIONS) as pool:
        streams = list(pool.map(stream, utterances))
    turns = []
    for utterance, found in zip(utterances, streams, strict=True):
        if found.problem:
            problems.append(f"{utterance.name}, {point.name}: {found.problem}")
            continue
        turns.append(judge(utterance.name, found.marker_times(TOKEN_TEXT_END), utterance))
    return Outcome(turns)


def _row(name: str, outcome: Outcome) -> list[str]:
    delay = outcome.delay
    mean_s = outcome.mean_delay_s
    cells = ["-", "-", "-", "-"]
    if delay is not None and mean_s is not None:
        cells = [
            f"{1000 * mean_s:.0f} ms",
            f"{1000 * delay.p50:.0f} ms",
            tables.span_ms(delay.p50_95),
            f"{1000 * delay.p95:.0f} ms",
        ]
    for count, total in (
        (outcome.turns_cut, len(outcome.turns)),
        (outcome.false_ends, outcome.pauses),
        (outcome.false_ends, outcome.longer_pauses),
    ):
        cells += [f"{count}/{total}", tables.interval(wilson(min(count, total), total))]
    return [name, *cells, str(outcome.missed)]


def _share(count: int, total: int) -> str:
    low, high = wilson(min(count, total), total)
    return f"{100 * count / max(total, 1):.1f} % ({low:.1f} to {high:.1f})"


def _json(outcome: Outcome) -> dict[str, Any]:
    delay = outcome.delay
    return {
        "delay_s": None if delay is None else delay.as_dict(),
        "mean_delay_s": outcome.mean_delay_s and round(outcome.mean_delay_s, 4),
        "turns": len(outcome.turns),
        "turns_cut": outcome.turns_cut,
        "turns_cut_95": [
            round(bound, 2) for bound in wilson(outcome.turns_cut, len(outcome.turns))
        ],
        "false_ends": outcome.false_ends,
        "false_ends_95": [
            round(bound, 2)
            for bound in wilson(min(outcome.false_ends, outcome.pauses), outcome.pauses)
        ],
        "pauses": outcome.pauses,
        "longer_pauses": outcome.longer_pauses,
        "missed": outcome.missed,
        "tail_s": TAIL_S,
    }
