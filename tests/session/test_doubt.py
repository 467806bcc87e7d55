"""Which words are believed, by what the model says of them and how surely somebody speaks."""

import math
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.engines.base import Capabilities, Samples, VadStream, Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, ScriptedWord, script_audio
from oyez.session.doubt import (
    CLEAR_FRAMES,
    SURE_VOICE,
    UNSURE_VOICE,
    believed,
    borne_out,
    least_logprob,
    voice,
)
from oyez.session.inlet import Frame
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken
from oyez.transcript.words import Word

from .driver import Talk, chunked, converse
from .speech import pcm, sentence

PROBABILITY = st.floats(0.0, 1.0)
SURE_LEAST = -1.0


def frames(*speech: float) -> list[Frame]:
    return [Frame(probability, -30.0) for probability in speech]


def said(text: str, logprob: float) -> list[Word]:
    return [
        Word((HypothesisToken(f" {word}", logprob, index * 100, index * 100 + 90),), word)
        for index, word in enumerate(text.split())
    ]


class UnsureVad(ScriptedVad):
    """Hears speech where the audio is loud, as surely as it is told."""

    def __init__(self, sureness: float) -> None:
        super().__init__()
        self._sureness = sureness

    def open_stream(self) -> VadStream:
        inner, sureness = super().open_stream(), self._sureness

        class Stream:
            def push(self, samples: Samples) -> list[float]:
                return [min(speech, sureness) for speech in inner.push(samples)]

        return Stream()


def hear(
    script: Sequence[ScriptedWord], sureness: float, *, chunk: int = 3_200, least: float = -1.0
) -> Talk:
    capabilities = Capabilities(languages=("en",), min_mean_logprob=least)
    recognizer = ScriptedRecognizer(tuple(script), capabilities=capabilities)
    audio = pcm(script_audio(tuple(script), script[-1].end_ms + 1_500))
    return converse(recognizer, UnsureVad(sureness), chunked(audio, [chunk]))


def spoken(text: str, confidence: float) -> list[ScriptedWord]:
    return [
        ScriptedWord(word.text, word.start_ms, word.end_ms, confidence=confidence)
        for word in sentence(text)
    ]


# The voice.


@given(st.lists(PROBABILITY, max_size=80))
def test_a_voice_is_a_probability_that_no_silence_changes(speech: list[float]) -> None:
    heard = voice(frames(*speech))
    assert 0.0 <= heard <= 1.0
    assert math.isclose(voice(frames(*([0.01] * 50), *speech, *([0.2] * 50))), heard)


@given(st.lists(st.floats(0.4, 0.99), min_size=1, max_size=80), st.data())
def test_a_surer_frame_makes_no_voice_less_sure(speech: list[float], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(speech) - 1))
    surer = [*speech]
    surer[index] = data.draw(st.floats(speech[index], 1.0))
    assert voice(frames(*surer)) >= voice(frames(*speech)) - 1e-9


def test_a_second_and_a_half_of_clear_speech_is_speech_in_any_noise() -> None:
    noise = [0.5] * 100
    assert voice(frames(*noise, *([0.85] * (CLEAR_FRAMES - 1)))) < SURE_VOICE
    assert voice(frames(*noise, *([0.85] * CLEAR_FRAMES))) == 1.0


def test_nothing_heard_is_no_voice() -> None:
    assert voice([]) == 0.0


# The bound.


@given(PROBABILITY, PROBABILITY)
def test_the_surer_the_voice_the_more_is_believed(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert least_logprob(SURE_LEAST, voice=less) >= least_logprob(SURE_LEAST, voice=more)


def test_a_sure_voice_is_held_to_the_engines_own_bound() -> None:
    assert least_logprob(SURE_LEAST, voice=SURE_VOICE) == SURE_LEAST
    words = said("rose bank", -0.99)
    assert believed(words, voice=SURE_VOICE, sure_least=SURE_LEAST) == words
    assert believed(said("static", -1.01), voice=1.0, sure_least=SURE_LEAST) == []


def test_an_unsure_voice_is_not_believed_however_sure_the_words() -> None:
    assert believed(said("you", -0.01), voice=UNSURE_VOICE, sure_least=SURE_LEAST) == []


def test_single_words_are_believed_where_the_voice_is_nearly_sure() -> None:
    """Yes, a digit, a letter: short, softly begun, and read with confidence."""
    assert believed(said("six", -0.3), voice=0.8, sure_least=SURE_LEAST)
    assert believed(said("thank you for watching", -0.77), voice=0.8, sure_least=SURE_LEAST) == []


@given(PROBABILITY, st.floats(-20.0, 0.0))
def test_an_engine_whose_probabilities_say_nothing_is_believed(
    sureness: float, logprob: float
) -> None:
    words = said("hello", logprob)
    assert believed(words, voice=sureness, sure_least=-math.inf) == words


# Two readings.


def test_an_unsure_voice_needs_two_readings_that_say_something() -> None:
    last, earlier = said("one two", -0.1), said("one", -0.1)
    assert borne_out(last, earlier, voice=0.8) == last
    assert borne_out(last, [], voice=0.8) == []
    assert borne_out([], earlier, voice=0.8) == []


def test_a_sure_voice_needs_one() -> None:
    last, earlier = said("one two", -0.1), said("one", -0.1)
    assert borne_out(last, [], voice=SURE_VOICE) == last
    assert borne_out([], earlier, voice=SURE_VOICE) == earlier


# The session.


def test_the_same_words_are_said_by_a_sure_voice_and_not_by_an_unsure_one() -> None:
    script = spoken("thank you for watching", confidence=0.6)
    assert hear(script, 0.95).text == "thank you for watching"
    unsure = hear(script, 0.7)
    assert unsure.finals == []
    assert not any(result.tokens for result in unsure.results), "nothing was shown either"


def test_words_that_are_all_but_certain_need_no_sure_voice() -> None:
    assert hear(spoken("yes", confidence=0.9), 0.75).text == "yes"


def test_an_engine_without_a_bound_is_asked_for_none() -> None:
    assert hear(spoken("mumbled", confidence=0.1), 0.6, least=-math.inf).text == "mumbled"


def test_what_the_last_reading_takes_back_stays_back_when_the_voice_is_unsure() -> None:
    """Music that is read as words once is read as others, or none, the next time."""

    class Fickle(ScriptedRecognizer):
        def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
            heard = super().recognize(windows)
            return [
                Hypothesis((), window.samples.size // 16, language="en") if window.is_last else one
                for window, one in zip(windows, heard, strict=True)
            ]

    script = tuple(spoken("one two three four five six", confidence=0.9))
    audio = pcm(script_audio(script, 4_000))
    capabilities = Capabilities(languages=("en",), min_mean_logprob=-1.0)

    def heard(sureness: float) -> str:
        recognizer = Fickle(script, capabilities=capabilities)
        return converse(recognizer, UnsureVad(sureness), chunked(audio, [3_200])).text

    assert heard(0.78) == ""
    assert heard(0.95).startswith("one two")


@settings(max_examples=25, deadline=None)
@given(
    confidences=st.lists(st.floats(0.2, 1.0), min_size=1, max_size=8),
    sureness=st.floats(0.55, 1.0),
    chunk_ms=st.integers(10, 900),
)
def test_what_is_believed_depends_on_the_audio_and_not_on_how_it_was_cut(
    confidences: list[float], sureness: float, chunk_ms: int
) -> None:
    words = sentence(" ".join(f"word{index}" for index in range(len(confidences))))
    script = [
        ScriptedWord(word.text, word.start_ms, word.end_ms, confidence=confidence)
        for word, confidence in zip(words, confidences, strict=True)
    ]
    one = hear(script, sureness)
    other = hear(script, sureness, chunk=chunk_ms * 32)
    assert one.finals == other.finals


def test_while_the_voice_is_not_sure_nothing_is_final_before_the_segment_ends() -> None:
    script = spoken(" ".join(f"word{index}" for index in range(30)), 1.0)

    def early(sureness: float) -> list[str]:
        talk = hear(script, sureness)
        assert talk.text.split() == [word.text for word in script]
        return [
            token.text
            for result in talk.results
            if result.total_audio_proc_ms < script[-1].end_ms
            for token in result.tokens
            if token.is_final
        ]

    assert early(0.79) == []
    assert len(early(0.95)) > 15
