"""Who finalizes early in a pause gets a reading made in a hurry; everybody else the better one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from oyez.engines.base import Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, script_audio
from oyez.protocol.messages import End, Finalize
from oyez.session.readings import Purpose
from oyez.transcript.hypothesis import Hypothesis

from .driver import Bench, chunked
from .speech import pcm, sentence

SCRIPT = sentence("hello there")
END_MS = SCRIPT[-1].end_ms
BYTES_PER_MS = 32


class Hasty(ScriptedRecognizer):
    """In a hurry it cannot spell."""

    def __init__(self) -> None:
        super().__init__(SCRIPT)
        self.given: list[Window] = []

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        self.given += windows
        readings = zip(windows, super().recognize(windows), strict=True)
        return [_hurried(reading) if window.is_hurried else reading for window, reading in readings]


def _hurried(reading: Hypothesis) -> Hypothesis:
    tokens = tuple(
        replace(token, text=token.text.replace("there", "theire")) for token in reading.tokens
    )
    return replace(reading, tokens=tokens, is_hurried=True)


def hear(bench: Bench, until_ms: int, *, chunk_ms: int = 20) -> None:
    audio = pcm(script_audio(SCRIPT, 8_000))[: until_ms * BYTES_PER_MS]
    for message in chunked(audio, [chunk_ms * BYTES_PER_MS])[:-1]:
        bench.say(message)


@pytest.mark.parametrize("chunk_ms", [7, 20, 100, 450])
@pytest.mark.parametrize("skips_partials", [False, True])
def test_an_early_finalize_is_answered_in_a_hurry(chunk_ms: int, *, skips_partials: bool) -> None:
    bench = Bench(Hasty(), ScriptedVad(), skips_partials=skips_partials)
    hear(bench, END_MS + 200, chunk_ms=chunk_ms)
    bench.say(Finalize())
    assert bench.talk.marked_text == "hello theire<fin>"


@pytest.mark.parametrize("chunk_ms", [7, 20, 100, 450])
@pytest.mark.parametrize("skips_partials", [False, True])
def test_a_later_one_is_not(chunk_ms: int, *, skips_partials: bool) -> None:
    bench = Bench(Hasty(), ScriptedVad(), skips_partials=skips_partials)
    hear(bench, END_MS + 500, chunk_ms=chunk_ms)
    bench.say(Finalize())
    assert bench.talk.marked_text == "hello there<fin>"


def test_nobody_is_in_a_hurry_at_the_end_of_a_stream() -> None:
    bench = Bench(Hasty(), ScriptedVad())
    hear(bench, END_MS + 100)
    bench.say(End())
    assert bench.talk.marked_text == "hello there"


def test_an_early_finalize_finds_its_reading_done() -> None:
    """And the better one too, which is begun right after it."""
    engine = Hasty()
    bench = Bench(engine, ScriptedVad())
    hear(bench, END_MS + 200)
    done = bench.readings
    first, second = engine.given[-2:]
    assert first.is_hurried
    assert not second.is_hurried
    assert second.hurried is not None
    assert second.hurried.is_hurried
    assert (second.start_sample, second.samples.size) == (first.start_sample, first.samples.size)
    bench.say(Finalize())
    assert bench.readings == done


def test_a_reading_that_was_in_no_hurry_serves_as_both() -> None:
    engine = ScriptedRecognizer(SCRIPT)
    bench = Bench(engine, ScriptedVad())
    hear(bench, END_MS + 80)
    before = bench.readings
    hear_on = pcm(script_audio(SCRIPT, 8_000))[(END_MS + 80) * BYTES_PER_MS :]
    for message in chunked(hear_on[: 200 * BYTES_PER_MS], [640])[:-1]:
        bench.say(message)
    assert bench.readings <= before + 1
    assert bench.talk.text == "hello there", "settled in the pause"


class Slow(Bench):
    """Has nothing computed by itself."""

    def compute(self) -> None:
        self.collect()


def test_a_better_reading_waits_for_the_hurried_one_under_way() -> None:
    """It begins with it, and so nothing is read twice."""
    engine = Hasty()
    bench = Slow(engine, ScriptedVad())
    asked = []
    audio = pcm(script_audio(SCRIPT, 8_000))[: (END_MS + 900) * BYTES_PER_MS]
    for message in chunked(audio, [640])[:-1]:
        bench.say(message)
        for reading in bench.session.readings():
            if reading.need.is_last:
                asked.append(reading)
            else:
                bench.session.refuse(reading)
    hurried = asked[0]
    assert asked == [hurried, hurried]
    assert hurried.need.is_hurried
    assert hurried.purpose is Purpose.COMMIT, "it can no longer expire"
    (answer,) = engine.recognize([hurried.window])
    bench.session.answer(hurried, answer)
    (better,) = bench.session.readings()
    assert better.window.hurried is answer
    assert not better.window.is_hurried
