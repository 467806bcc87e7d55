"""Part `latency`: how long a speaker waits, at real-time pace over a real WebSocket.

One session at a time, chunks of 100 ms, endpoint detection on, two seconds of silence after the
clip. A chunk leaves when its last sample has been spoken, so every figure includes up to 100 ms of
chunking, as a microphone's would. When speech begins and ends is told by an energy pass over the
file (`bench.energy`), not by the server; clips on whose edges it is not sure are left out.

first words     speech begins -> the first token of speech, final or not, is received; includes the
                time that it takes to say the word
endpoint        speech ends -> `<end>` is received
final           speech ends -> the last final word of the clip is received
finalize        `finalize` is sent, 200 ms after speech ends -> `<fin>` is received
word shown      a word ends -> it stands in the received transcript, within 0.6 s of its final time
word final      a word ends -> the word is received as final
ping            WebSocket ping -> pong on a second, silent stream, while the first is recognised

When a word ends is taken from the server's own token times. Endpoints inside a clip are counted
beside the pauses of 500 ms and more that the energy pass sees there. Normalised erasure is words
shown and taken back (all from the first change on, in each event) for each final word. Lag is audio
sent minus `total_audio_proc_ms`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench import tables
from bench.audio import Sound, joined, silence
from bench.corpus import Clip
from bench.emission import Tally, judge_words
from bench.energy import Span, clear_edges, pauses, pieces_at_pauses, speech_spans
from bench.pings import Pinger
from bench.plan import Plan
from bench.stats import Summary, summary
from bench.streaming import MARKERS, Pace, Stream, run_stream
from oyez.client.events import Token
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN

GROUPS = ("en_read", "en_read_fleurs", "en_read_ls_test_other", "en_spont")
SHORTEST_S, LONGEST_S = 2.5, 9.0
CLIPS, QUICK_CLIPS = 20, 4
TAIL_S = 2.0
FINALIZE_AFTER_S = 0.2
FINALIZE_TAIL_S = 0.5
"""Silence that is still sent after `finalize`, as a microphone would."""
PAUSE_S = 0.5

ROWS = (
    ("first words", "speech begins -> first token"),
    ("endpoint", "speech ends -> <end>"),
    ("final", "speech ends -> last final word"),
    ("finalize", "finalize sent -> <fin>"),
    ("word shown", "word ends -> word shown"),
    ("word final", "word ends -> word final"),
    ("lag", "audio sent - audio processed, at each event"),
    ("ping", "ping -> pong while recognising"),
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A clip, its speech, and silence after it."""

    name: str
    sound: Sound
    spans: list[Span]

    @property
    def onset_s(self) -> float:
        """When speech begins."""
        return self.spans[0].start_s

    @property
    def end_s(self) -> float:
        """When speech ends."""
        return self.spans[-1].end_s


def measure(plan: Plan) -> dict[str, Any]:
    """Stream every clip twice, once to its endpoint and once to a finalize; print and return."""
    utterances = choose(plan)
    tally = Tally()
    with plan.server() as server:
        before = server.usage() if server is not None else None
        with Pinger(plan.target) as pinger:
            for utterance in utterances:
                stream = run_stream(plan.target, utterance.sound, endpoints=True)
                judge_to_end(utterance, stream, tally)
                finalize_at_s = utterance.end_s + FINALIZE_AFTER_S
                stream = run_stream(
                    plan.target,
                    utterance.sound.part(0.0, finalize_at_s + FINALIZE_TAIL_S),
                    pace=Pace(finalize_at_s=finalize_at_s),
                    endpoints=True,
                )
                judge_finalize(utterance, stream, tally)
        after = server.usage() if server is not None else None
    for seconds in pinger.seconds:
        tally.add("ping", seconds)
    if pinger.problem:
        tally.problems.append(f"pings: {pinger.problem}")
    audio_s = sum(
        u.sound.seconds + u.end_s + FINALIZE_AFTER_S + FINALIZE_TAIL_S for u in utterances
    )
    result = report(tally, len(utterances))
    if before is not None and after is not None:
        work = (after.cpu_s - before.cpu_s) / audio_s
        result["server_cpu_per_audio_s"] = round(work, 4)
        tables.note(f"Server CPU: {work:.3f} s a second of audio (one core, real-time pace).")
    return result


def choose(plan: Plan) -> list[Utterance]:
    """Return clips of a few seconds, spread evenly over what there is."""
    limit = QUICK_CLIPS if plan.is_quick else CLIPS
    sounds = [
        (clip.name, sound)
        for clip in plan.corpus.speech(GROUPS)
        for sound in _sounds(clip)
        if SHORTEST_S <= sound.seconds <= LONGEST_S and clear_edges(sound) is not None
    ]
    step = max(len(sounds) / limit, 1.0)
    chosen = [sounds[int(index * step)] for index in range(min(limit, len(sounds)))]
    utterances = []
    for name, sound in chosen:
        spans = speech_spans(sound)
        tail = silence(TAIL_S, sound.rate_hz)
        utterances.append(Utterance(name, joined([sound, tail]), spans))
    return utterances


def _sounds(clip: Clip) -> list[Sound]:
    if clip.group != "sample":
        return [clip.read()] if clip.seconds <= LONGEST_S else []
    return pieces_at_pauses(clip.read(), longest_s=LONGEST_S)


def judge_to_end(utterance: Utterance, stream: Stream, tally: Tally) -> None:
    """Take the measurements of a stream that ran to its endpoint."""
    if stream.problem:
        tally.problems.append(f"{utterance.name}: {stream.problem}")
        return
    first_s = next((a.at_s for a in stream.arrivals if _has_speech(a.event.tokens)), None)
    if first_s is None:
        tally.problems.append(f"{utterance.name}: no words")
        return
    tally.add("first words", first_s - utterance.onset_s)
    ends = stream.marker_times(TOKEN_TEXT_END)
    after = [at_s for at_s in ends if at_s > utterance.end_s]
    if after:
        tally.add("endpoint", after[-1] - utterance.end_s)
    else:
        tally.problems.append(f"{utterance.name}: no <end> within {TAIL_S:.0f} s of the end")
    tally.inner_endpoints += len(ends) - min(len(after), 1)
    tally.inner_pauses += sum(pause.seconds >= PAUSE_S for pause in pauses(utterance.spans))
    last_s = max(
        (a.at_s for a in stream.arrivals if _has_speech(t for t in a.event.tokens if t.is_final)),
    )
    tally.add("final", last_s - utterance.end_s)
    judge_words(stream, tally)
    for arrival in stream.arrivals:
        if not arrival.event.finished:
            sent_s = min(arrival.at_s, stream.audio_s)
            tally.add("lag", sent_s - (arrival.event.total_audio_proc_ms or 0) / 1000)


def judge_finalize(utterance: Utterance, stream: Stream, tally: Tally) -> None:
    """Take the measurement of a stream that was finalized."""
    if stream.problem or stream.finalize_sent_s is None:
        tally.problems.append(f"{utterance.name}, finalize: {stream.problem or 'was not sent'}")
        return
    answers = stream.marker_times(TOKEN_TEXT_FIN)
    if len(answers) != 1:
        tally.problems.append(f"{utterance.name}: {len(answers)} <fin> for one finalize")
    if answers:
        tally.add("finalize", answers[0] - stream.finalize_sent_s)


def report(tally: Tally, count: int) -> dict[str, Any]:
    """Print the table and return the numbers."""
    measured: dict[str, Summary | None] = {
        name: summary(tally.seconds.get(name, [])) for name, _ in ROWS
    }
    rows = [tables.milliseconds(name, measured[name], meaning) for name, meaning in ROWS]
    head = ("milliseconds", "n", "p50", "p95", "worst", "from -> to")
    tables.note(tables.table(head, rows))
    erasure = tally.erased / max(tally.words, 1)
    tables.note(
        f"\n{count} clips. <end> inside clips: {tally.inner_endpoints} (pauses of "
        f"{PAUSE_S * 1000:.0f} ms and more there: {tally.inner_pauses}). "
        f"Normalised erasure: {erasure:.2f} words taken back for each final word."
    )
    for problem in tally.problems:
        tables.note(f"PROBLEM {problem}")
    return {
        "clips": count,
        "seconds": {name: item.as_dict() for name, item in measured.items() if item is not None},
        "inner_endpoints": tally.inner_endpoints,
        "inner_pauses": tally.inner_pauses,
        "erasure": round(erasure, 3),
        "problems": tally.problems,
    }


def _has_speech(tokens: Iterable[Token]) -> bool:
    return any(token.text.strip() and token.text not in MARKERS for token in tokens)
