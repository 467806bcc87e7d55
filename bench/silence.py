"""Part `silence`: minutes (`--minutes`) each of digital silence, of noise and of music.

Every word is wrong here: final words for each minute of audio in which nobody speaks, by kind, and
how many messages showed words that were not final. Noise and music are the recordings without
speech of the data folder (dishes, a bicycle, hiss; instruments, a band, a bird), each repeated to
the same share of the time. No two repetitions are alike: each is at another level and begins
elsewhere, because where a window begins decides what a model hears in music. Words are listed with
the recording they came in. Without a data folder noise is white noise, and music chords.
"""

from typing import Any, Final

import numpy as np

from bench.endurance import Meter
from oyez.bench import tables
from oyez.bench.audio import SPEECH_RATE_HZ, Sound, joined, silence
from oyez.bench.plan import Plan
from oyez.bench.streaming import FAST, LIVE, run_stream
from oyez.bench.views import views_of
from oyez.protocol.tokens import TOKEN_TEXT_END

QUICK_LENGTH_S = 60.0
NOISE_DB = -50.0
QUIET_DB = -90.0
"""Recordings below this are digital silence, which has a stream of its own."""
LEVELS_DB: Final = (-26.0, -36.0, -46.0, -56.0, -16.0)
"""Of the repetitions of a recording, one after another."""
STEP_S = 0.37
"""Each repetition begins so much later in the recording than the one before."""
MUSIC: Final = ("music", "guitar")
"""What the names of the recordings begin with that are music; the others are noise."""
CHORDS_HZ: Final = ((220.0, 277.2, 329.6), (246.9, 293.7, 370.0), (196.0, 246.9, 293.7))
CHORD_S = 0.8


def measure(plan: Plan) -> dict[str, Any]:
    """Stream every kind; print and return words and cost."""
    length_s = plan.soak_s(quick_s=QUICK_LENGTH_S)
    streams = {"digital silence": [("digital silence", silence(length_s))]}
    for kind, sounds in _recordings(plan).items():
        share_s = length_s / len(sounds)
        streams[kind] = [(name, varied(sound, share_s)) for name, sound in sounds]
    return {name: _run(plan, name, parts) for name, parts in streams.items()}


def kind_of(name: str) -> str:
    """Return `music` or `noise`, by the name of a recording without speech."""
    return "music" if name.startswith(MUSIC) else "noise"


def varied(sound: Sound, seconds: float) -> Sound:
    """Repeat a sound to a length, each time at another level and from another place on."""
    rate_hz, wanted = sound.rate_hz, round(seconds * sound.rate_hz)
    parts: list[Sound] = []
    missing = wanted
    while missing > 0:
        begin = round(len(parts) * STEP_S * rate_hz) % sound.samples.size
        part = Sound(sound.samples[begin:][:missing], rate_hz)
        gain_db = LEVELS_DB[len(parts) % len(LEVELS_DB)] - level_db(sound)
        parts.append(Sound(part.samples * np.float32(10.0 ** (gain_db / 20.0)), rate_hz))
        missing -= part.samples.size
    return joined(parts) if parts else Sound(sound.samples[:0], rate_hz)


def level_db(sound: Sound) -> float:
    """Return the mean level, in dB of full scale."""
    return float(10.0 * np.log10(np.mean(sound.samples.astype(np.float64) ** 2) + 1e-12))


def white_noise(seconds: float) -> Sound:
    """Return quiet noise, the same every time."""
    samples = np.random.default_rng(0).normal(
        0.0, 10 ** (NOISE_DB / 20), round(seconds * SPEECH_RATE_HZ)
    )
    return Sound(samples.astype(np.float32), SPEECH_RATE_HZ)


def chords(seconds: float) -> Sound:
    """Return plucked chords, one after another."""
    at_s = np.arange(round(seconds * SPEECH_RATE_HZ)) / SPEECH_RATE_HZ
    since_s = at_s % CHORD_S
    notes_hz = np.array(CHORDS_HZ)[(at_s // CHORD_S).astype(int) % len(CHORDS_HZ)]
    tones = sum(
        np.sin(2 * np.pi * overtone * notes_hz * since_s[:, np.newaxis]).sum(axis=1) / overtone
        for overtone in (1, 2, 3, 4)
    )
    return Sound((0.05 * tones * np.exp(-3.0 * since_s)).astype(np.float32), SPEECH_RATE_HZ)


def _recordings(plan: Plan) -> dict[str, list[tuple[str, Sound]]]:
    """Return the audible recordings without speech, by kind."""
    sounds = [(clip.name, clip.read().at_speech_rate()) for clip in plan.corpus.no_speech()]
    audible = [(name, sound) for name, sound in sounds if level_db(sound) > QUIET_DB]
    made = {"noise": ("white noise", white_noise(20.0)), "music": ("chords", chords(20.0))}
    return {
        kind: [item for item in audible if kind_of(item[0]) == kind] or [instead]
        for kind, instead in made.items()
    }


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
