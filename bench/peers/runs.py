"""Playing the same clips to ours and to every peer, and putting the figures side by side."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.peers.catalog import PEERS, Peer
from bench.peers.process import PeerError, PeerProcess, Playing
from oyez.bench import tables, text
from oyez.bench.audio import Sound, joined, silence
from oyez.bench.latency import (
    FINALIZE_AFTER_S,
    FINALIZE_TAIL_S,
    GROUPS,
    TAIL_S,
    Utterance,
    choose,
)
from oyez.bench.metrics import first_words_s, settled_s
from oyez.bench.plan import Plan
from oyez.bench.serving import ServerProcess, Usage
from oyez.bench.stats import (
    RESAMPLES,
    Errors,
    Interval,
    Summary,
    bootstrap_wer,
    pooled,
    summary,
    word_errors,
)
from oyez.bench.streaming import Pace, Target, run_stream
from oyez.bench.views import View, views_of
from oyez.protocol.tokens import TOKEN_TEXT_FIN

CLIPS = (2, 5, 20)
"""By size of the run. Each takes a minute and a half."""
MEASURES = ("first words", "settled", "final", "asked")
HEAD = ("system", "WER", "95 %", *MEASURES, "CPU s/s", "RSS MB")


@dataclass(slots=True)
class Play:
    """One system and one clip."""

    errors: Errors | None
    """None where the words are not known."""
    text: str
    audio_s: float
    cpu_s: float | None
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Result:
    """One system and all clips."""

    name: str
    plays: dict[str, Play] = field(default_factory=dict)
    rss_mb: float | None = None
    ready_s: float | None = None
    problem: str | None = None

    @property
    def errors(self) -> list[Errors]:
        """The errors of every clip whose words are known."""
        return [play.errors for play in self.plays.values() if play.errors is not None]

    def summary(self, measure: str) -> Summary | None:
        """Return one latency over the clips."""
        return summary([p.seconds[measure] for p in self.plays.values() if measure in p.seconds])

    @property
    def cpu_per_audio_s(self) -> float | None:
        """Work for each second of audio."""
        known = [(p.cpu_s, p.audio_s) for p in self.plays.values() if p.cpu_s is not None]
        if not known:
            return None
        return sum(cpu_s for cpu_s, _ in known) / sum(audio_s for _, audio_s in known)


Player = Callable[[Sound, float | None], Playing]
"""Plays a sound, asks at a time for everything to be made final, and returns what came."""


def measure(plan: Plan) -> dict[str, Any]:
    """Play the clips to every system; print and return the comparison."""
    clips = {clip.name: clip.text for clip in plan.corpus.speech(GROUPS)}
    utterances = choose(plan, limit=plan.sized(*CLIPS))
    utterances = [_at_speech_rate(item) for item in utterances]
    results = [_ours(plan, name, utterances, clips) for name in plan.models]
    results += [_peer(peer, utterances, clips) for peer in PEERS]
    _table(results, len(utterances))
    _ratios(results)
    _tell(results)
    return {
        "clips": len(utterances),
        "systems": {result.name: _json(result) for result in results},
        "ratios_to": results[0].name,
        "ratios": {result.name: _ratio_json(result, results[0]) for result in results[1:]},
        "problems": [f"{r.name}: {r.problem}" for r in results if r.problem],
    }


def play_through(
    result: Result,
    player: Player,
    look: Callable[[], Usage] | None,
    utterances: list[Utterance],
    references: dict[str, str],
    *,
    is_live: bool = True,
) -> None:
    """Play every clip to its end and up to a question.

    Args:
        result: Takes the measurements.
        player: Plays one sound.
        look: Tells what the system has used so far; None where nobody knows.
        utterances: The clips, with silence after each.
        references: Their words; pieces of a recording have none of their own.
        is_live: Whether the system shows anything before it is asked; else it is only asked.
    """
    for utterance in utterances:
        ask_at_s = utterance.end_s + FINALIZE_AFTER_S
        asked = utterance.sound.part(0.0, ask_at_s + FINALIZE_TAIL_S)
        before = look() if look is not None else None
        live = player(utterance.sound, None) if is_live else None
        answered = player(asked, ask_at_s)
        after = look() if look is not None else None
        said = answered.text if live is None else live.text
        reference = references.get(utterance.name)
        play = Play(
            errors=None
            if reference is None
            else word_errors(text.whisper(reference), text.whisper(said)),
            text=said,
            audio_s=asked.seconds + (0.0 if live is None else utterance.sound.seconds),
            cpu_s=None if before is None or after is None else after.cpu_s - before.cpu_s,
        )
        if live is not None:
            play.seconds |= latencies(utterance, live.views)
        if answered.answered_s is not None:
            play.seconds["asked"] = answered.answered_s - utterance.end_s
        result.plays[utterance.name] = play
        if after is not None:
            result.rss_mb = max(result.rss_mb or 0.0, after.rss_mb)


def latencies(utterance: Utterance, views: list[View]) -> dict[str, float]:
    """Return what a reader waited for, in seconds, without asking.

    What comes after the last sample of the silence was caused by the end of the stream: it is no
    answer to the speaker's silence, and missing here.
    """
    found = {}
    first_s = first_words_s(views, utterance.onset_s)
    if first_s is not None and first_s + utterance.onset_s <= utterance.sound.seconds:
        found["first words"] = first_s
    settled_at_s = settled_s(views)
    if settled_at_s is not None and settled_at_s <= utterance.sound.seconds:
        found["settled"] = settled_at_s - utterance.end_s
    final_s = _all_final_s(views)
    if final_s is not None and final_s <= utterance.sound.seconds:
        found["final"] = final_s - utterance.end_s
    return found


def ratio(ones: dict[str, float], others: dict[str, float]) -> tuple[float, Interval] | None:
    """Return median(ones) / median(others) over the clips that both have, with its 95 % interval.

    Clips are resampled (percentile bootstrap). None without clips, or when the lower median, or any
    resampled one, is not above 0: a ratio of a delay that is not a delay says nothing.
    """
    names = [name for name in ones if name in others]
    if not names:
        return None
    pairs = np.array([(ones[name], others[name]) for name in names])
    picks = np.random.default_rng(0).integers(0, len(names), (RESAMPLES, len(names)))
    drawn = np.median(pairs[picks], axis=1)
    medians = np.median(pairs, axis=0)
    if medians.min() <= 0.0 or drawn.min() <= 0.0:
        return None
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return float(medians[0] / medians[1]), (float(low), float(high))


def _all_final_s(views: list[View]) -> float | None:
    """Return from when on every word was final and the transcript stayed as it was."""
    at_s = None
    for view in reversed(views):
        if view.has_draft or view.words != views[-1].words or not view.words:
            break
        at_s = view.at_s
    return at_s


def _ours(
    plan: Plan, model: str, utterances: list[Utterance], references: dict[str, str]
) -> Result:
    result = Result(f"oyez {model}" if plan.remote is None else plan.remote.url)
    if plan.remote is not None:
        play_through(result, _over_websocket(plan.remote), None, utterances, references)
        return result
    with ServerProcess(model) as server:
        result.ready_s = server.ready_s
        player = _over_websocket(server.target)
        try:
            play_through(result, player, server.usage, utterances, references)
        except PeerError as error:
            result.problem = str(error)
    return result


def _peer(peer: Peer, utterances: list[Utterance], references: dict[str, str]) -> Result:
    result = Result(peer.name)
    if not peer.is_installed:
        result.problem = "not installed: .venv/bin/python -m bench.peers"
        return result
    try:
        with PeerProcess(peer.command()) as process:
            result.ready_s = process.ready_s

            def player(sound: Sound, ask_at_s: float | None) -> Playing:
                return process.play(sound, ask_at_s=ask_at_s)

            play_through(
                result, player, process.usage, utterances, references, is_live=peer.is_live
            )
    except (PeerError, OSError) as error:
        result.problem = str(error)
    return result


def _over_websocket(target: Target) -> Player:
    def player(sound: Sound, ask_at_s: float | None) -> Playing:
        pace = Pace(finalize_at_s=ask_at_s)
        stream = run_stream(target, sound, pace=pace, endpoints=True)
        if stream.problem:
            raise PeerError(stream.problem)
        answers = stream.marker_times(TOKEN_TEXT_FIN)
        return Playing(
            views_of(stream),
            stream.text,
            stream.finalize_sent_s,
            answers[0] if answers else None,
        )

    return player


def _at_speech_rate(utterance: Utterance) -> Utterance:
    """Return an utterance at 16 kHz, which every peer reads."""
    if utterance.sound.rate_hz == 16_000:
        return utterance
    sound = utterance.sound.part(0.0, utterance.sound.seconds - TAIL_S).at_speech_rate()
    return Utterance(utterance.name, joined([sound, silence(TAIL_S)]), utterance.spans)


def _table(results: list[Result], count: int) -> None:
    rows = []
    for result in results:
        if not result.plays:
            rows.append([result.name, *["-"] * (len(HEAD) - 1)])
            continue
        row = [result.name, "-", "-"]
        if errors := result.errors:
            row[1:] = [f"{pooled(errors).percent:.1f}", tables.interval(bootstrap_wer(errors))]
        for name in MEASURES:
            found = result.summary(name)
            row.append("-" if found is None else _cell(found, count))
        work = result.cpu_per_audio_s
        row.append("-" if work is None else f"{work:.3f}")
        row.append("-" if result.rss_mb is None else f"{result.rss_mb:.0f}")
        rows.append(row)
    tables.note(tables.table(HEAD, rows))
    tables.note(
        "\nMilliseconds, p50 / p95 (of so many clips, where not all have one). first words: speech "
        "begins -> first word.\nsettled: speech ends -> the text stays as it is. final: speech "
        "ends -> all is final, nobody asking. asked: speech ends ->\nall is final, asked after "
        f"{1000 * FINALIZE_AFTER_S:.0f} ms. {count} clips."
    )


def _cell(found: Summary, count: int) -> str:
    cell = f"{1000 * found.p50:.0f} / {1000 * found.p95:.0f}"
    return cell if found.count == count else f"{cell} ({found.count})"


def _measured(result: Result, name: str) -> dict[str, float]:
    if name == "CPU s/s":
        return {
            clip: play.cpu_s / play.audio_s
            for clip, play in result.plays.items()
            if play.cpu_s is not None
        }
    return {clip: play.seconds[name] for clip, play in result.plays.items() if name in play.seconds}


def _ratio_json(result: Result, ours: Result) -> dict[str, Any]:
    found = {
        name: ratio(_measured(result, name), _measured(ours, name))
        for name in (*MEASURES, "CPU s/s")
    }
    return {
        name: {"ratio": round(value[0], 3), "95": [round(bound, 3) for bound in value[1]]}
        for name, value in found.items()
        if value is not None
    }


def _ratios(results: list[Result]) -> None:
    ours = results[0]
    head = (f"times {ours.name}", *MEASURES, "CPU s/s")
    rows = []
    for result in results[1:]:
        found = _ratio_json(result, ours)
        row = [result.name]
        for name in head[1:]:
            value = found.get(name)
            low, high = value["95"] if value else (0.0, 0.0)
            row.append(f"{value['ratio']:.2f} [{low:.2f}, {high:.2f}]" if value else "-")
        rows.append(row)
    tables.note("\n" + tables.table(head, rows))
    tables.note("\nRatios of medians over the clips that both have, 95 % over resampled clips.")


def _tell(results: list[Result]) -> None:
    for result in results:
        if result.ready_s is not None:
            tables.note(f"{result.name}: ready in {result.ready_s:.1f} s.")
    for result in results:
        if result.problem:
            tables.note(f"PROBLEM {result.name}: {result.problem}")


def _json(result: Result) -> dict[str, Any]:
    errors = result.errors
    found = {name: result.summary(name) for name in MEASURES}
    work = result.cpu_per_audio_s
    return {
        "wer": round(pooled(errors).percent, 3) if errors else None,
        "wer_95": [round(bound, 3) for bound in bootstrap_wer(errors)] if errors else None,
        "seconds": {name: item.as_dict() for name, item in found.items() if item is not None},
        "cpu_per_audio_s": None if work is None else round(work, 4),
        "rss_mb": None if result.rss_mb is None else round(result.rss_mb, 1),
        "ready_s": None if result.ready_s is None else round(result.ready_s, 2),
        "texts": {name: play.text for name, play in result.plays.items()},
        "problem": result.problem,
    }
