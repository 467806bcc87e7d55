"""How far apart commit readings are, and that late answers make them fewer."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines.base import Capabilities
from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, script_audio
from oyez.session.pace import Pace
from oyez.session.readings import Purpose, Reading
from oyez.session.rules import Rules
from oyez.transcript.stabilizer import Agreement

from .driver import Bench, chunked
from .speech import numbers, pcm, sentence, silence
from .test_promises import check_results

RULES = Rules()
WINDOW_MS = 20_000
INTERVAL_MS = 300

lengths = st.integers(0, WINDOW_MS)
waits = st.integers(0, 60_000)


def pace(waited_ms: int = 0) -> Pace:
    made = Pace(RULES, interval_ms=INTERVAL_MS, max_window_ms=WINDOW_MS)
    made.waited(waited_ms)
    return made


@given(lengths, waits)
def test_lateness_stretches_steps_within_bounds(length_ms: int, waited_ms: int) -> None:
    prompt_ms, step_ms = pace().step_ms(length_ms), pace(waited_ms).step_ms(length_ms)
    assert INTERVAL_MS <= prompt_ms <= step_ms
    if step_ms > prompt_ms:
        assert waited_ms > RULES.late_ms
        assert step_ms <= min(RULES.late_factor * waited_ms, RULES.longest_commit_ms)
        assert length_ms + step_ms <= WINDOW_MS


@given(lengths, waits)
def test_whether_a_segment_must_be_cut_depends_on_its_length_alone(
    length_ms: int, waited_ms: int
) -> None:
    assert pace(waited_ms).is_last_chance(length_ms) == pace().is_last_chance(length_ms)
    assert pace().is_last_chance(length_ms) == (length_ms + pace().step_ms(length_ms) > WINDOW_MS)


def test_steps_grow_with_the_segment() -> None:
    steps = [pace().step_ms(length_ms) for length_ms in range(0, WINDOW_MS, 500)]
    assert steps == sorted(steps)
    assert steps[0] == INTERVAL_MS < steps[-1]


@given(lengths, st.integers(50, 2_000))
def test_a_shorter_interval_reads_more_often_at_every_length(
    length_ms: int, interval_ms: int
) -> None:
    steps = [
        Pace(RULES, interval_ms=each_ms, max_window_ms=WINDOW_MS).step_ms(length_ms)
        for each_ms in (interval_ms // 2, interval_ms)
    ]
    assert steps[0] < steps[1] or steps[0] == steps[1] == round(length_ms * RULES.commit_part)


def test_one_prompt_answer_is_enough_to_recover() -> None:
    made = pace(800)
    assert made.step_ms(1_000) > INTERVAL_MS
    made.waited(40)
    assert made.step_ms(1_000) == INTERVAL_MS


@pytest.mark.parametrize("waited_ms", [0, 900, 5_000])
def test_late_answers_lose_no_word_and_are_asked_for_less(waited_ms: int) -> None:
    script = sentence(numbers(200))
    recognizer = ScriptedRecognizer(
        script,
        capabilities=Capabilities(languages=("en",), commit_interval_ms=INTERVAL_MS),
        guess_cut_words=True,
    )
    audio = pcm(script_audio(script, 61_000))
    counts = []
    for each_ms in (0, waited_ms):
        bench = Bench(recognizer, ScriptedVad(), skips_partials=True)
        bench.waited_ms = each_ms
        for message in chunked(audio, [6_400]):
            bench.say(message)
        check_results(bench.talk)
        assert bench.talk.text.split() == [word.text for word in script]
        assert bench.longest <= recognizer.capabilities.max_window_ms * 16
        counts.append(bench.readings)
    prompt, late = counts
    assert late == prompt if waited_ms == 0 else late < prompt


def test_a_reading_begun_for_a_pause_is_unwanted_once_somebody_speaks_on() -> None:
    first = sentence("one two three four five")
    script = (*first, *sentence("six seven eight", start_ms=first[-1].end_ms + 160))
    audio = pcm(script_audio(script, 4_000)) + silence(2_000)
    bench = Bench(ScriptedRecognizer(script), ScriptedVad())
    held: list[Reading] = []
    was_unwanted = False
    for start in range(0, len(audio), 640):
        bench.session.hear(bench.inlet.push(audio[start : start + 640]))
        for reading in bench.session.unwanted():
            assert reading.purpose is Purpose.PARTIAL
            assert reading in held
            was_unwanted = True
            held.remove(reading)
            bench.session.refuse(reading)
        held += [one for one in bench.session.readings() if one not in held]
        for reading in [*held]:
            # The runtime is busy: what is read for a pause does not begin.
            if reading.purpose is not Purpose.PARTIAL or not reading.window.is_last:
                held.remove(reading)
                (hypothesis,) = bench.recognizer.recognize([reading.window])
                bench.session.answer(reading, hypothesis)
        bench.collect()
    assert was_unwanted


def worst_backlogs_ms(rules: Rules, *, service_ms: int, seconds: int = 40) -> list[int]:
    """Stream sentences of five seconds at their pace to an engine that is as slow for each reading.

    Returns the audio that waits, at its most in each half of the stream.
    """
    script = [
        word
        for start_ms in range(500, 1_000 * seconds - 5_500, 5_500)
        for word in sentence(numbers(15), start_ms=start_ms)
    ]
    capabilities = Capabilities(languages=("en",), commit_interval_ms=INTERVAL_MS)
    recognizer = ScriptedRecognizer(script, capabilities=capabilities, guess_cut_words=True)
    bench = Bench(recognizer, ScriptedVad(), rules=rules)
    audio = pcm(script_audio(script, 1_000 * seconds))
    waiting: list[tuple[int, Reading]] = []
    done_ms = 0
    worst = [0, 0]
    for now_ms in range(0, 1_000 * seconds, 20):
        bench.session.hear(bench.inlet.push(audio[32 * now_ms :][:640]))
        if waiting and now_ms >= done_ms:
            asked_ms, reading = waiting.pop(0)
            (hypothesis,) = recognizer.recognize([reading.window])
            bench.session.answer(reading, hypothesis, waited_ms=now_ms - asked_ms)
            done_ms = now_ms + service_ms
        for reading in bench.session.readings():
            if reading.purpose is Purpose.PARTIAL:
                bench.session.refuse(reading)
                continue
            if not waiting:
                done_ms = now_ms + service_ms
            waiting.append((now_ms, reading))
        half = int(now_ms >= 500 * seconds)
        worst[half] = max(worst[half], bench.session.backlog_ms)
    return worst


def test_a_machine_that_is_too_slow_does_not_fall_behind() -> None:
    assert max(worst_backlogs_ms(RULES, service_ms=600)) < 1_500
    earlier_ms, later_ms = worst_backlogs_ms(Rules(late_ms=1_000_000), service_ms=600)
    assert later_ms > 1.5 * earlier_ms > 4_000, "without fewer readings it would"


@pytest.mark.parametrize(
    ("bounds", "readings"),
    [((-math.inf,), 1), ((*[math.inf] * 3, -math.inf), 4), ((math.inf,), None)],
)
def test_the_engine_says_how_many_readings_make_a_word_final(
    bounds: tuple[float, ...], readings: int | None
) -> None:
    """Words that are spoken on without a pause are final after so many readings, or at the end."""
    script = sentence(numbers(24))
    capabilities = Capabilities(
        languages=("en",), commit_interval_ms=INTERVAL_MS, agreement=Agreement(bounds)
    )
    bench = Bench(
        ScriptedRecognizer(script, capabilities=capabilities), ScriptedVad(), skips_partials=True
    )
    audio = pcm(script_audio(script, script[-1].end_ms))
    lags_ms: list[float] = []
    for index, message in enumerate(chunked(audio, [640])[:-1], start=1):
        known = len(bench.talk.finals)
        bench.say(message)
        lags_ms += [20 * index - token.end_ms for token in bench.talk.finals[known:]]
    if readings is None:
        assert not lags_ms
    else:
        # Words end anywhere between two readings, and the first ones wait for a segment to grow.
        settled_ms = sorted(lags_ms)[len(lags_ms) // 4]
        least_ms = max(RULES.holdback_ms, (readings - 1) * INTERVAL_MS)
        assert least_ms <= settled_ms <= least_ms + 2 * INTERVAL_MS
