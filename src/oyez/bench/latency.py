"""Part `latency`: how long a speaker waits, at real-time pace over a real WebSocket.

One session at a time, chunks of 100 ms, endpoint detection on, three seconds of silence after the
clip. A chunk leaves when its last sample has been spoken, so every figure includes up to 100 ms of
chunking, as a microphone's would. When speech begins and ends is told by an energy pass over the
file (`oyez.bench.energy`), not by the server; clips on whose edges it is not sure are left out.

first partial   speech begins -> the first non-final word is received; includes the time that it
                takes to say the word
first words     the same, final words included
endpoint        speech ends -> `<end>` is received
final           speech ends -> the last final word of the clip is received, nobody asking for it
settled         speech ends -> the transcript reads as it will stay, final or not
finalize        `finalize` is sent, 200 ms after speech ends -> `<fin>` is received
TTFS            speech ends -> `<fin>` is received, when `finalize` is sent after 200 ms, never
                below 0: time to final segment of Pipecat's stt-benchmark, whose bots ask so
word shown      a word ends -> it is first received; PR50 and PR90 are its p50 and p90
last word       the same, of the last word of each clip only
word final      a word ends -> the word is received as final
lag             audio sent - `total_audio_proc_ms`, at each event
final lag       audio sent - `final_audio_proc_ms`, at each event while somebody speaks
ping            WebSocket ping -> pong on a second, silent stream, while the first is recognised

Sources of the definitions: `oyez.bench.metrics`, and Soniox's counters for the lags. Recordings of
meetings with word times are streamed for `word shown`, `last word` and `word final` only, and
listed apart as `... (meetings)`: there the data says when a word ended; elsewhere the server's own
token times do. UPWR and normalized erasure are over the clips that ran to their endpoint. Intervals
are 95 %, whole recordings resampled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from oyez.bench import tables
from oyez.bench.audio import Sound, joined, silence
from oyez.bench.corpus import Clip
from oyez.bench.cost import Cost
from oyez.bench.emission import Tally, judge_words
from oyez.bench.energy import Span, clear_edges, pauses, pieces_at_pauses, speech_spans
from oyez.bench.metrics import first_partial_s, first_words_s, settled_s
from oyez.bench.pings import Pinger
from oyez.bench.plan import Plan
from oyez.bench.streaming import MARKERS, Pace, Stream, run_stream
from oyez.bench.views import views_of
from oyez.client.events import Token
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN

GROUPS = ("en_read", "en_read_fleurs", "en_read_ls_test_other", "en_spont")
SHORTEST_S, LONGEST_S = 2.5, 7.0
CLIPS = (4, 20, 40)
"""By size of the run."""
TAIL_S = 3.0
FINALIZE_AFTER_S = 0.2
FINALIZE_TAIL_S = 0.5
"""Silence that is still sent after `finalize`, as a microphone would."""
PAUSE_S = 0.5

ROWS = (
    ("first partial", "speech begins -> first non-final word"),
    ("first words", "speech begins -> first word"),
    ("endpoint", "speech ends -> <end>"),
    ("final", "speech ends -> last final word"),
    ("settled", "speech ends -> the text stays as it is"),
    ("finalize", "finalize sent -> <fin>"),
    ("TTFS", "speech ends -> <fin>, finalize sent after 200 ms"),
    ("word shown", "word ends -> word shown"),
    ("last word", "the same, last word of each clip"),
    ("word final", "word ends -> word final"),
    ("word shown (meetings)", "the same, by the times of the data"),
    ("last word (meetings)", "the same, by the times of the data"),
    ("word final (meetings)", "the same, by the times of the data"),
    ("lag", "audio sent - audio processed, at each event"),
    ("final lag", "audio sent - audio final, while somebody speaks"),
    ("ping", "ping -> pong while recognising"),
)
MEETINGS = (1, 2, 6)
"""By size of the run; each takes 30 s."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A clip, its speech, and silence after it."""

    name: str
    sound: Sound
    spans: list[Span]
    text: str = ""
    """What is said, where that is known."""

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
    meetings = plan.corpus.timed()[: plan.sized(*MEETINGS)]
    tally, apart = Tally(), Tally()
    with plan.server() as server, Cost.of(server) as cost, Pinger(plan.target) as pinger:
        for utterance in utterances:
            stream = run_stream(plan.target, utterance.sound, endpoints=True)
            judge_to_end(utterance, stream, tally)
            finalize_at_s = utterance.end_s + FINALIZE_AFTER_S
            sound = utterance.sound.part(0.0, finalize_at_s + FINALIZE_TAIL_S)
            cost.audio_s += utterance.sound.seconds + sound.seconds
            pace = Pace(finalize_at_s=finalize_at_s)
            stream = run_stream(plan.target, sound, pace=pace, endpoints=True)
            judge_finalize(utterance, stream, tally)
        for clip in meetings:
            sound = clip.read()
            cost.audio_s += sound.seconds
            stream = run_stream(plan.target, sound, endpoints=True)
            if stream.problem:
                tally.problems.append(f"{clip.name}: {stream.problem}")
            judge_words(stream, apart, source=clip.name, known=clip.words())
    for seconds in pinger.seconds:
        tally.add("ping", seconds)
    if pinger.problem:
        tally.problems.append(f"pings: {pinger.problem}")
    for name in list(apart.seconds):
        tally.seconds[f"{name} (meetings)"] = apart.seconds[name]
        tally.sources[f"{name} (meetings)"] = apart.sources[name]
    tally.problems += apart.problems
    result = report(tally, len(utterances))
    result["words_timed_by_data"] = apart.words_timed_by_data
    result["words_timed_by_server"] = len(tally.seconds.get("word shown", []))
    return result | cost.report()


def choose(
    plan: Plan,
    *,
    limit: int | None = None,
    longest_s: float = LONGEST_S,
    groups: Sequence[str] = GROUPS,
) -> list[Utterance]:
    """Return clips of a few seconds, spread evenly over what there is."""
    limit = limit or plan.sized(*CLIPS)
    sounds = [
        (name, sound, text)
        for clip in plan.corpus.speech(groups)
        for name, sound, text in _sounds(clip, longest_s, is_cut=not plan.corpus.has_groups)
        if SHORTEST_S <= sound.seconds <= longest_s and clear_edges(sound) is not None
    ]
    step = max(len(sounds) / limit, 1.0)
    chosen = [sounds[int(index * step)] for index in range(min(limit, len(sounds)))]
    utterances = []
    for name, sound, text in chosen:
        spans = speech_spans(sound)
        tail = silence(TAIL_S, sound.rate_hz)
        utterances.append(Utterance(name, joined([sound, tail]), spans, text))
    return utterances


def _sounds(clip: Clip, longest_s: float, *, is_cut: bool) -> list[tuple[str, Sound, str]]:
    """Return a name, the sound and the words of a clip or of its pieces; theirs are not known."""
    if clip.seconds <= longest_s:
        return [(clip.name, clip.read(), clip.text)]
    if not is_cut:
        return []
    pieces = pieces_at_pauses(clip.read(), longest_s=LONGEST_S)
    return [(f"{clip.name} {number}", piece, "") for number, piece in enumerate(pieces, 1)]


def judge_to_end(utterance: Utterance, stream: Stream, tally: Tally) -> None:
    """Take the measurements of a stream that ran to its endpoint."""
    name = utterance.name
    if stream.problem:
        tally.problems.append(f"{name}: {stream.problem}")
        return
    views = views_of(stream)
    first_s = first_words_s(views, utterance.onset_s)
    settled_at_s = settled_s(views)
    if first_s is None or settled_at_s is None:
        tally.problems.append(f"{name}: no words")
        return
    tally.add("first words", first_s, name)
    tally.add("settled", settled_at_s - utterance.end_s, name)
    partial_s = first_partial_s(views, utterance.onset_s)
    if partial_s is not None:
        tally.add("first partial", partial_s, name)
    ends = stream.marker_times(TOKEN_TEXT_END)
    after = [at_s for at_s in ends if at_s > utterance.end_s]
    if after:
        tally.add("endpoint", after[-1] - utterance.end_s, name)
    else:
        tally.problems.append(f"{name}: no <end> within {TAIL_S:.0f} s of the end")
    tally.inner_endpoints += len(ends) - min(len(after), 1)
    tally.inner_pauses += sum(pause.seconds >= PAUSE_S for pause in pauses(utterance.spans))
    last_s = max(
        (a.at_s for a in stream.arrivals if _has_speech(t for t in a.event.tokens if t.is_final)),
    )
    tally.add("final", last_s - utterance.end_s, name)
    judge_words(stream, tally, source=name)
    for arrival in stream.arrivals:
        event = arrival.event
        if event.finished:
            continue
        sent_s = min(arrival.at_s, stream.audio_s)
        tally.add("lag", sent_s - (event.total_audio_proc_ms or 0) / 1000, name)
        if utterance.onset_s <= arrival.at_s <= utterance.end_s:
            tally.add("final lag", sent_s - (event.final_audio_proc_ms or 0) / 1000, name)


def judge_finalize(utterance: Utterance, stream: Stream, tally: Tally) -> None:
    """Take the measurement of a stream that was finalized."""
    if stream.problem or stream.finalize_sent_s is None:
        tally.problems.append(f"{utterance.name}, finalize: {stream.problem or 'was not sent'}")
        return
    answers = stream.marker_times(TOKEN_TEXT_FIN)
    if len(answers) != 1:
        tally.problems.append(f"{utterance.name}: {len(answers)} <fin> for one finalize")
    if answers:
        tally.add("finalize", answers[0] - stream.finalize_sent_s, utterance.name)
        tally.add("TTFS", max(answers[0] - utterance.end_s, 0.0), utterance.name)


def report(tally: Tally, count: int) -> dict[str, Any]:
    """Print the table and return the numbers."""
    measured = {name: tally.summary(name) for name, _ in ROWS}
    rows = [tables.milliseconds(name, measured[name], meaning) for name, meaning in ROWS]
    tables.note(tables.table((*tables.LATENCY_HEAD, "from -> to"), rows))
    tables.note(
        f"\n{count} clips. <end> inside clips: {tally.inner_endpoints} (pauses of "
        f"{PAUSE_S * 1000:.0f} ms and more there: {tally.inner_pauses}). "
        f"For each of {tally.words} final words: {tally.upwr:.2f} partial words changed (UPWR), "
        f"{tally.erasure:.2f} words erased (normalized erasure)."
    )
    for problem in tally.problems:
        tables.note(f"PROBLEM {problem}")
    return {
        "clips": count,
        "seconds": {name: item.as_dict() for name, item in measured.items() if item is not None},
        "inner_endpoints": tally.inner_endpoints,
        "inner_pauses": tally.inner_pauses,
        "upwr": round(tally.upwr, 3),
        "normalized_erasure": round(tally.erasure, 3),
        "words": tally.words,
        "problems": tally.problems,
    }


def _has_speech(tokens: Iterable[Token]) -> bool:
    return any(token.text.strip() and token.text not in MARKERS for token in tokens)
