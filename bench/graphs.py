"""Part `graphs`: the embedded models in the published graphs and in oyez's lean ones, side by side.

encode    samples -> what the decoder looks at (lean: with the keys and values of all its layers)
grow      the same when all but the last 0.5 s were heard before, as for a reading on the way: what
          settled then is not computed again (published: everything is)
prefill   the first call of the decoder (published: it makes those keys and values)
step      one more id, at the end of the text
verify    the whole text in one call, as a right draft is read
reading   encode, then greedy decoding to the end

Times are CPU milliseconds of the thread, medians over repetitions in which the graphs take turns;
`ratio` is the lean reading by the published one of the same turn, with the lowest and the highest.
RSS is what a process of its own grows by: loaded, and after windows of 8 and 20 s. WER is of whole
clips up to 18 s, greedy, with nothing around: the graphs alone.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
import psutil  # type: ignore[import-untyped]

from bench.published import PublishedGraph
from oyez.bench import tables
from oyez.bench.audio import SPEECH_RATE_HZ, Sound
from oyez.bench.corpus import Clip, sample
from oyez.bench.plan import Plan
from oyez.bench.stats import Errors, bootstrap_difference, pooled, word_errors
from oyez.bench.text import whisper
from oyez.bench.wer import GROUPS, is_comparable
from oyez.engines.base import Samples
from oyez.engines.moonshine.assets import BASE, TINY, Assets, locate
from oyez.engines.moonshine.decode import Reader, decode, token_cap
from oyez.engines.moonshine.encoder import Audio
from oyez.engines.moonshine.graph import Graph
from oyez.engines.moonshine.lean import lean_model
from oyez.engines.moonshine.processor import best_numbers
from oyez.engines.moonshine.vocabulary import BOS, Vocabulary
from oyez.errors import ModelNotInstalledError

Value = TypeVar("Value")

SECONDS, QUICK_SECONDS = (1, 2, 4, 8, 12, 20), (2, 8)
TURNS, QUICK_TURNS = 9, 3
STARTS_AT_S = 1.0
LONGEST_CLIP_S = 18.0
QUICK_CLIPS = 12
KINDS = ("published", "lean")
STEPS = ("encode", "grow", "prefill", "step", "verify", "reading")
A_WORD = 300
GROWTH_S = 0.5


class Hearing(Reader, Protocol):
    """A graph that hears and reads."""

    def encode(self, samples: Samples) -> Audio:
        """Hear samples at 16 kHz."""


def measure(plan: Plan) -> dict[str, Any]:
    """Measure every embedded model that is installed; print and return."""
    result: dict[str, Any] = {}
    for assets in (TINY, BASE):
        try:
            locate(assets)
        except ModelNotInstalledError as error:
            tables.note(str(error))
            continue
        tables.note(f"\n{assets.engine}, weights as {best_numbers()}:")
        graphs = {kind: load(assets, kind) for kind in KINDS}
        result[assets.engine] = {
            "speed": _speed(plan, graphs),
            "rss_mb": {kind: _rss(assets, kind) for kind in KINDS},
            "wer": _accuracy(plan, graphs, Vocabulary.read(locate(assets).vocabulary)),
        }
    return result


def load(assets: Assets, kind: str) -> Hearing:
    """Load a model's graphs of one kind."""
    files = locate(assets)
    if kind == "published":
        return PublishedGraph(files)
    return Graph(lean_model(assets.engine, files, best_numbers()), assets.heads)


def _speed(plan: Plan, graphs: dict[str, Hearing]) -> dict[str, Any]:
    speech = _speech()
    result: dict[str, Any] = {}
    rows = []
    for seconds in QUICK_SECONDS if plan.is_quick else SECONDS:
        samples = speech[: seconds * SPEECH_RATE_HZ]
        turns = [
            {kind: _turn(graph, samples) for kind, graph in graphs.items()}
            for _ in range(QUICK_TURNS if plan.is_quick else TURNS)
        ]
        ratios = [turn["lean"]["reading"] / turn["published"]["reading"] for turn in turns]
        medians = {
            kind: {
                step: round(statistics.median(turn[kind][step] for turn in turns), 2)
                for step in (*STEPS, "ids")
            }
            for kind in KINDS
        }
        result[str(seconds)] = {
            **medians,
            "ratio": round(statistics.median(ratios), 3),
            "ratio_lowest": round(min(ratios), 3),
            "ratio_highest": round(max(ratios), 3),
        }
        cells = [
            f"{medians['published'][step]:.1f} / {medians['lean'][step]:.1f}" for step in STEPS
        ]
        speed = medians["lean"]["reading"] / (1000 * seconds)
        spread = f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"
        ids = f"{medians['published']['ids']:.0f} / {medians['lean']['ids']:.0f}"
        rows.append([f"{seconds} s", *cells, ids, spread, f"{speed:.4f}"])
    head = ["window", *(f"{step} ms" for step in STEPS), "ids", "ratio", "lean RTF"]
    tables.note("published / lean, CPU time\n\n" + tables.table(head, rows))
    return result


def _turn(graph: Hearing, samples: Samples) -> dict[str, float]:
    """Time every step of one reading, in milliseconds, and count its ids."""
    encode_ms, audio = _timed(lambda: graph.encode(samples))
    grow_ms = _grow_ms(graph, samples)
    decode_ms, decoded = _timed(lambda: decode(graph, audio, token_cap(_seconds(samples))))
    prefill_ms, _ = _timed(lambda: graph.start(audio, [BOS]))
    verify_ms, (_, cache) = _timed(lambda: graph.start(audio, [BOS, *decoded.ids]))
    step_ms, _ = _timed(lambda: graph.read(cache, [A_WORD]))
    times = (encode_ms, grow_ms, prefill_ms, step_ms, verify_ms, encode_ms + decode_ms)
    return {**dict(zip(STEPS, times, strict=True)), "ids": float(len(decoded.ids))}


def _grow_ms(graph: Hearing, samples: Samples) -> float:
    if not isinstance(graph, Graph):
        return _timed(lambda: graph.encode(samples))[0]
    before, known = graph.encode_growing(samples[: -round(GROWTH_S * SPEECH_RATE_HZ)], {})
    return _timed(lambda: graph.encode_growing(samples, known, before.settled()))[0]


def _timed(work: Callable[[], Value]) -> tuple[float, Value]:
    began = time.thread_time()
    value = work()
    return 1000 * (time.thread_time() - began), value


def _rss(assets: Assets, kind: str) -> list[float]:
    """Return the memory of a fresh process: loaded, after 8 s, after 20 s, in MB."""
    command = [sys.executable, "-m", "bench.graphs", assets.engine, kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    sizes = [float(size) for size in done.stdout.split()]
    cells = ", ".join(f"{size:.0f}" for size in sizes)
    tables.note(f"RSS {kind}: loaded, after 8 s, after 20 s: {cells} MB")
    return sizes


def _accuracy(plan: Plan, graphs: dict[str, Hearing], vocabulary: Vocabulary) -> dict[str, Any]:
    clips = [
        clip
        for clip in plan.corpus.speech(GROUPS)
        if is_comparable(clip.text) and clip.seconds <= LONGEST_CLIP_S
    ]
    if plan.is_quick:
        clips = clips[:: max(1, len(clips) // QUICK_CLIPS)]
    if not clips:
        tables.note("No clip is short enough for the word error rate.")
        return {}
    errors = {
        kind: [_errors(graph, clip, vocabulary) for clip in clips] for kind, graph in graphs.items()
    }
    rates = {kind: pooled(found).percent for kind, found in errors.items()}
    spread = bootstrap_difference(errors["lean"], errors["published"])
    tables.note(
        f"WER over {len(clips)} clips: published {rates['published']:.2f} %, lean "
        f"{rates['lean']:.2f} %, difference {tables.interval(spread)}"
    )
    return {
        "clips": len(clips),
        **{kind: round(rate, 3) for kind, rate in rates.items()},
        "difference_95": [round(bound, 3) for bound in spread],
    }


def _errors(graph: Hearing, clip: Clip, vocabulary: Vocabulary) -> Errors:
    samples = clip.read().at_speech_rate().samples
    decoded = decode(graph, graph.encode(samples), token_cap(_seconds(samples)))
    pieces = vocabulary.pieces(decoded.ids, decoded.logprobs)
    return word_errors(whisper(clip.text), whisper("".join(piece.text for piece in pieces)))


def _seconds(samples: Samples) -> float:
    return samples.size / SPEECH_RATE_HZ


def _speech() -> Samples:
    """Return speech from its first word on; the sample is long enough."""
    clip = sample().clips[0]
    sound: Sound = clip.read().at_speech_rate()
    samples: Samples = np.ascontiguousarray(sound.samples[round(STARTS_AT_S * SPEECH_RATE_HZ) :])
    return samples


def _show_memory() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine")
    parser.add_argument("kind", choices=KINDS)
    given = parser.parse_args()
    assets = TINY if given.engine == TINY.engine else BASE
    speech = _speech()
    process = psutil.Process()
    before = process.memory_info().rss
    graph = load(assets, given.kind)
    sizes = [process.memory_info().rss - before]
    for seconds in (8, 20):
        samples = speech[: seconds * SPEECH_RATE_HZ]
        decode(graph, graph.encode(samples), token_cap(seconds))
        sizes.append(process.memory_info().rss - before)
    print(*(size / 1e6 for size in sizes))


if __name__ == "__main__":
    _show_memory()
