"""Control messages, audio, junk and the passing of time in any order."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any, Final, Self

import numpy as np
from starlette.applications import Starlette

from bench.fuzz.case import KEY, BrokenPromiseError, without_parts
from bench.fuzz.control_rules import BYTES_PER_MS, Clerk, Op
from bench.fuzz.peer import Closed, Peer
from bench.fuzz.transcript import Transcript
from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio
from oyez.protocol.limits import Limits

HEADERS: Final = {"Authorization": f"Bearer {KEY}"}
TIMED_LIMITS: Final = Limits(max_duration_s=150.0)
"""Of a server whose clock is moved: its longest stream is short enough to be met."""
PATIENCE_S: Final = (0.0, 0.05, 0.5)
"""For each try of a case in which time passes, how long the server gets before and after: what it
has not taken in yet stops its clocks, which is right, and nothing shows from outside when a busy
machine has got so far."""
LOOP_MS: Final = 8_000
"""Audio made once; streams take their parts of it."""
KEEPALIVES: Final = (
    *('{"type":"keepalive"}', '{"type": "keepalive"}', ' {"type":"keepalive","x":[1]}\n'),
    '{"type":"finalize","type":"keepalive"}',
)
FINALIZES: Final = (
    *('{"type":"finalize"}', '{"type": "finalize"}', '{"type":"finalize","more":{}}'),
    *(
        '{"type":"finalize","trailing_silence_ms":300}',
        '{"trailing_silence_ms":0,"type":"finalize"}',
    ),
    '{"type":"finalize","trailing_silence_ms":null}',
)
JUNK: Final = (
    *(
        '{"type":"finalize","trailing_silence_ms":-1}',
        '{"type":"finalize","trailing_silence_ms":"9"}',
    ),
    *('{"type":"finalize","trailing_silence_ms":true}', '{"type":"Finalize"}', '{"type":"end"}'),
    *('{"type":"finalize","trailing_silence_ms":1.5}', '{"type":null}', '{"type":["finalize"]}'),
    *("{}", "[]", "null", "x", " ", "\x00", '"finalize"', "{", "finalize", '{"type":"cancel"}'),
    *("[" * 5_000, '{"type":"finalize"', '{"type":"\\ud800"}', "AAAA", "1", "NaN"),
)


class JumpingClock:
    """The event loop's clock, which can be moved forward; the hub's as well."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return time.monotonic() + self._ahead_s

    def jump(self, seconds: float) -> None:
        """Let time pass at once."""
        self._ahead_s += seconds

    def rule(self, app: Starlette) -> None:
        """Make the running event loop and a server go by this clock."""
        asyncio.get_running_loop().time = self  # type: ignore[method-assign]
        app.state.hub.clock = self


@dataclass(frozen=True, slots=True)
class ControlCase:
    """A sequence of messages, and what happens between them."""

    ops: tuple[Op, ...]
    options: tuple[tuple[str, Any], ...] = ()
    """Of the start message."""
    limits: Limits = field(default_factory=Limits, repr=False)
    has_twin: bool = False
    """Whether the same audio is sent once more, cut differently."""

    async def run(self, app: Starlette) -> str:
        """See `Case.run`."""
        *impatient, longest_s = PATIENCE_S
        if any(op.kind == "wait" for op in self.ops):
            for patience_s in impatient:
                try:
                    return await self._run(app, patience_s)
                except BrokenPromiseError as problem:
                    if problem.kind != "wrong":
                        raise
        return await self._run(app, longest_s)

    async def _run(self, app: Starlette, patience_s: float) -> str:
        clerk = Clerk(self.limits)
        transcript = await self._converse(app, self.ops, clerk, patience_s)
        ending = transcript.ending if transcript.ending != "silent" else "gone"
        if self.has_twin and ending == "finished":
            anew = _cut_anew(self.ops)
            twin = await self._converse(app, anew, Clerk(self.limits), patience_s)
            if twin.is_finished and twin.finals != transcript.finals:
                one, other = _short(transcript.finals), _short(twin.finals)
                raise BrokenPromiseError("wrong", f"cut differently: {one} became {other}")
        return ending

    def smaller(self) -> Iterator[Self]:
        """See `Case.smaller`."""
        for ops in without_parts(self.ops):
            yield replace(self, ops=ops)
        for name in without_parts(self.options):
            yield replace(self, options=name)
        for at, op in enumerate(self.ops):
            if len(op.audio) > BYTES_PER_MS:
                audio = op.audio[: len(op.audio) // 2]
                less = replace(op, audio=audio, number=len(audio))
                yield replace(self, ops=(*self.ops[:at], less, *self.ops[at + 1 :]))

    async def _converse(
        self, app: Starlette, ops: tuple[Op, ...], clerk: Clerk, patience_s: float
    ) -> Transcript:
        options = dict(self.options)
        transcript = Transcript(
            shows_non_final=options.get("enable_non_final_tokens") is not False,
            has_endpoints=options.get("enable_endpoint_detection") is True,
            has_language=options.get("enable_language_identification") is True,
        )
        async with Peer(app, headers=HEADERS) as peer:
            for op in ops:
                clerk.note(op)
                await _do(op, peer, app, clerk.audio_bytes, patience_s)
                if op.kind == "disconnect":
                    break
            endings = clerk.endings()
            if "gone" in endings:
                peer.disconnect()
                return await _gone(peer, transcript)
            while not isinstance(frame := await peer.receive(), Closed):
                transcript.take(frame)
        self._check(transcript, frame, clerk, endings)
        return transcript

    def _check(
        self, transcript: Transcript, closed: Closed, clerk: Clerk, endings: set[str]
    ) -> None:
        ending = "1001" if closed.code == 1001 else transcript.ending
        if ending not in endings:
            facts = f"{transcript.error or ''} {closed}"
            raise BrokenPromiseError("wrong", f"{ending}, not {sorted(endings)}: {facts}")
        if ending != "1001":
            transcript.close(closed)
        count, asked = transcript.fin_count, clerk.finalizes
        if count > asked or (ending == "finished" and count != asked):
            raise BrokenPromiseError("wrong", f"{count} <fin> for {asked} finalizes")
        heard_ms = clerk.audio_bytes // 2 * 1000 // 16_000
        if ending == "finished" and transcript.final_ms != heard_ms:
            raise BrokenPromiseError("wrong", f"{transcript.final_ms} ms final of {heard_ms} ms")


async def _do(op: Op, peer: Peer, app: Starlette, unsettled_bytes: int, patience_s: float) -> None:
    match op.kind:
        case "audio":
            peer.send_bytes(op.audio)
        case "disconnect":
            peer.disconnect(int(op.number))
        case "settle":
            await _settle(peer, app, unsettled_bytes // 10)
        case "wait":
            # What the server has not taken in yet would stop its clocks.
            await _settle(peer, app, unsettled_bytes)
            await asyncio.sleep(patience_s)
            clock = asyncio.get_running_loop().time
            assert isinstance(clock, JumpingClock)
            clock.jump(op.number)
            await _settle(peer, app, 0)
            await asyncio.sleep(patience_s)
        case _:
            peer.send_text(op.text)


async def _settle(peer: Peer, app: Starlette, audio_bytes: int) -> None:
    """Let the server take in what was sent, as far as can be seen from outside."""
    loop = asyncio.get_running_loop()
    for _ in range(3 + audio_bytes // 10_000):
        for _ in range(100):
            if peer.is_taken or peer.closed is not None:
                break
            await asyncio.sleep(0.001)
        await loop.run_in_executor(app.state.hub.listening, bool)
        await asyncio.sleep(0)


async def _gone(peer: Peer, transcript: Transcript) -> Transcript:
    """Read what was said before the client went."""
    try:
        while not isinstance(frame := await peer.receive(0.0), Closed):
            transcript.take(frame)
    except TimeoutError:
        pass
    return transcript


def make(random: Random) -> ControlCase:
    """Return a random case without waits."""
    return _make(random, waits=False)


def make_timed(random: Random) -> ControlCase:
    """Return a random case in which time passes; its server must go by a `JumpingClock`."""
    return replace(_make(random, waits=True), limits=TIMED_LIMITS)


def _make(random: Random, *, waits: bool) -> ControlCase:
    options = _options(random)
    start = json.dumps(
        {"model": "stt-rt-v5", "audio_format": "pcm_s16le", "sample_rate": 16_000}
        | {"num_channels": 1}
        | options
    )
    ops = [
        Op("text", random.choice(KEEPALIVES)) if random.random() < 0.9 else Op("settle")
        for _ in range(random.choice((0, 0, 0, 1, 3)))
    ]
    if waits and random.random() < 0.5:
        ops += [_wait(random)]
    if random.random() < 0.05:
        ops += [_any(random, start, waits=waits, is_tame=False)]
    if random.random() < 0.97:
        ops.append(Op("start", start))
    is_tame = random.random() < 0.7
    at = random.randrange(0, LOOP_MS)
    for _ in range(random.choice((1, 3, 6, 12, 25))):
        ops.append(_any(random, start, waits=waits, is_tame=is_tame, at_ms=at))
        at += 700
    ops.append(Op("end") if random.random() < 0.85 else _disconnect(random))
    count = random.choice((0, 0, 0, 1, 3))
    ops += [_any(random, start, waits=False, is_tame=False) for _ in range(count)]
    return ControlCase(tuple(ops), tuple(options.items()), has_twin=random.random() < 0.1)


def _any(random: Random, start: str, *, waits: bool, is_tame: bool, at_ms: int = 0) -> Op:
    kinds = {"audio": 50, "finalize": 15, "keepalive": 8, "settle": 8, "empty": 3}
    if waits:
        kinds |= {"wait": 25}
    if not is_tame:
        kinds |= {"junk": 3, "start": 2, "end": 2, "disconnect": 2}
    match random.choices(list(kinds), list(kinds.values()))[0]:
        case "audio":
            return _audio(random, at_ms)
        case "finalize":
            return Op("text", random.choice(FINALIZES))
        case "keepalive":
            return Op("text", random.choice(KEEPALIVES))
        case "junk":
            return Op("text", random.choice(JUNK))
        case "wait":
            return _wait(random)
        case "disconnect":
            return _disconnect(random)
        case "start":
            return Op("start", start)
        case "empty":
            return Op("audio")
        case other:
            return Op(other)


def _wait(random: Random) -> Op:
    lengths = (0.5, 5, 9, 15, 19.5, 20.5, 30, 59, 61, 200)
    return Op("wait", number=random.choices(lengths, (8, 8, 8, 8, 8, 1, 1, 1, 1, 1))[0])


def _disconnect(random: Random) -> Op:
    return Op("disconnect", number=random.choice((1000, 1001, 1005, 1006, 3000, 4999)))


def _audio(random: Random, at_ms: int) -> Op:
    length = random.choice((1, 31, 320, 3_201, 3_840, 16_000, 16_001, 48_000, 96_000))
    if random.random() < 0.01:
        length = 640_000
    sound = random.choice(("speech", "speech", "speech", "silence", "noise"))
    audio = _sound(sound)
    begin = at_ms % LOOP_MS * BYTES_PER_MS
    piece = (audio[begin:] + audio * (length // len(audio) + 1))[:length]
    return Op("audio", audio=piece, number=len(piece))


@cache
def _sound(name: str) -> bytes:
    if name == "silence":
        return bytes(LOOP_MS * BYTES_PER_MS)
    if name == "noise":
        return Random(1).randbytes(LOOP_MS * BYTES_PER_MS)
    samples = script_audio(DEFAULT_SCRIPT, LOOP_MS, period_ms=DEFAULT_PERIOD_MS)
    return (samples * 32_767).astype(np.dtype("<i2")).tobytes()


def _options(random: Random) -> dict[str, Any]:
    options = {
        "enable_endpoint_detection": True,
        "max_endpoint_delay_ms": random.choice((500, 2000, 3000)),
        "endpoint_sensitivity": random.choice((-1.0, 0.0, 1.0)),
        "endpoint_latency_adjustment_level": random.choice((0, 3)),
        "enable_language_identification": True,
        "enable_non_final_tokens": random.choice((False, True, None)),
    }
    return {name: value for name, value in options.items() if random.random() < 0.3}


def _cut_anew(ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """Return the same conversation with its audio in other pieces, and no time to settle."""
    cut: list[Op] = []
    for op in ops:
        if op.kind == "audio" and cut and cut[-1].kind == "audio":
            cut[-1] = replace(cut[-1], audio=cut[-1].audio + op.audio)
        elif op.kind != "settle":
            cut.append(op)
    return tuple(
        Op("audio", audio=op.audio[at : at + 7_001]) if op.kind == "audio" else op
        for op in cut
        for at in range(0, max(len(op.audio), 1), 7_001)
    )


def _short(finals: list[dict[str, Any]]) -> str:
    return " ".join(f"{token['text']}@{token['start_ms']}-{token['end_ms']}" for token in finals)
