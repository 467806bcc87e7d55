"""Which words of a reading are shown."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines.base import Capabilities, Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, script_audio
from oyez.session.wording import SHOWN_LOGPROB, Wording
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken
from oyez.transcript.words import Word

from .driver import Bench, chunked
from .speech import numbers, pcm, sentence

KNOWING = Capabilities(languages=("en",), min_mean_logprob=-1.0)
EDGE_MS = 300

logprobs = st.lists(st.floats(-3, 0), max_size=6)


def words_with(said: list[float]) -> list[Word]:
    return [
        Word((HypothesisToken(f" w{index}", logprob, 100 * index, 100 * index + 100),), f"w{index}")
        for index, logprob in enumerate(said)
    ]


def presentable(said: list[float], capabilities: Capabilities = KNOWING) -> list[Word]:
    wording = Wording(capabilities, sample_rate_hz=16_000)
    return wording.presentable(words_with(said), edge_ms=EDGE_MS)


def test_words_that_were_guessed_at_the_edge_are_not_shown_nor_what_follows_them() -> None:
    assert len(presentable([-0.1, -0.1, -0.1, -0.5, -1.5, -0.1])) == 4


def test_words_before_the_edge_are_shown_however_doubtful() -> None:
    assert len(presentable([-2.0, -2.0, -2.0])) == 3


@given(logprobs)
def test_what_is_shown_is_the_beginning_up_to_the_first_guess(said: list[float]) -> None:
    shown = presentable(said)
    assert shown == words_with(said)[: len(shown)]
    rest = words_with(said)[len(shown) :]
    assert not rest or (rest[0].end_ms > EDGE_MS and rest[0].said_logprob < SHOWN_LOGPROB)


@given(logprobs)
def test_log_probabilities_that_say_nothing_hide_nothing(said: list[float]) -> None:
    assert presentable(said, Capabilities(languages=("en",))) == words_with(said)


class Guessing(ScriptedRecognizer):
    """Goes on behind what it heard with a word that nobody says, doubtfully."""

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        return [
            self._gone_on(hypothesis) if hypothesis.tokens and not window.is_last else hypothesis
            for window, hypothesis in zip(windows, super().recognize(windows), strict=True)
        ]

    def _gone_on(self, heard: Hypothesis) -> Hypothesis:
        guess = HypothesisToken(" perhaps", -1.5, heard.audio_ms, heard.audio_ms)
        return Hypothesis((*heard.tokens, guess), heard.audio_ms, heard.language)


@pytest.mark.parametrize("is_knowing", [True, False])
def test_a_guess_is_seen_by_nobody(is_knowing: bool) -> None:
    script = sentence(numbers(12))
    recognizer = Guessing(
        script, capabilities=KNOWING if is_knowing else Capabilities(languages=("en",))
    )
    bench = Bench(recognizer, ScriptedVad())
    for message in chunked(pcm(script_audio(script, 5_000)), [3_200]):
        bench.say(message)
    shown = {token.text for result in bench.talk.results for token in result.tokens}
    assert bench.talk.text.split() == [word.text for word in script]
    assert (" perhaps" not in shown) == is_knowing
