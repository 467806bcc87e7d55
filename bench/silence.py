"""Part `silence`: ten minutes (`--minutes`) without speech: digital silence, then real rooms.

Every word is wrong here: final words for each minute of audio that is not speech, and how many
messages showed words that were not final. The rooms are the recordings without speech of the data
folder, each looped to the same share of the ten minutes: noise, dishes, a bicycle, music. Words are
listed with the recording they came in. Without a data folder the room is white noise at -50 dB.
"""

from typing import Any

import numpy as np

from bench import tables
from bench.audio import SPEECH_RATE_HZ, Sound, joined, silence
from bench.endurance import Meter
from bench.plan import Plan
from bench.streaming import FAST, LIVE, run_stream
from bench.views import views_of
from oyez.protocol.tokens import TOKEN_TEXT_END

QUICK_LENGTH_S = 60.0
NOISE_DB = -50.0
QUIET_DB = -90.0
"""Recordings below this are digital silence, which has a stream of its own."""


def measure(plan: Plan) -> dict[str, Any]:
    """Stream both silences; print and return words and cost."""
    length_s = plan.soak_s(quick_s=QUICK_LENGTH_S)
    rooms = loops(plan, length_s)
    streams = {
        "digital silence": [("digital silence", silence(length_s))],
        "rooms": rooms,
    }
    return {name: _run(plan, name, parts) for name, parts in streams.items()}


def loops(plan: Plan, length_s: float) -> list[tuple[str, Sound]]:
    """Return recordings without speech, looped to equal shares of the length."""
    sounds = [(clip.name, clip.read().at_speech_rate()) for clip in plan.corpus.no_speech()]
    audible = [(name, sound) for name, sound in sounds if level_db(sound) > QUIET_DB]
    if not audible:
        audible = [("white noise", white_noise(min(length_s, 60.0)))]
    share_s = length_s / len(audible)
    return [(name, looped(sound, share_s)) for name, sound in audible]


def looped(sound: Sound, seconds: float) -> Sound:
    """Repeat a sound, or cut it, to a length."""
    return Sound(np.resize(sound.samples, round(seconds * sound.rate_hz)), sound.rate_hz)


def level_db(sound: Sound) -> float:
    """Return the mean level, in dB of full scale."""
    return float(10.0 * np.log10(np.mean(sound.samples.astype(np.float64) ** 2) + 1e-12))


def white_noise(seconds: float) -> Sound:
    """Return quiet noise, the same every time."""
    samples = np.random.default_rng(0).normal(
        0.0, 10 ** (NOISE_DB / 20), round(seconds * SPEECH_RATE_HZ)
    )
    return Sound(samples.astype(np.float32), SPEECH_RATE_HZ)


def _run(plan: Plan, name: str, parts: list[tuple[str, Sound]]) -> dict[str, Any]:
    sound = joined([part for _, part in parts])
    tables.note(f"\n{name}, {sound.seconds:.0f} s\n")
    with plan.server() as server:
        meter = Meter(server)
        meter.start()
        stream = run_stream(
            plan.target,
            sound,
            pace=LIVE if plan.is_live else FAST,
            endpoints=True,
            on_event=meter.hear,
        )
        usage = meter.report()
    by_part: dict[str, list[str]] = {}
    for word in stream.words:
        part = _part_at(parts, word.start_s)
        by_part.setdefault(part, []).append(word.text)
    endpoints = len(stream.marker_times(TOKEN_TEXT_END))
    drafts = sum(view.has_draft for view in views_of(stream))
    per_minute = 60.0 * len(stream.words) / sound.seconds
    tables.note(
        f"\nWords: {len(stream.words)}, {per_minute:.2f} a minute (should be 0). Messages with "
        f"words that were not final: {drafts}. <end>: {endpoints} (should be 0)."
    )
    for part, words in by_part.items():
        tables.note(f"  in {part}: {' '.join(words)}")
    if stream.problem:
        tables.note(f"PROBLEM {stream.problem}")
    return {
        "audio_s": round(sound.seconds, 1),
        "words": len(stream.words),
        "words_per_minute": round(per_minute, 3),
        "words_in": by_part,
        "endpoints": endpoints,
        "drafts": drafts,
        "usage": usage,
        "problem": stream.problem,
    }


def _part_at(parts: list[tuple[str, Sound]], at_s: float) -> str:
    end_s = 0.0
    for name, sound in parts:
        end_s += sound.seconds
        if at_s < end_s:
            return name
    return parts[-1][0]
