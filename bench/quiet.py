"""Part `quiet`: speech at -30 dB keeps its words.

The same clips are streamed twice, as they are and with every sample divided by 31.6, rounded to
16 bits again as a quiet microphone's would be. Reported: pooled WER of both (Whisper normaliser),
the difference with its 95 % interval (paired bootstrap over clips), and deletions, which are what a
voice activity that is deaf to quiet speech causes.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench import tables, text
from bench.audio import Sound
from bench.corpus import Clip
from bench.plan import Plan
from bench.stats import Errors, bootstrap_difference, bootstrap_wer, pooled, word_errors
from bench.streaming import FAST, LIVE, Stream, run_stream
from bench.wer import SESSIONS, WORST, is_comparable

GROUPS = ("en_read", "en_read_fleurs", "en_read_ls_test_other", "en_spont")
QUICK_CLIPS = 4
GAIN_DB = -30.0


def measure(plan: Plan) -> dict[str, Any]:
    """Stream the clips at both levels; print and return the rates."""
    clips = [clip for clip in plan.corpus.speech(GROUPS) if is_comparable(clip.text)]
    if plan.is_quick:
        clips = clips[:: max(len(clips) // QUICK_CLIPS, 1)][:QUICK_CLIPS]
    errors: dict[float, list[Errors]] = {}
    rows = []
    result: dict[str, Any] = {"clips": len(clips), "gain_db": GAIN_DB, "problems": {}}
    for gain_db in (0.0, GAIN_DB):
        streams = _streams(plan, clips, gain_db)
        errors[gain_db] = [
            word_errors(text.whisper(clip.text), text.whisper(stream.text))
            for clip, stream in zip(clips, streams, strict=True)
        ]
        total = pooled(errors[gain_db])
        spread = bootstrap_wer(errors[gain_db])
        name = "as recorded" if gain_db == 0.0 else "quiet"
        result[name.replace(" ", "_")] = {
            "wer": round(total.percent, 3),
            "wer_95": [round(bound, 3) for bound in spread],
            "deletions": total.deletions,
            "insertions": total.insertions,
            "words": total.words,
            "errors_of": {
                clip.name: found.count for clip, found in zip(clips, errors[gain_db], strict=True)
            },
        }
        rows.append(
            [
                f"{name}, {gain_db:+.0f} dB",
                str(total.words),
                f"{total.percent:.2f}",
                tables.interval(spread),
                str(total.deletions),
                str(total.insertions),
            ]
        )
        for clip, stream in zip(clips, streams, strict=True):
            if stream.problem:
                result["problems"][f"{clip.name}, {gain_db:+.0f} dB"] = stream.problem
    tables.note(tables.table(("level", "words", "WER", "95 %", "del", "ins"), rows))
    change = pooled(errors[GAIN_DB]).percent - pooled(errors[0.0]).percent
    spread = bootstrap_difference(errors[GAIN_DB], errors[0.0])
    result["difference"] = round(change, 3)
    result["difference_95"] = [round(bound, 3) for bound in spread]
    tables.note(f"\n{len(clips)} clips. Quiet - recorded: {change:+.2f} {tables.interval(spread)}.")
    worst = sorted(
        (was.count - now.count, clip.name)
        for clip, was, now in zip(clips, errors[0.0], errors[GAIN_DB], strict=True)
        if now.count > was.count
    )[:WORST]
    if worst:
        named = ", ".join(f"{name} {-change:+d}" for change, name in worst)
        tables.note(f"Most words lost by being quiet: {named}.")
    for name, problem in result["problems"].items():
        tables.note(f"PROBLEM {name}: {problem}")
    return result


def scaled(sound: Sound, gain_db: float) -> Sound:
    """Return a sound louder or quieter."""
    return Sound(sound.samples * 10.0 ** (gain_db / 20.0), sound.rate_hz)


def _streams(plan: Plan, clips: list[Clip], gain_db: float) -> list[Stream]:
    pace = LIVE if plan.is_live else FAST
    with plan.server(), ThreadPoolExecutor(SESSIONS) as pool:
        target = plan.target
        return list(
            pool.map(
                lambda clip: run_stream(target, scaled(clip.read(), gain_db), pace=pace), clips
            )
        )
