"""From a hypothesis to words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.transcript.hypothesis import Hypothesis, HypothesisToken
from oyez.transcript.words import Word, words_of


def hypothesis_of(*texts: str) -> Hypothesis:
    """Return tokens of 100 ms each, less and less certain."""
    tokens = tuple(
        HypothesisToken(text, -0.1 * (index + 1), 100 * index, 100 * index + 100)
        for index, text in enumerate(texts)
    )
    return Hypothesis(tokens, audio_ms=100 * len(texts))


def keys(*texts: str) -> list[str]:
    return [word.key for word in words_of(hypothesis_of(*texts), offset_ms=0)]


def spoken(word: Word) -> str:
    return "".join(token.text for token in word.tokens)


def test_a_leading_space_begins_a_word() -> None:
    words = words_of(hypothesis_of(" trans", "cri", "be", " it", "."), offset_ms=0)
    assert [spoken(word) for word in words] == [" transcribe", " it."]
    assert [word.key for word in words] == ["transcribe", "it"]
    assert [(word.start_ms, word.end_ms) for word in words] == [(0, 300), (300, 500)]


def test_the_first_token_begins_a_word_without_a_space() -> None:
    assert keys("Hel", "lo", " there") == ["hello", "there"]


def test_parts_of_a_compound_are_words_and_are_written_as_the_model_wrote_them() -> None:
    words = words_of(hypothesis_of(" the", " long", "-", "range", " plan", "-"), offset_ms=0)
    assert [word.key for word in words] == ["the", "long", "range", "plan"]
    assert "".join(map(spoken, words)) == " the long-range plan-"


def test_dashes_and_hyphens_at_edges_are_no_words() -> None:
    assert keys("-", "known", " well", "--", "known", " wor-") == ["known", "well", "known", "wor"]


def test_times_move_to_the_streams_clock() -> None:
    [word] = words_of(hypothesis_of(" a", "b"), offset_ms=60_000)
    assert (word.start_ms, word.end_ms) == (60_000, 60_200)
    assert [token.start_ms for token in word.tokens] == [60_000, 60_100]


def test_a_word_is_as_certain_as_its_least_certain_token() -> None:
    [word] = words_of(hypothesis_of(" a", "b", "c"), offset_ms=0)
    assert word.logprob == pytest.approx(-0.3)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (" Hello,", "hello"),
        (" I'm", "im"),
        (" I’m", "im"),
        (" U.S.A.", "usa"),
        (" 3.14%", "threepointonefourpercent"),
        (" well-known", "wellknown"),
        (" Straße", "strasse"),
        (" ÉTÉ", "été"),
        (" 你好", "你好"),
        (" (no)", "no"),
    ],
)
def test_a_key_is_letters_without_case(text: str, key: str) -> None:
    assert keys(text) == [key]


def test_bare_punctuation_joins_the_word_before() -> None:
    words = words_of(hypothesis_of(" yes", " -", " —", " no", " !"), offset_ms=0)
    assert [spoken(word) for word in words] == [" yes - —", " no !"]
    assert [word.key for word in words] == ["yes", "no"]
    assert words[0].end_ms == 300


def test_punctuation_before_the_first_word_is_nothing() -> None:
    assert keys(" ...", " -", " so") == ["so"]
    assert keys(" ♪") == []


def test_nothing_heard_is_no_words() -> None:
    assert words_of(Hypothesis((), audio_ms=500), offset_ms=0) == []


pieces = st.text(st.sampled_from("abA1'.-– é"), max_size=4)


@settings(deadline=None)
@given(texts=st.lists(pieces, max_size=12), offset_ms=st.integers(0, 10**6))
def test_no_token_is_lost_once_a_word_was_heard(texts: list[str], offset_ms: int) -> None:
    hypothesis = hypothesis_of(*texts)
    words = words_of(hypothesis, offset_ms=offset_ms)
    assert all(word.key for word in words)
    kept = [token for word in words for token in word.tokens]
    lost = hypothesis.tokens[: len(hypothesis.tokens) - len(kept)]
    assert not any(map(str.isalnum, "".join(token.text for token in lost)))
    for token, original in zip(kept, hypothesis.tokens[len(lost) :], strict=True):
        assert (token.text, token.logprob) == (original.text, original.logprob)
        assert token.start_ms == original.start_ms + offset_ms
        assert token.end_ms == original.end_ms + offset_ms
