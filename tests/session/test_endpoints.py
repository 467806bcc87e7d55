"""What a session promises about the ends of utterances."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, ScriptedWord, script_audio
from oyez.turns.policy import BASE_SILENCE_MS, GOES_ON_PART

from .driver import Bench, chunked, converse
from .speech import pcm, sentence

FRAME_MS = 32


def ends_ms(
    script: tuple[ScriptedWord, ...], duration_ms: int, *, chunk_ms: int = 20, **fields: Any
) -> list[int]:
    """Return how much audio had been heard at each `<end>`."""
    return list(_ends(script, duration_ms, chunk_ms, {"enable_endpoint_detection": True} | fields))


def _ends(
    script: tuple[ScriptedWord, ...], duration_ms: int, chunk_ms: int, fields: dict[str, Any]
) -> Iterator[int]:
    bench = Bench(ScriptedRecognizer(script), ScriptedVad(), **fields)
    for message in chunked(pcm(script_audio(script, duration_ms)), [32 * chunk_ms])[:-1]:
        before = bench.talk.marked_text.count("<end>")
        bench.say(message)
        for _ in range(bench.talk.marked_text.count("<end>") - before):
            yield bench.session.heard_ms


def silence_ms(text: str, **fields: Any) -> int:
    """Return the audio between the end of these words and `<end>`."""
    script = sentence(text)
    (end_ms,) = ends_ms(script, script[-1].end_ms + 3_500, **fields)
    return end_ms - script[-1].end_ms


def test_an_unfinished_sentence_is_waited_for_longer_and_a_question_is_answered_sooner() -> None:
    waits = [
        silence_ms(text)
        for text in ("Is that all there is?", "That is all there is.", "That is all there and the.")
    ]
    assert waits == sorted(waits)
    question, statement, unfinished = waits
    assert 0 <= statement - BASE_SILENCE_MS <= 2 * FRAME_MS
    assert 0 <= unfinished - GOES_ON_PART * BASE_SILENCE_MS <= 2 * FRAME_MS
    assert question < statement - FRAME_MS


def test_the_message_with_the_end_says_how_much_audio_was_waited_for() -> None:
    script = sentence("That is all there is.")
    talk = converse(
        ScriptedRecognizer(script),
        ScriptedVad(),
        chunked(pcm(script_audio(script, script[-1].end_ms + 2_500)), [640]),
        enable_endpoint_detection=True,
    )
    (message,) = (
        result for result in talk.results if any(token.text == "<end>" for token in result.tokens)
    )
    waited_ms = message.total_audio_proc_ms - script[-1].end_ms
    assert 0 <= waited_ms - BASE_SILENCE_MS <= 2 * FRAME_MS


def test_a_pause_after_which_the_sentence_goes_on_does_not_end_it() -> None:
    first = sentence("I would like to")
    pause_ms = BASE_SILENCE_MS + 150
    script = (*first, *sentence("go home now.", start_ms=first[-1].end_ms + pause_ms))
    ends = ends_ms(script, script[-1].end_ms + 2_000)
    assert len(ends) == 1
    assert ends[0] > script[-1].end_ms


@pytest.mark.parametrize("delay_ms", [500, 700, 1_200])
@pytest.mark.parametrize("text", ["That is all.", "That is the"])
def test_the_ceiling_is_hard_whatever_was_said(delay_ms: int, text: str) -> None:
    waited = silence_ms(text, max_endpoint_delay_ms=delay_ms, endpoint_sensitivity=-1.0)
    assert waited <= delay_ms + 20, "and one message"


@settings(max_examples=20, deadline=None)
@given(
    sensitivity=st.floats(-1.0, 1.0),
    more=st.floats(-1.0, 1.0),
    level=st.integers(0, 3),
    higher=st.integers(0, 3),
    text=st.sampled_from(["That is all.", "That is the", "Is that all?"]),
)
def test_more_sensitivity_and_a_higher_level_end_no_later(
    sensitivity: float, more: float, level: int, higher: int, text: str
) -> None:
    sensitivity, more = sorted((sensitivity, more))
    level, higher = sorted((level, higher))

    def waited(sensitivity: float, level: int) -> int:
        return silence_ms(
            text,
            endpoint_sensitivity=sensitivity,
            endpoint_latency_adjustment_level=level,
            max_endpoint_delay_ms=3_000,
        )

    assert waited(more, higher) <= waited(sensitivity, level)


def test_speech_that_goes_on_is_not_cut_however_hasty_the_settings() -> None:
    script = sentence(" ".join(f"word{index}." for index in range(60)))
    ends = ends_ms(
        script,
        script[-1].end_ms + 1_500,
        max_endpoint_delay_ms=500,
        endpoint_sensitivity=1.0,
        endpoint_latency_adjustment_level=3,
    )
    assert len(ends) == 1
    assert ends[0] > script[-1].end_ms


@settings(max_examples=15, deadline=None)
@given(
    gaps_ms=st.lists(st.integers(100, 1_400), min_size=2, max_size=6),
    chunk_ms=st.integers(1, 700),
    sensitivity=st.sampled_from([-1.0, 0.0, 0.7]),
    words=st.lists(st.sampled_from(["so.", "the", "yes.", "why?", "um", "well,"]), min_size=7),
)
def test_endpoints_lie_in_the_same_places_however_the_audio_is_cut(
    gaps_ms: list[int], chunk_ms: int, sensitivity: float, words: list[str]
) -> None:
    script, at_ms = [], 300
    for gap_ms, word in zip(gaps_ms, words, strict=False):
        script.append(ScriptedWord(word, at_ms, at_ms + 400))
        at_ms += 400 + gap_ms
    audio = pcm(script_audio(script, at_ms + 2_500))

    def said(size: int) -> str:
        return converse(
            ScriptedRecognizer(script),
            ScriptedVad(),
            chunked(audio, [size]),
            enable_endpoint_detection=True,
            endpoint_sensitivity=sensitivity,
        ).marked_text

    whole = said(len(audio))
    assert said(32 * chunk_ms) == whole
    assert whole.endswith("<end>")
