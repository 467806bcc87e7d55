"""Part `formats`: the same speech in every container and every raw encoding.

Each clip is encoded by libavcodec in steps of 20 ms, as a program does that streams a microphone.

kB/s        size of the encoded speech
WER         the streamed transcript against that of the WAV file, both after the Whisper
            normaliser, in percent: what the format costs
delay       at every step: speech that was given to the encoder and has not come out of the
            server's decoder; median and worst. Most of it is the encoder's and the container's
            doing: samples they gather before they write a packet, a page or a fragment
held        the part of the delay that is the decoder's: what would come out if the stream ended
            there, beyond what has come out. Worst
bytes       encoded bytes that waited in the decoder. Worst
work        time in the decoder for a second of audio
first token after that of the WAV file, sent at real-time pace, in ms; median over clips. Speech
            begins -> first token, so it includes `delay`

Formats that only exist as whole files have no delay: they are sent at once.
"""

import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.encoding import CONTAINERS, RAW, WAV, Encoded, Recipe, encode
from oyez import OyezClient
from oyez.audio.decoder import AudioDecoder, open_decoder
from oyez.bench import tables, text
from oyez.bench.audio import SPEECH_RATE_HZ, Sound
from oyez.bench.energy import pieces_at_pauses
from oyez.bench.plan import Plan
from oyez.bench.stats import Errors, pooled, word_errors
from oyez.bench.streaming import MARKERS, Target, words_of
from oyez.errors import OyezError

GROUPS = ("en_read", "en_read_fleurs", "en_spont")
SHORTEST_S, LONGEST_S = 2.5, 9.0
CLIPS, QUICK_CLIPS = 10, 2
LIVE_CLIPS, QUICK_LIVE_CLIPS = 3, 1
CHUNK_BYTES = 4096
PROBES = 40
"""Places in a stream at which `held` is measured."""
TIMEOUT_S = 60.0


@dataclass(slots=True)
class Row:
    """What was measured of one format."""

    recipe: Recipe
    bytes: int = 0
    audio_s: float = 0.0
    work_s: float = 0.0
    delays_s: list[float] = field(default_factory=list)
    held_s: list[float] = field(default_factory=list)
    bytes_held: int = 0
    errors: list[Errors] = field(default_factory=list)
    first_token_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def measure(plan: Plan) -> dict[str, Any]:
    """Encode, decode and stream everything; print and return the figures."""
    sounds = _choose(plan)
    live = sounds[: QUICK_LIVE_CLIPS if plan.is_quick else LIVE_CLIPS]
    rows = []
    with plan.server():
        spoken = [_hear(plan.target, WAV, encode(WAV, sound), is_live=False)[0] for sound in sounds]
        for recipe in (*CONTAINERS, *RAW):
            row = Row(recipe)
            for sound, said in zip(sounds, spoken, strict=True):
                _measure_file(plan.target, row, sound, said)
            for sound in live if recipe in CONTAINERS else live[:1]:
                _measure_live(plan.target, row, sound)
            rows.append(row)
    tables.note(f"{len(sounds)} clips, {sum(sound.seconds for sound in sounds):.0f} s.\n")
    base_s = statistics.median(rows[0].first_token_s) if rows[0].first_token_s else 0.0
    head = ("format", "kB/s", "WER", "delay", "worst", "held", "bytes", "work", "first token")
    tables.note(tables.table(head, [_cells(row, base_s) for row in rows]))
    tables.note("\ndelay, held, first token in ms; work in ms a second; WER in % against WAV.")
    for row in rows:
        for problem in row.problems:
            tables.note(f"PROBLEM {row.recipe.label}: {problem}")
    return {row.recipe.label: _json(row) for row in rows}


def _choose(plan: Plan) -> list[Sound]:
    limit = QUICK_CLIPS if plan.is_quick else CLIPS
    sounds = [
        sound
        for clip in plan.corpus.speech(GROUPS)
        for sound in (
            pieces_at_pauses(clip.read(), longest_s=LONGEST_S)
            if not plan.corpus.has_groups
            else [clip.read()]
        )
        if SHORTEST_S <= sound.seconds <= LONGEST_S
    ]
    step = max(len(sounds) / limit, 1.0)
    return [sounds[int(index * step)] for index in range(min(limit, len(sounds)))]


def _open(recipe: Recipe) -> AudioDecoder:
    raw = {"sample_rate": recipe.rate_hz, "num_channels": 1} if recipe in RAW else {}
    return open_decoder(
        recipe.audio_format,
        sample_rate_hz=raw.get("sample_rate"),
        num_channels=raw.get("num_channels"),
        target_rate_hz=SPEECH_RATE_HZ,
    )


def _measure_file(target: Target, row: Row, sound: Sound, said: str) -> None:
    encoded = encode(row.recipe, sound)
    row.bytes += len(encoded.data)
    row.audio_s += sound.seconds
    _measure_decoder(row, encoded)
    heard, _, problem = _hear(target, row.recipe, encoded, is_live=False)
    row.problems += [problem] if problem else []
    row.errors.append(word_errors(text.whisper(said), text.whisper(heard)))


def _measure_decoder(row: Row, encoded: Encoded) -> None:
    growth = encoded.growth or [
        (0.0, end) for end in range(CHUNK_BYTES, len(encoded.data), CHUNK_BYTES)
    ]
    decoder = _open(row.recipe)
    probe_every = max(1, len(growth) // PROBES)
    at = out = 0
    for index, (spoken_s, end) in enumerate(growth):
        began_s = time.perf_counter()
        out += len(decoder.push(encoded.data[at:end]))
        row.work_s += time.perf_counter() - began_s
        at = end
        row.bytes_held = max(row.bytes_held, decoder.bytes_held)
        if encoded.growth:
            row.delays_s.append(spoken_s - out / SPEECH_RATE_HZ)
        if out and index % probe_every == 0:
            row.held_s.append((_decodable(row.recipe, encoded.data[:end]) - out) / SPEECH_RATE_HZ)
    began_s = time.perf_counter()
    decoder.push(encoded.data[at:])
    decoder.flush()
    row.work_s += time.perf_counter() - began_s


def _decodable(recipe: Recipe, data: bytes) -> int:
    """Return how many samples are in these bytes."""
    decoder = _open(recipe)
    return len(np.concatenate((decoder.push(data), decoder.flush())))


def _measure_live(target: Target, row: Row, sound: Sound) -> None:
    encoded = encode(row.recipe, sound)
    _, first_s, problem = _hear(target, row.recipe, encoded, is_live=True)
    if first_s is not None:
        row.first_token_s.append(first_s)
    row.problems += [problem] if problem else []


def _hear(
    target: Target, recipe: Recipe, encoded: Encoded, *, is_live: bool
) -> tuple[str, float | None, str | None]:
    """Stream a file; a live one as it grows, and no further than its first token.

    Returns:
        The final words, when the first token came, and what went wrong.
    """
    client = OyezClient(api_key=target.api_key, websocket_base_url=target.url)
    steps = [(0.0, end) for end in range(CHUNK_BYTES, len(encoded.data), CHUNK_BYTES)]
    if is_live and encoded.growth:
        steps = encoded.growth
    tokens, first_s, stopped = [], None, threading.Event()
    try:
        with client.realtime.stt.connect(
            config={"model": target.model, **recipe.config}
        ) as session:
            watchdog = threading.Timer(TIMEOUT_S, session.close)
            watchdog.start()
            zero_s = time.perf_counter()

            def send() -> None:
                at = 0
                for due_s, end in (*steps, (0.0, len(encoded.data))):
                    if stopped.wait(max(0.0, zero_s + due_s - time.perf_counter())):
                        return
                    if end > at:
                        session.send_byte_chunk(encoded.data[at:end])
                    at = end
                session.finish()

            sender = threading.Thread(target=send, name="bench-send", daemon=True)
            sender.start()
            try:
                for event in session.receive_events():
                    words = [token for token in event.tokens if token.text not in MARKERS]
                    if words and first_s is None:
                        first_s = time.perf_counter() - zero_s
                        if is_live:
                            break
                    tokens += [token for token in event.tokens if token.is_final]
            finally:
                stopped.set()
                sender.join(TIMEOUT_S)
                watchdog.cancel()
    except OyezError as error:
        return "", first_s, f"{type(error).__name__}: {error}"
    return " ".join(word.text for word in words_of(tokens)), first_s, None


def _cells(row: Row, base_s: float) -> list[str]:
    def ms(seconds: float | None) -> str:
        return "-" if seconds is None else f"{1000 * seconds:.0f}"

    delays = sorted(row.delays_s)
    first_s = statistics.median(row.first_token_s) - base_s if row.first_token_s else None
    return [
        row.recipe.label,
        f"{row.bytes / row.audio_s / 1000:.1f}",
        f"{pooled(row.errors).percent:.1f}",
        ms(statistics.median(delays) if delays else None),
        ms(delays[-1] if delays else None),
        ms(max(row.held_s) if row.held_s else None),
        str(row.bytes_held),
        f"{1000 * row.work_s / row.audio_s:.1f}",
        f"{1000 * first_s:+.0f}" if first_s is not None and row.delays_s else "-",
    ]


def _json(row: Row) -> dict[str, Any]:
    delays = sorted(row.delays_s)
    return {
        "kb_per_s": round(row.bytes / row.audio_s / 1000, 3),
        "wer_against_wav": round(pooled(row.errors).percent, 3),
        "words": pooled(row.errors).words,
        "delay_s": round(statistics.median(delays), 4) if delays else None,
        "delay_worst_s": round(delays[-1], 4) if delays else None,
        "held_worst_s": round(max(row.held_s), 4) if row.held_s else None,
        "bytes_held_worst": row.bytes_held,
        "work_per_audio_s": round(row.work_s / row.audio_s, 5),
        "first_token_s": [round(seconds, 3) for seconds in row.first_token_s],
        "problems": row.problems,
    }
