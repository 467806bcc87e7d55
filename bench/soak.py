"""Part `soak`: minutes (`--minutes`) of speech that never pauses.

Read speech is joined utterance after utterance, every pause cut down to 300 ms by the energy pass,
so that no endpoint relieves the server: it must cut by itself, and where it cuts words can be lost
or doubled. `--keep-pauses` leaves the recordings as they are. The stream runs as fast as answers
come, at most 8 s ahead of them; `--realtime` takes as long as it is. Partial readings are skipped
when there is no time for them, so real time costs more work than the fast pace.

Reported: memory and work minute by minute; WER against the reference and, where the engine is ours,
of the engine reading each utterance alone; words lost and doubled with the time in the audio
(`oyez.bench.joints`).
"""

from dataclasses import dataclass
from typing import Any

from bench.endurance import Meter
from oyez.bench import tables, text
from oyez.bench.audio import Sound, joined
from oyez.bench.corpus import Clip, Segment
from oyez.bench.energy import trim_pauses
from oyez.bench.joints import align, doublings, keyed, keys_of, losses, matched
from oyez.bench.offline import Offline
from oyez.bench.plan import Plan
from oyez.bench.stats import word_errors
from oyez.bench.streaming import FAST, LIVE, Stream, run_stream
from oyez.protocol.tokens import TOKEN_TEXT_END

GROUP = "long"
QUICK_LENGTH_S = 90.0
LONGEST_PAUSE_S = 0.3
LISTED = 40


@dataclass(frozen=True, slots=True)
class Part:
    """An utterance in the joined audio."""

    sound: Sound
    text: str


def measure(plan: Plan) -> dict[str, Any]:
    """Stream the joined speech; print and return what it cost and what it lost."""
    length_s = plan.soak_s(quick_s=QUICK_LENGTH_S)
    parts = build(plan.corpus.speech([GROUP]), length_s=length_s, keeps_pauses=plan.keeps_pauses)
    if not parts:
        tables.note("No long speech at hand.")
        return {}
    sound = joined([part.sound for part in parts])
    tables.note(f"{len(parts)} utterances, {sound.seconds:.0f} s.")
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
        result: dict[str, Any] = {"audio_s": round(sound.seconds, 1), "usage": meter.report()}
    if stream.problem:
        tables.note(f"PROBLEM {stream.problem}")
        result["problem"] = stream.problem
    offline = None
    if plan.recognizer is not None:
        reader = Offline(plan.recognizer)
        offline = " ".join(reader.read(part.sound) for part in parts)
    result |= judge(" ".join(part.text for part in parts), stream, offline)
    result["times_real_time"] = round(sound.seconds / max(stream.wall_s, 1e-9), 2)
    return result


def build(clips: list[Clip], *, length_s: float, keeps_pauses: bool) -> list[Part]:
    """Return whole utterances until there is enough; few recordings are repeated."""
    parts: list[Part] = []
    total_s = 0.0
    while clips and total_s < length_s:
        for clip in clips:
            sound = clip.read().at_speech_rate()
            whole = [Segment(0.0, sound.seconds, clip.text)]
            segments = clip.segments() or whole
            for index, segment in enumerate(segments):
                if total_s >= length_s:
                    return parts
                following = segments[index + 1 :][:1]
                gap_s = following[0].start_s if keeps_pauses and following else segment.end_s
                piece = sound.part(segment.start_s, gap_s)
                if not keeps_pauses:
                    piece = trim_pauses(piece, longest_s=LONGEST_PAUSE_S)
                parts.append(Part(piece, segment.text))
                total_s += piece.seconds
    return parts


def judge(reference: str, stream: Stream, offline: str | None) -> dict[str, Any]:
    """Print and return the error rates, the losses and the doublings."""
    expected = keys_of(reference)
    words = keyed(stream.words)
    steps = align(expected, [word.text for word in words])
    offline_matched = None if offline is None else matched(align(expected, keys_of(offline)))
    normal = text.whisper(reference)
    rows = [_rate("streamed", normal, stream.text)]
    if offline is not None:
        rows.append(_rate("offline, utterance by utterance", normal, offline))
    tables.note("\n" + tables.table(("reading", "words", "WER", "sub", "del", "ins"), rows))
    lost = losses(expected, words, steps, offline_matched)
    doubled = doublings(words, steps)
    said = matched(steps)
    result: dict[str, Any] = {
        "wer": float(rows[0][2]),
        "endpoints": len(stream.marker_times(TOKEN_TEXT_END)),
        "lost": [finding.as_dict() for finding in lost],
        "doubled": [finding.as_dict() for finding in doubled],
        "text": stream.text,
    }
    tables.note(f"\n<end> in the stream: {result['endpoints']}")
    if offline_matched is not None and offline is not None:
        result["offline_wer"] = float(rows[1][2])
        result["offline_text"] = offline
        result["only_offline_has"] = len(offline_matched - said)
        result["only_streamed_has"] = len(said - offline_matched)
        single = losses(expected, words, steps, offline_matched, shortest=1)
        result["single_losses"] = [f.as_dict() for f in single if " " not in f.words]
        tables.note(
            f"Reference words that only the offline reading has: {result['only_offline_has']}; "
            f"that only the stream has: {result['only_streamed_has']}."
        )
    _list("Lost runs of two words and more", [finding.as_dict() for finding in lost])
    _list("Doubled words and fragments", [finding.as_dict() for finding in doubled])
    return result


def _rate(name: str, reference: str, said: str) -> list[str]:
    errors = word_errors(reference, text.whisper(said))
    counts = (errors.substitutions, errors.deletions, errors.insertions)
    return [name, str(errors.words), f"{errors.percent:.2f}", *map(str, counts)]


def _list(title: str, findings: list[dict[str, Any]]) -> None:
    tables.note(f"\n{title}: {len(findings)}")
    if not findings:
        return
    rows = [
        [
            finding["kind"],
            f"{finding['at_s']:.1f}",
            "-" if finding["offline_has"] is None else str(finding["offline_has"]),
            finding["context"],
        ]
        for finding in findings[:LISTED]
    ]
    tables.note(tables.table(("", "at s", "offline has", "where"), rows))
