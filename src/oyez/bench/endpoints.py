"""Part `endpoints`: how soon the end of a turn is noticed, and how often a speaker is cut off.

As LiveKit's eot-bench asks it: every silence of 100 ms and more inside a turn is a hesitation that
should be listened through, the last one is the end of the turn; how many are cut off falsely within
a latency budget of 300 and of 600 ms? A turn is a clip of one utterance here, read or spoken;
pauses and edges come from the energy pass (`oyez.bench.energy`), clips on whose edges it is not
sure are left out. Read speech pauses at every full stop and counts as cut off there too, though a
listener might well answer; where references have punctuation, pauses inside sentences are counted
apart, and every false `<end>` of the point chosen for the longest budget is listed with its words.

Clips are streamed at real-time pace, several at a time, three seconds of silence after each, once
for each of the operating points below (protocol fields `endpoint_latency_adjustment_level` and
`endpoint_sensitivity`; `max_endpoint_delay_ms` stays as it is unless given).

delay           the turn's speech ends -> `<end>` is received: silence, chunks of 100 ms in which
                audio comes, and the computing
in audio        the same up to the audio that the server says it had processed when it sent `<end>`
                (`total_audio_proc_ms`): the silence that its rule asked for
turns cut       turns with an `<end>` before their end / turns, with the 95 % Wilson interval
pauses cut      false `<end>`s / pauses of 100 ms and more inside turns, the same interval: the rate
                of false cut-offs
of 200 ms       the same of pauses of 200 ms and more, which is what eot-bench's own figures count

A budget is one for the mean delay, as there. For each the point with the fewest pauses cut is named
among those within it; and the fastest point among those that cut at most 5 and 10 % of the pauses.
The curve between the points is read off straight lines, by either delay.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from oyez.bench import tables
from oyez.bench.cutoffs import ends_of
from oyez.bench.energy import pauses
from oyez.bench.latency import GROUPS, TAIL_S, Utterance, choose
from oyez.bench.outcomes import Outcome, best_within, curves, fastest_within, judge
from oyez.bench.plan import Plan
from oyez.bench.stats import Interval
from oyez.bench.streaming import Stream, run_stream

TURN_GROUPS = (*GROUPS, "en_read_lj")
"""Recordings that end where what is said does. Many others were cut at silences (LibriSpeech's
training set): their ends are pauses like those inside them, and no measure of a delay."""
BUDGETS_S = (0.3, 0.6)
SHARES_CUT = (0.05, 0.1)
SESSIONS = 6
"""At a time; a model that needs more than a third of a core for one is late, and shows it."""
CLIPS, QUICK_CLIPS = 40, 3
LONGEST_S = 20.0
PAUSE_STEPS_S = (0.1, 0.2, 0.3, 0.6, 1.0)
CURVE_S = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


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


def measure(plan: Plan) -> dict[str, Any]:
    """Stream the turns at each operating point; print and return the trade."""
    limit = QUICK_CLIPS if plan.is_quick else CLIPS
    utterances = choose(plan, limit=limit, longest_s=LONGEST_S, groups=TURN_GROUPS)
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
        "mean in audio",
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
    source = ", ".join(TURN_GROUPS) if plan.corpus.has_groups else plan.corpus.title
    tables.note(
        f"\n{len(utterances)} turns of {seconds / 60:.1f} minutes in all, from {source}; pauses "
        f"inside them: {steps}."
    )
    curve = _curves(outcomes)
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
    if (name := chosen[f"{1000 * BUDGETS_S[-1]:.0f}"]) is not None:
        tables.note(f"\nWhat {name} cut off:")
        for turn in outcomes[name].turns:
            for cut in turn.cuts:
                tables.note(cut.describe(turn.name))
    for problem in problems:
        tables.note(f"PROBLEM {problem}")
    return {
        "turns": len(utterances),
        "source": source,
        "speech_s": round(seconds, 1),
        "points": {name: _json(outcome) for name, outcome in outcomes.items()},
        "percent_cut_at_ms": curve,
        "best_within_ms": chosen,
        "fastest_within_percent_cut": fastest,
        "pauses_s": [round(seconds, 2) for seconds in sorted(inner)],
        "problems": problems,
    }


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
        turns.append(judge(utterance.name, ends_of(found), utterance, found.words))
    return Outcome(turns)


def _row(name: str, outcome: Outcome) -> list[str]:
    delay = outcome.delay
    mean_s, audio_s = outcome.mean_delay_s, outcome.mean_audio_delay_s
    cells = ["-", "-", "-", "-", "-"]
    if delay is not None and mean_s is not None and audio_s is not None:
        cells = [
            f"{1000 * mean_s:.0f} ms",
            f"{1000 * delay.p50:.0f} ms",
            tables.span_ms(delay.p50_95),
            f"{1000 * delay.p95:.0f} ms",
            f"{1000 * audio_s:.0f} ms",
        ]
    for count, total in (
        (outcome.turns_cut, len(outcome.turns)),
        (outcome.false_ends, outcome.pauses),
        (outcome.false_ends, outcome.longer_pauses),
    ):
        cells += [f"{count}/{total}", tables.interval(wilson(min(count, total), total))]
    return [name, *cells, str(outcome.missed)]


def _curves(outcomes: dict[str, Outcome]) -> dict[str, dict[str, float | None]]:
    """Print and return the shares of pauses cut at mean delays, in percent."""
    some = next(iter(outcomes.values()))
    titles = {
        "all, received": f"all {some.pauses}, received",
        "all, in audio": f"all {some.pauses}, in audio",
        "inside sentences, in audio": (
            f"{some.inside} inside sentences ({len(some.told)} turns), in audio"
        ),
    }
    found = curves(outcomes.values(), CURVE_S)
    rows = [
        [title, *("-" if share is None else f"{share:.1f} %" for share in found[kind].values())]
        for kind, title in titles.items()
    ]
    head = [f"{1000 * delay_s:.0f} ms" for delay_s in CURVE_S]
    tables.note("\n" + tables.table(("pauses cut at a mean delay of", *head), rows))
    return found


def _share(count: int, total: int) -> str:
    low, high = wilson(min(count, total), total)
    return f"{100 * count / max(total, 1):.1f} % ({low:.1f} to {high:.1f})"


def _json(outcome: Outcome) -> dict[str, Any]:
    delay = outcome.delay
    return {
        "delay_s": None if delay is None else delay.as_dict(),
        "mean_delay_s": outcome.mean_delay_s and round(outcome.mean_delay_s, 4),
        "mean_audio_delay_s": outcome.mean_audio_delay_s and round(outcome.mean_audio_delay_s, 4),
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
        "pauses_inside_sentences": outcome.inside,
        "false_ends_inside_sentences": outcome.inside_cuts,
        "turns_with_known_sentences": len(outcome.told),
        "cuts": [{"turn": turn.name, **asdict(cut)} for turn in outcome.turns for cut in turn.cuts],
        "missed": outcome.missed,
        "tail_s": TAIL_S,
    }
