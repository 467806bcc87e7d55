"""Part `sessions`: how many people one core hears at a time.

The server is held to one core with one worker thread (where the system can do so; the harness then
keeps to the others), and N streams run at real-time pace, endpoint detection on, each with another
recording or another beginning of one, until the words come too late. N begins near what the work
for one stream lets expect, grows or falls until the answer lies between two, and is narrowed down.
Two kinds of streams:

continuous      reading, utterance after utterance with gaps of 0.3 s, as in the data
40 % speech     the same utterances, each followed by digital silence of one and a half its length

N streams are kept up with when

lag             audio sent - `total_audio_proc_ms`, over all messages
word shown      a word ends -> it is first received (server's token times), over all words

are in time, the lag within the budget (`--budget-ms`, 1000) at its 95th percentile and half of the
words within half of it; every stream finishes, and the harness sends its chunks on time (p95 within
50 ms; else the harness was the limit and the result says so). The slowest words are no measure of
load: a word counts as shown when it is right, and those that a later reading corrects take 0.7 to
1.2 s at the 90th percentile of two or three streams, as it depends on what they say. This is
streams per core at a token-lag objective; throughput (audio seconds a second) says less, because a
server that reads files fast may still keep speakers waiting. Reported for each N: both,
`word final`, work for each second of audio, WER (Whisper normaliser) beside that of the same
recordings streamed one at a time, and how many streams said anything else than they did alone.
"""

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from oyez.bench import tables, text
from oyez.bench.audio import Sound, joined, silence
from oyez.bench.corpus import Clip, Segment
from oyez.bench.cost import Cost
from oyez.bench.emission import Tally, judge_words
from oyez.bench.plan import Plan
from oyez.bench.serving import ServerProcess, on_cores, usable_cores
from oyez.bench.stats import Errors, Summary, pooled, summary, word_errors
from oyez.bench.streaming import FAST, LIVE, Stream, Target, run_stream

GROUP = "long"
LONGEST_CLIP_S = 120.0
LENGTHS_S = (12, 24, 60)
"""By size of the run."""
MOST = 96
FIRST_COUNT = 4
"""Where the search begins at a server whose work cannot be seen."""
FILLED = 0.6
"""Where it begins else: so much of a core, by the work for one stream alone at a fast pace, which
does without the readings that only show words early."""
STEP_SHARE = 0.12
"""N is known well enough when the next one that fails is so much more."""
STAGGER_S = 0.37
"""Streams begin one after another, so that their pauses do not come together."""
GOLDEN_RATIO = 0.6180339887
"""Of a recording by this much later than the stream before: its multiples spread evenly over one,
however many there are. Streams that all began with speech would be at the same words together."""
LATE_S = 0.05
PAUSE_FACTOR = 1.5
KINDS = ("continuous", "40 % speech")


@dataclass(frozen=True, slots=True)
class Recording:
    """What one stream says."""

    name: str
    pieces: tuple[tuple[Sound, str], ...]
    """What is said one after another; nothing in the pauses between."""

    @property
    def sound(self) -> Sound:
        """All of it."""
        return joined([sound for sound, _ in self.pieces])

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(said for _, said in self.pieces if said)

    def begun_at(self, share: float) -> "Recording":
        """Return it from a later piece on, with what comes before that at its end.

        Args:
            share: Of its length, from 0 to 1; the piece that begins nearest to it is taken.
        """
        lengths_s = [sound.seconds for sound, _ in self.pieces]
        starts_s = [sum(lengths_s[:index]) for index in range(len(lengths_s))]
        wanted_s = share * sum(lengths_s)
        first = min(range(len(starts_s)), key=lambda index: abs(starts_s[index] - wanted_s))
        if first == 0:
            return self
        return Recording(f"{self.name} from {first}", self.pieces[first:] + self.pieces[:first])


@dataclass(slots=True)
class Load:
    """What came of N streams."""

    count: int
    shown: Summary | None
    final: Summary | None
    lag: Summary | None
    late: Summary | None
    errors: Errors
    alone: Errors
    """Of the same recordings, one at a time."""
    changed: int
    """Streams that said anything else than alone."""
    cost: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def is_kept_up(self, budget_s: float) -> bool:
        """Whether the words came in time."""
        if self.problems or self.shown is None or self.lag is None:
            return False
        return self.lag.p95 <= budget_s and self.shown.p50 <= budget_s / 2

    @property
    def is_harness_late(self) -> bool:
        """Whether the harness itself was too slow to say."""
        return self.late is not None and self.late.p95 > LATE_S


def measure(plan: Plan) -> dict[str, Any]:
    """Find the number of sessions for both kinds; print and return."""
    length_s = float(plan.sized(*LENGTHS_S))
    clips = [c for c in plan.corpus.speech([GROUP]) if c.seconds <= LONGEST_CLIP_S]
    cores = usable_cores()
    result: dict[str, Any] = {"budget_s": plan.budget_s, "length_s": length_s}
    with on_cores(set(cores[1:])) as is_apart:
        if plan.remote is None:
            tables.note(
                "The server has one core of its own."
                if is_apart
                else "The server shares its core with the harness: the counts are too low."
            )
            result["core_of_its_own"] = is_apart
        for kind in KINDS:
            recordings = [build(clip, kind, length_s=length_s) for clip in clips]
            if plan.remote is not None:
                result[kind] = _find(plan, plan.remote, None, kind, recordings)
                continue
            options = ("--workers", "1", "--max-sessions", str(MOST + 1))
            core = cores[0] if cores else None
            with ServerProcess(plan.model, options=options, core=core) as server:
                result[kind] = _find(plan, server.target, server, kind, recordings)
    return result


def build(clip: Clip, kind: str, *, length_s: float) -> Recording:
    """Return the beginning of a recording in whole utterances, with the pauses of a kind."""
    sound = clip.read().at_speech_rate()
    segments = clip.segments() or [Segment(0.0, sound.seconds, clip.text)]
    pieces: list[tuple[Sound, str]] = []
    total_s = 0.0
    for index, segment in enumerate(segments):
        following = segments[index + 1 :][:1]
        end_s = following[0].start_s if following and kind == KINDS[0] else segment.end_s
        said = sound.part(segment.start_s, end_s)
        added = [(said, segment.text)]
        if kind != KINDS[0]:
            added.append((silence(PAUSE_FACTOR * said.seconds), ""))
        added_s = sum(piece.seconds for piece, _ in added)
        if pieces and total_s + added_s > length_s:
            break
        pieces += added
        total_s += added_s
    return Recording(clip.name, tuple(pieces))


def search(keeps_up: Callable[[int], bool], *, first: int, most: int = MOST) -> int:
    """Return the largest count that was kept up with.

    From the first on the count grows by half until one fails, or falls by a third until one is kept
    up with; then the gap between the two is halved.

    Args:
        keeps_up: Tries a count.
        first: Where to begin: the nearer to the answer, the fewer are tried.
        most: No more are tried.
    """
    good, bad = 0, most + 1
    count = min(max(first, 1), most)
    while bad - good > max(1, round(STEP_SHARE * bad)):
        if keeps_up(count):
            good = count
        else:
            bad = count
        if bad > most:
            count = min(max(count + 1, round(1.5 * count)), most)
        elif good == 0:
            count = max(min(count - 1, round(count / 1.5)), 1)
        else:
            count = (good + bad) // 2
    return good


def _find(
    plan: Plan,
    target: Target,
    server: ServerProcess | None,
    kind: str,
    recordings: list[Recording],
) -> dict[str, Any]:
    tables.note(f"\n{kind}, {sum(r.sound.seconds for r in recordings):.0f} s of recordings\n")
    with Cost.of(server) as cost:
        alone = {recording.name: _alone(target, recording) for recording in recordings}
        cost.audio_s = sum(r.sound.seconds for r in recordings)
    work = cost.report().get("server_cpu_per_audio_s")
    loads: list[Load] = []

    def keeps_up(count: int) -> bool:
        chosen = [
            recording.begun_at(index * GOLDEN_RATIO % 1.0)
            for index, recording in enumerate(itertools.islice(itertools.cycle(recordings), count))
        ]
        for recording in chosen:
            if recording.name not in alone:
                alone[recording.name] = _alone(target, recording)
        load = _run(target, server, chosen, alone)
        loads.append(load)
        is_kept_up = load.is_kept_up(plan.budget_s)
        tables.note(f"{count} streams: {'kept up' if is_kept_up else 'too late'}")
        return is_kept_up

    if plan.is_quick:
        count = 1 if keeps_up(1) else 0
    else:
        count = search(keeps_up, first=FIRST_COUNT if work is None else round(FILLED / work))
    loads.sort(key=lambda load: load.count)
    _table(loads)
    for load in loads:
        for problem in load.problems:
            tables.note(f"PROBLEM {load.count} streams: {problem}")
    if any(load.is_harness_late for load in loads):
        tables.note("The harness was late with its chunks where `late` is above 50 ms.")
    tables.note(f"\nKept up with {count} of {kind} within {1000 * plan.budget_s:.0f} ms.")
    return {
        "sessions": count,
        "loads": [_json(load, plan.budget_s) for load in loads],
        "texts_alone": alone,
    }


def _alone(target: Target, recording: Recording) -> str:
    return run_stream(target, recording.sound, pace=FAST, endpoints=True).text


def _run(
    target: Target,
    server: ServerProcess | None,
    chosen: list[Recording],
    alone: dict[str, str],
) -> Load:
    count = len(chosen)
    gate = threading.Event()

    def stream(index: int) -> Stream:
        gate.wait()
        time.sleep(index * STAGGER_S % (STAGGER_S * 10))
        return run_stream(target, chosen[index].sound, pace=LIVE, endpoints=True)

    with Cost.of(server) as cost, ThreadPoolExecutor(count) as pool:
        running = [pool.submit(stream, index) for index in range(count)]
        gate.set()
        streams = [one.result() for one in running]
    tables.note(f"{count} streams:")
    cost.audio_s = sum(item.sound.seconds for item in chosen)
    return judge(chosen, streams, alone, cost.report())


def judge(
    recordings: list[Recording],
    streams: list[Stream],
    alone: dict[str, str],
    cost: dict[str, Any],
) -> Load:
    """Return what came of streams that ran together.

    Args:
        recordings: What each of them said.
        streams: What came back.
        alone: What each recording gave when it was the only one.
        cost: Of the server.
    """
    tally = Tally()
    for index, (recording, stream) in enumerate(zip(recordings, streams, strict=True)):
        source = f"{recording.name} {index}"
        if stream.problem:
            tally.problems.append(f"{source}: {stream.problem}")
            continue
        judge_words(stream, tally, source=source)
        for arrival in stream.arrivals:
            if not arrival.event.finished:
                sent_s = min(arrival.at_s, stream.audio_s)
                tally.add("lag", sent_s - (arrival.event.total_audio_proc_ms or 0) / 1000, source)
    pairs = list(zip(recordings, streams, strict=True))
    return Load(
        count=len(streams),
        shown=tally.summary("word shown"),
        final=tally.summary("word final"),
        lag=tally.summary("lag"),
        late=summary([late_s for stream in streams for late_s in stream.late_s]),
        errors=pooled([_errors(recording, stream.text) for recording, stream in pairs]),
        alone=pooled([_errors(recording, alone[recording.name]) for recording in recordings]),
        changed=sum(stream.text != alone[recording.name] for recording, stream in pairs),
        cost=cost,
        problems=tally.problems,
    )


def _errors(recording: Recording, said: str) -> Errors:
    return word_errors(text.whisper(recording.text), text.whisper(said))


def _table(loads: list[Load]) -> None:
    head = ("streams", "lag p95", "word shown p50", "p90", "p95", "word final p50", "p95")
    rows = []
    for load in loads:
        row = [str(load.count)]
        shown, final = load.shown, load.final
        row.append("-" if load.lag is None else _ms(load.lag.p95))
        row += ["-"] * 3 if shown is None else [_ms(shown.p50), _ms(shown.p90), _ms(shown.p95)]
        row += ["-"] * 2 if final is None else [_ms(final.p50), _ms(final.p95)]
        row.append("-" if load.late is None else _ms(load.late.p95))
        work = load.cost.get("server_cpu_per_audio_s")
        row.append("-" if work is None else f"{work:.3f}")
        row += [f"{load.errors.percent:.2f}", f"{load.alone.percent:.2f}", str(load.changed)]
        rows.append(row)
    more = ("late p95", "CPU s/s", "WER", "alone", "changed")
    tables.note("\n" + tables.table((*head, *more), rows))


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f}"


def _json(load: Load, budget_s: float) -> dict[str, Any]:
    named = {"shown_s": load.shown, "final_s": load.final, "lag_s": load.lag, "late_s": load.late}
    return {
        "streams": load.count,
        "kept_up": load.is_kept_up(budget_s),
        **{name: found.as_dict() for name, found in named.items() if found is not None},
        "wer": round(load.errors.percent, 3),
        "wer_alone": round(load.alone.percent, 3),
        "changed_texts": load.changed,
        **load.cost,
        "problems": load.problems,
    }
