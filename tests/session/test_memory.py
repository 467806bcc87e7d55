"""A session keeps what it may still need, and little of it."""

from oyez.engines.scripted import ScriptedVad, ScriptedWord, script_audio

from .driver import Bench, chunked
from .leaver import Leaver
from .speech import numbers, pcm, sentence

KEPT = 4
"""Readings at most: the last commit, the last of any kind, and those of a pause."""


def test_of_the_readings_of_a_growing_segment_few_are_kept() -> None:
    script = sentence(numbers(40))
    recognizer = Leaver(script)
    bench = Bench(recognizer, ScriptedVad())
    kept = []
    for message in chunked(pcm(script_audio(script, script[-1].end_ms)), [3_200]):
        bench.say(message)
        kept.append(len(recognizer.left))
    assert bench.readings > 5 * KEPT
    assert max(kept) <= KEPT
    assert len(bench.talk.text.split()) == 40


def test_of_the_pauses_of_an_open_segment_the_last_is_kept() -> None:
    script = halting(8, pause_ms=400)
    recognizer = Leaver(script)
    bench = Bench(recognizer, ScriptedVad())
    kept = []
    for message in chunked(pcm(script_audio(script, script[-1].end_ms)), [3_200]):
        bench.say(message)
        kept.append(len(recognizer.left))
    assert bench.readings > 3 * KEPT
    assert max(kept) <= KEPT + 2, "and what comes before an open segment"


def halting(count: int, *, pause_ms: int) -> tuple[ScriptedWord, ...]:
    """Return phrases of three words with a pause behind each."""
    words: list[ScriptedWord] = []
    start_ms = 500
    for index in range(count):
        text = " ".join(f"{word}{index}" for word in ("one", "two", "three"))
        words += sentence(text, start_ms=start_ms)
        start_ms = words[-1].end_ms + pause_ms
    return tuple(words)


def test_a_closed_session_keeps_no_reading() -> None:
    script = sentence(numbers(20))
    recognizer = Leaver(script)
    bench = Bench(recognizer, ScriptedVad())
    for message in chunked(pcm(script_audio(script, script[-1].end_ms)), [3_200])[:-1]:
        bench.say(message)
    assert len(recognizer.left) > 0
    bench.session.close()
    assert len(recognizer.left) == 0
    assert bench.session.heard_ms > 5_000, "what it did can still be asked"
    assert bench.session.token_count > 0
