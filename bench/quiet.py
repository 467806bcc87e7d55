"""Part `quiet`: speech 30 dB below the usual level keeps its words.

The same clips are streamed twice: with their speech at -26 dB of full scale (the level of speech in
telephony, ITU-T P.56 and G.191), and at -56 dB, which is 30 dB less. Recordings differ in level by
40 dB, so that taking 30 dB off each as it is would leave some of them one bit; as they are, part
`wer` streams them. The level is the mean power of what the energy pass calls speech, and the audio
is rounded to 16 bits again, as a quiet microphone's would be. Reported: pooled WER (Whisper
normaliser), the difference of the two with its 95 % interval (paired bootstrap over clips), and
deletions, which are what a voice activity that is deaf to quiet speech causes.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.silence import level_db
from oyez.bench import tables, text
from oyez.bench.audio import Sound, joined
from oyez.bench.corpus import Clip
from oyez.bench.energy import speech_spans
from oyez.bench.plan import Plan
from oyez.bench.stats import Errors, bootstrap_difference, bootstrap_wer, pooled, word_errors
from oyez.bench.streaming import FAST, LIVE, Stream, run_stream
from oyez.bench.wer import SESSIONS, WORST, is_comparable

GROUPS = ("en_read", "en_read_fleurs", "en_read_ls_test_other", "en_spont")
QUICK_CLIPS = 4
STANDARD_STEP = 2
"""Of so many clips one is used in a standard run."""
NOMINAL_DB = -26.0
QUIET_DB = NOMINAL_DB - 30.0


@dataclass(frozen=True, slots=True)
class Level:
    """How loud clips are made."""

    name: str
    speech_db: float
    """Of full scale."""

    def apply(self, sound: Sound) -> Sound:
        """Return a sound at this level; one without speech stays as it is."""
        spans = speech_spans(sound)
        if not spans:
            return sound
        speech = joined([sound.part(span.start_s, span.end_s) for span in spans])
        gain = np.float32(10.0 ** ((self.speech_db - level_db(speech)) / 20.0))
        return Sound(sound.samples * gain, sound.rate_hz)


NOMINAL = Level("nominal, -26 dB", NOMINAL_DB)
QUIET = Level("quiet, -56 dB", QUIET_DB)


def measure(plan: Plan) -> dict[str, Any]:
    """Stream the clips at every level; print and return the rates."""
    clips = [clip for clip in plan.corpus.speech(GROUPS) if is_comparable(clip.text)]
    if not plan.is_full:
        clips = clips[::STANDARD_STEP]
    if plan.is_quick:
        clips = clips[:: max(len(clips) // QUICK_CLIPS, 1)][:QUICK_CLIPS]
    errors: list[list[Errors]] = []
    rows = []
    levels: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for level in (NOMINAL, QUIET):
        streams = _streams(plan, clips, level)
        found = [
            word_errors(text.whisper(clip.text), text.whisper(stream.text))
            for clip, stream in zip(clips, streams, strict=True)
        ]
        errors.append(found)
        total, spread = pooled(found), bootstrap_wer(found)
        levels[level.name] = {
            "wer": round(total.percent, 3),
            "wer_95": [round(bound, 3) for bound in spread],
            "deletions": total.deletions,
            "insertions": total.insertions,
            "words": total.words,
            "errors_of": {clip.name: item.count for clip, item in zip(clips, found, strict=True)},
        }
        counts = (total.deletions, total.insertions)
        row = [level.name, str(total.words), f"{total.percent:.2f}", tables.interval(spread)]
        rows.append([*row, *map(str, counts)])
        for clip, stream in zip(clips, streams, strict=True):
            if stream.problem:
                problems[f"{clip.name}, {level.name}"] = stream.problem
    tables.note(tables.table(("speech", "words", "WER", "95 %", "del", "ins"), rows))
    nominal, quiet = errors
    change = pooled(quiet).percent - pooled(nominal).percent
    spread = bootstrap_difference(quiet, nominal)
    tables.note(
        f"\n{len(clips)} clips. {QUIET.name} less {NOMINAL.name}: {change:+.2f} "
        f"{tables.interval(spread)}."
    )
    lost = sorted(
        (
            (later.count - before.count, clip.name)
            for clip, before, later in zip(clips, nominal, quiet, strict=True)
            if later.count > before.count
        ),
        reverse=True,
    )
    if lost:
        named = ", ".join(f"{name} {more:+d}" for more, name in lost[:WORST])
        tables.note(f"Most words lost by being quiet: {named}.")
    for name, problem in problems.items():
        tables.note(f"PROBLEM {name}: {problem}")
    return {
        "clips": len(clips),
        "levels": levels,
        "difference": round(change, 3),
        "difference_95": [round(bound, 3) for bound in spread],
        "problems": problems,
    }


def _streams(plan: Plan, clips: list[Clip], level: Level) -> list[Stream]:
    pace = LIVE if plan.is_live else FAST
    with plan.server(), ThreadPoolExecutor(SESSIONS) as pool:
        target = plan.target
        return list(
            pool.map(lambda clip: run_stream(target, level.apply(clip.read()), pace=pace), clips)
        )
