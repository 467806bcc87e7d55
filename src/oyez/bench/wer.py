"""Part `wer`: what streaming costs in accuracy.

The same bytes are read in three ways. `once`: the model decodes the whole clip, one pass, the most
probable piece each time, as its publisher does. `offline`: the engine reads the whole clip as it
reads the end of an utterance, a second time where the model doubts itself: the best there is.
`streamed`: through a real server by the SDK, in chunks of 100 ms, as fast as answers come; only
final tokens count. The differences are the price of streaming, against either.

WER is pooled: errors of all clips / words of all references, after the Whisper English normaliser
(as in the Open ASR Leaderboard); `plain` is lower case without punctuation. The 95 % intervals are
a paired bootstrap over clips (Bisani and Ney, ICASSP 2004). Clips longer than the engine's longest
window are listed apart: offline, each segment of the reference is read alone where the data names
the segments, else pieces cut in the middle of pauses. Clips of digits, which the normaliser writes
as one number, are left out and named.

Confidence: final words in ten bins of it, with the share that the reference has at their places
(`oyez.bench.reliability`).
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any

from oyez.bench import reliability, tables, text
from oyez.bench.audio import SPEECH_RATE_HZ, Sound
from oyez.bench.corpus import Clip
from oyez.bench.cost import Cost
from oyez.bench.energy import pieces_at_pauses
from oyez.bench.plan import Plan
from oyez.bench.stats import (
    Errors,
    bootstrap_difference,
    bootstrap_wer,
    pooled,
    word_errors,
)
from oyez.bench.streaming import FAST, LIVE, Stream, Target, run_stream
from oyez.engines.base import Recognizer, StreamOptions, Window

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


@dataclass(slots=True)
class Reading:
    """One clip, read in each way."""

    clip: Clip
    stream: Stream
    texts: dict[Way, str]
    """What was read of it without a server; empty when another's server is measured."""
    is_long: bool

    def errors(self, way: Way, *, is_plain: bool = False) -> Errors:
        """Return the errors of one way."""
        normalise = text.plain if is_plain else text.whisper
        said = self.stream.text if way is Way.STREAMED else self.texts.get(way, "")
        return word_errors(normalise(self.clip.text), normalise(said))


class Offline:
    """The engine without a server.

    Args:
        recognizer: The engine.
        is_careful: Read as the end of an utterance is read, else in one pass.
    """

    def __init__(self, recognizer: Recognizer, *, is_careful: bool = True) -> None:
        self._recognizer = recognizer
        self._is_careful = is_careful
        self._lock = threading.Lock()
        self.audio_s = 0.0
        """Read so far; clips may be read in several threads."""

    @property
    def longest_s(self) -> float:
        """Its longest window."""
        return self._recognizer.capabilities.max_window_ms / 1000

    def read_clip(self, clip: Clip) -> str:
        """Read a clip as a whole; one that is too long, segment by segment of its reference."""
        sound = clip.read()
        segments = clip.segments() if sound.seconds > self.longest_s else []
        if not segments:
            return self.read(sound)
        return " ".join(self.read(sound.part(part.start_s, part.end_s)) for part in segments)

    def read(self, sound: Sound) -> str:
        """Read a sound as a whole, or in pieces when it is too long for that."""
        heard = sound.at_speech_rate()
        pieces = [heard]
        if heard.seconds > self.longest_s:
            pieces = pieces_at_pauses(heard, longest_s=self.longest_s)
        return " ".join(self._read(piece) for piece in pieces)

    def _read(self, sound: Sound) -> str:
        assert sound.rate_hz == SPEECH_RATE_HZ
        stream = self._recognizer.open_stream(StreamOptions())
        window = Window(stream, sound.samples, 0, is_last=self._is_careful)
        (hypothesis,) = self._recognizer.recognize([window])
        stream.close()
        with self._lock:
            self.audio_s += sound.seconds
        floor = self._recognizer.capabilities.min_mean_logprob
        return hypothesis.text if hypothesis.mean_logprob >= floor else ""


def measure(plan: Plan) -> dict[str, Any]:
    """Read everything both ways; print and return the rates."""
    known = plan.corpus.speech(GROUPS)
    clips = [clip for clip in known if is_comparable(clip.text)]
    left_out = [clip.name for clip in known if clip not in clips]
    if left_out:
        tables.note(f"Left out, the normaliser makes one number of them: {', '.join(left_out)}.")
    if plan.is_quick:
        clips = _some(clips)
    offline: Offline | None = None
    texts: dict[str, dict[Way, str]] = {clip.name: {} for clip in clips}
    work_s = 0.0
    if plan.recognizer is not None:
        for way in (Way.ONCE, Way.OFFLINE):
            offline = Offline(plan.recognizer, is_careful=way is Way.OFFLINE)
            began_cpu_s = time.process_time()
            with ThreadPoolExecutor(SESSIONS) as pool:
                said = list(pool.map(offline.read_clip, clips))
            work_s = time.process_time() - began_cpu_s
            for clip, words in zip(clips, said, strict=True):
                texts[clip.name][way] = words
    longest_s = offline.longest_s if offline is not None else float("inf")
    audio_s = sum(clip.seconds for clip in clips)
    with plan.server() as server, Cost.of(server) as cost:
        cost.audio_s = audio_s
        began_s = time.perf_counter()
        with ThreadPoolExecutor(SESSIONS) as pool:
            streams = list(pool.map(lambda clip: _stream(plan, clip), clips))
        wall_s = time.perf_counter() - began_s
    readings = [
        Reading(clip, stream, texts[clip.name], clip.seconds > longest_s)
        for clip, stream in zip(clips, streams, strict=True)
    ]
    result: dict[str, Any] = {
        "groups": _table([reading for reading in readings if not reading.is_long], "clip groups"),
        "long": _table(
            [reading for reading in readings if reading.is_long], "longer than a window"
        ),
        "overall": _row("overall", readings)[0] if readings else {},
        "audio_s": round(audio_s, 1),
        "streamed_times_real_time": round(audio_s / wall_s, 2),
        "left_out": left_out,
        "problems": {r.clip.name: r.stream.problem for r in readings if r.stream.problem},
        "clips": [_clip_json(reading) for reading in readings],
    }
    _worst(readings)
    result["confidence"] = reliability.report(
        [(reading.clip.text, reading.stream.words) for reading in readings]
    )
    tables.note(
        f"\n{len(clips)} clips, {audio_s:.0f} s of audio, streamed by {SESSIONS} sessions at "
        f"{audio_s / wall_s:.1f} times real time."
    )
    if offline is not None and offline.audio_s:
        result["offline_work_per_audio_s"] = round(work_s / offline.audio_s, 4)
        tables.note(f"Offline: {work_s / offline.audio_s:.3f} CPU seconds a second of audio.")
    result |= cost.report()
    for name, problem in result["problems"].items():
        tables.note(f"PROBLEM {name}: {problem}")
    return result


def is_comparable(reference: str) -> bool:
    """Return whether the normaliser leaves at least half of a reference's words."""
    return 2 * len(text.whisper(reference).split()) >= len(text.plain(reference).split())


def _stream(plan: Plan, clip: Clip) -> Stream:
    target: Target = plan.target
    return run_stream(target, clip.read(), pace=LIVE if plan.is_live else FAST)


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
        "words": total.words,
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
    row = [name, str(len(readings)), str(total.words), *rates, f"{total.percent:.2f}"]
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
        (r.errors(Way.STREAMED).count - r.errors(Way.OFFLINE).count, r.clip.name)
        for r in readings
        if r.texts
    ]
    worst = [f"{name} {cost:+d}" for cost, name in sorted(costs, reverse=True)[:WORST] if cost > 0]
    if worst:
        tables.note(f"\nMost words lost by streaming: {', '.join(worst)}.")


def _clip_json(reading: Reading) -> dict[str, Any]:
    streamed = reading.errors(Way.STREAMED)
    item: dict[str, Any] = {
        "name": reading.clip.name,
        "seconds": reading.clip.seconds,
        "words": streamed.words,
        "reference": reading.clip.text,
        "streamed_errors": streamed.count,
        "streamed_text": reading.stream.text,
    }
    for way, words in reading.texts.items():
        item[f"{way.value}_errors"] = reading.errors(way).count
        item[f"{way.value}_text"] = words
    return item
