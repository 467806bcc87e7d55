"""Part `wer`: what streaming costs in accuracy.

The same bytes are read in three ways. `once`: the model decodes the whole clip, one pass, the most
probable piece each time, as its publisher does. `offline`: the engine reads the whole clip as it
reads the end of an utterance, a second time where the model doubts itself: the best there is.
`streamed`: through a real server by the SDK, in chunks of 100 ms, as fast as answers come; only
final tokens count. The differences are the price of streaming, against either.

Models of this kind are brittle: where a recording begins, by hundredths of a second, moves the rate
of a whole set by half a point, in every way of reading. So each clip is read from several
beginnings, with `LEADS_S` of silence before it, in all three ways, and the rates are those of all
beginnings together. (Long recordings have many beginnings in them, and are read once; so is
everything at somebody else's server.)

WER is pooled: errors of all clips / words of all references, after the Whisper English normaliser
(as in the Open ASR Leaderboard); `plain` is lower case without punctuation. The 95 % intervals are
a paired bootstrap over clips (Bisani and Ney, ICASSP 2004). Clips longer than the engine's longest
window are listed apart: offline, each segment of the reference is read alone where the data names
the segments, else pieces cut in the middle of pauses. Clips of digits, which the normaliser writes
as one number, are left out and named.

Confidence: final words in ten bins of it, with the share that the reference has at their places
(`oyez.bench.reliability`).
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from oyez.bench import reliability, tables, text
from oyez.bench.audio import Sound, joined, silence
from oyez.bench.corpus import Clip
from oyez.bench.cost import Cost
from oyez.bench.offline import Offline
from oyez.bench.plan import Plan
from oyez.bench.stats import (
    Errors,
    bootstrap_difference,
    bootstrap_wer,
    pooled,
    word_errors,
)
from oyez.bench.streaming import FAST, LIVE, Stream, Target, run_stream

GROUPS = (
    "en_read",
    "en_read_fleurs",
    "en_read_ls_test_other",
    "en_read_ls_train_clean",
    "en_read_lj",
    "en_spont",
    "en_cmd",
    "en_cmd_alnum",
    "tel_8k",
    "noisy",
    "long",
)
LEADS_S = (0.0, 0.053, 0.117)
"""Silence before a clip. In steps of the models' vectors, 24 ms, and of chunks, 100 ms, each falls
elsewhere."""
QUICK_CLIPS = 4
"""Of each group."""
QUICK_LONGEST_S = 120.0
HEAD = (
    *("clips", "words", "once", "offline", "streamed", "95 %"),
    *("to once", "95 %", "to offline", "95 %", "plain off/str"),
)
WORST = 8
SESSIONS = 2
"""Streams at a time."""


class Way(Enum):
    """How a clip is read."""

    ONCE = "once"
    OFFLINE = "offline"
    STREAMED = "streamed"


@dataclass(frozen=True, slots=True)
class Take:
    """One clip from one beginning."""

    clip: Clip
    lead_s: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.clip.seconds + self.lead_s

    def read(self) -> Sound:
        """Read the audio, with the silence before it."""
        sound = self.clip.read()
        if not self.lead_s:
            return sound
        return joined([silence(self.lead_s, sound.rate_hz), sound])

    def read_offline(self, offline: Offline) -> str:
        """Have the engine read it without a server."""
        return offline.read(self.read()) if self.lead_s else offline.read_clip(self.clip)


@dataclass(slots=True)
class Reading:
    """One clip, read in each way from each beginning."""

    clip: Clip
    is_long: bool
    streams: list[Stream] = field(default_factory=list)
    texts: dict[Way, list[str]] = field(default_factory=dict)
    """What was read of it without a server; empty when another's server is measured."""

    def said(self, way: Way) -> list[str]:
        """Return what one way made of it, from each beginning."""
        if way is Way.STREAMED:
            return [stream.text for stream in self.streams]
        return self.texts[way]

    def errors(self, way: Way, *, is_plain: bool = False) -> Errors:
        """Return the errors of one way, of all beginnings together."""
        normalise = text.plain if is_plain else text.whisper
        reference = normalise(self.clip.text)
        return pooled([word_errors(reference, normalise(said)) for said in self.said(way)])

    @property
    def words(self) -> int:
        """Words of the reference."""
        return self.errors(Way.STREAMED).words // len(self.streams)


def measure(plan: Plan) -> dict[str, Any]:
    """Read everything both ways; print and return the rates."""
    known = plan.corpus.speech(GROUPS)
    clips = [clip for clip in known if is_comparable(clip.text)]
    left_out = [clip.name for clip in known if clip not in clips]
    if left_out:
        tables.note(f"Left out, the normaliser makes one number of them: {', '.join(left_out)}.")
    if plan.is_quick:
        clips = _some(clips)
    longest_s = float("inf")
    if plan.recognizer is not None:
        longest_s = plan.recognizer.capabilities.max_window_ms / 1000
    readings = [Reading(clip, clip.seconds + max(LEADS_S) > longest_s) for clip in clips]
    takes = [
        (reading, Take(reading.clip, lead_s))
        for reading in readings
        for lead_s in (LEADS_S if has_beginnings(plan, reading) else LEADS_S[:1])
    ]
    offline_work = _read_offline(plan, takes)
    audio_s = sum(take.seconds for _, take in takes)
    with plan.server() as server, Cost.of(server) as cost:
        cost.audio_s = audio_s
        began_s = time.perf_counter()
        with ThreadPoolExecutor(SESSIONS) as pool:
            streams = list(pool.map(lambda item: _stream(plan, item[1]), takes))
        wall_s = time.perf_counter() - began_s
    for (reading, _), stream in zip(takes, streams, strict=True):
        reading.streams.append(stream)
    result: dict[str, Any] = {
        "groups": _table([reading for reading in readings if not reading.is_long], "clip groups"),
        "long": _table(
            [reading for reading in readings if reading.is_long], "longer than a window"
        ),
        "overall": _row("overall", readings)[0] if readings else {},
        "audio_s": round(audio_s, 1),
        "streamed_times_real_time": round(audio_s / wall_s, 2),
        "left_out": left_out,
        "problems": {
            reading.clip.name: stream.problem
            for reading in readings
            for stream in reading.streams
            if stream.problem
        },
        "clips": [_clip_json(reading) for reading in readings],
    }
    _worst(readings)
    result["confidence"] = reliability.report(
        [(reading.clip.text, stream.words) for reading in readings for stream in reading.streams]
    )
    tables.note(
        f"\n{len(clips)} clips, with all beginnings {audio_s:.0f} s of audio, streamed by "
        f"{SESSIONS} sessions at {audio_s / wall_s:.1f} times real time."
    )
    if offline_work is not None:
        result["offline_work_per_audio_s"] = round(offline_work, 4)
        tables.note(f"Offline: {offline_work:.3f} CPU seconds a second of audio.")
    result |= cost.report()
    for name, problem in result["problems"].items():
        tables.note(f"PROBLEM {name}: {problem}")
    return result


def is_comparable(reference: str) -> bool:
    """Return whether the normaliser leaves at least half of a reference's words."""
    return 2 * len(text.whisper(reference).split()) >= len(text.plain(reference).split())


def has_beginnings(plan: Plan, reading: Reading) -> bool:
    """Whether a clip is read from more than one beginning."""
    return plan.remote is None and not plan.is_quick and not reading.is_long


def _read_offline(plan: Plan, takes: list[tuple[Reading, Take]]) -> float | None:
    """Have our engine read everything without a server, in both ways.

    Returns:
        CPU seconds for each second of audio, of careful reading; None when the engine is not ours.
    """
    if plan.recognizer is None:
        return None
    work = 0.0
    for way in (Way.ONCE, Way.OFFLINE):
        offline = Offline(plan.recognizer, is_careful=way is Way.OFFLINE)
        began_cpu_s = time.process_time()
        with ThreadPoolExecutor(SESSIONS) as pool:
            texts = list(pool.map(lambda item, by=offline: item[1].read_offline(by), takes))
        work = (time.process_time() - began_cpu_s) / max(offline.audio_s, 1e-9)
        for (reading, _), said in zip(takes, texts, strict=True):
            reading.texts.setdefault(way, []).append(said)
    return work


def _stream(plan: Plan, take: Take) -> Stream:
    target: Target = plan.target
    return run_stream(target, take.read(), pace=LIVE if plan.is_live else FAST)


def _some(clips: list[Clip]) -> list[Clip]:
    counts: dict[str, int] = {}
    chosen = []
    for clip in clips:
        counts[clip.group] = counts.get(clip.group, 0) + 1
        if counts[clip.group] <= QUICK_CLIPS and clip.seconds <= QUICK_LONGEST_S:
            chosen.append(clip)
    return chosen


def _table(readings: list[Reading], title: str) -> dict[str, Any]:
    if not readings:
        return {}
    groups: dict[str, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(reading.clip.group, []).append(reading)
    if len(groups) > 1:
        groups["all"] = readings
    result = {}
    rows = []
    for name, members in groups.items():
        result[name], row = _row(name, members)
        rows.append(row)
    tables.note("\n" + tables.table((title, *HEAD), rows))
    return result


def _row(name: str, readings: list[Reading]) -> tuple[dict[str, Any], list[str]]:
    streamed = [reading.errors(Way.STREAMED) for reading in readings]
    plain = pooled([reading.errors(Way.STREAMED, is_plain=True) for reading in readings])
    total = pooled(streamed)
    bounds = bootstrap_wer(streamed)
    result: dict[str, Any] = {
        "clips": len(readings),
        "beginnings": max(len(reading.streams) for reading in readings),
        "words": sum(reading.words for reading in readings),
        "streamed_wer": round(total.percent, 3),
        "streamed_95": [round(bound, 3) for bound in bounds],
        "streamed_plain_wer": round(plain.percent, 3),
        "streamed_deletions": total.deletions,
        "streamed_insertions": total.insertions,
    }
    rates, changes, plain_rates = ["-", "-"], ["-"] * 4, "-"
    if readings[0].texts:
        once, once_change = _compared(Way.ONCE, readings, streamed)
        offline, offline_change = _compared(Way.OFFLINE, readings, streamed)
        offline_plain = pooled([r.errors(Way.OFFLINE, is_plain=True) for r in readings])
        result |= {f"once_{key}": value for key, value in once.items()}
        result |= {
            "offline_wer": offline["wer"],
            "offline_plain_wer": round(offline_plain.percent, 3),
            "difference": offline["difference"],
            "difference_95": offline["difference_95"],
        }
        rates = [f"{once['wer']:.2f}", f"{result['offline_wer']:.2f}"]
        changes = [*once_change, *offline_change]
        plain_rates = f"{offline_plain.percent:.2f}"
    row = [name, str(len(readings)), str(result["words"]), *rates, f"{total.percent:.2f}"]
    row += [tables.interval(bounds), *changes, f"{plain_rates} / {plain.percent:.2f}"]
    return result, row


def _compared(
    way: Way, readings: list[Reading], streamed: list[Errors]
) -> tuple[dict[str, Any], tuple[str, str]]:
    """Return the rate of another way and what streaming costs against it; the latter as cells."""
    errors = [reading.errors(way) for reading in readings]
    rate = pooled(errors).percent
    change = pooled(streamed).percent - rate
    spread = bootstrap_difference(streamed, errors)
    numbers = {
        "wer": round(rate, 3),
        "difference": round(change, 3),
        "difference_95": [round(bound, 3) for bound in spread],
    }
    return numbers, (f"{change:+.2f}", tables.interval(spread))


def _worst(readings: list[Reading]) -> None:
    costs = [
        (
            (r.errors(Way.STREAMED).count - r.errors(Way.OFFLINE).count) / len(r.streams),
            r.clip.name,
        )
        for r in readings
        if r.texts
    ]
    worst = [
        f"{name} {cost:+.1f}" for cost, name in sorted(costs, reverse=True)[:WORST] if cost > 0
    ]
    if worst:
        tables.note(f"\nMost words lost by streaming: {', '.join(worst)}.")


def _clip_json(reading: Reading) -> dict[str, Any]:
    item: dict[str, Any] = {
        "name": reading.clip.name,
        "seconds": reading.clip.seconds,
        "words": reading.words,
        "reference": reading.clip.text,
    }
    for way in (*reading.texts, Way.STREAMED):
        # Of all beginnings; the texts are of each.
        item[f"{way.value}_errors"] = reading.errors(way).count
        item[f"{way.value}_texts"] = reading.said(way)
    return item
