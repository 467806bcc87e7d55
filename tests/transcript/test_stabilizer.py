"""The rule that makes words final."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.transcript.hypothesis import Hypothesis, HypothesisToken
from oyez.transcript.stabilizer import Agreement, Stabilizer
from oyez.transcript.words import Word, words_of

FOREVER_MS = 10**9
STEP_MS = 300


def word(key: str, index: int, logprob: float = -0.1) -> Word:
    """Return a word that is said from `index * 300` ms on, for 250 ms."""
    token = HypothesisToken(f" {key}", logprob, index * STEP_MS, index * STEP_MS + 250)
    return Word((token,), key)


def reading(text: str) -> list[Word]:
    return [word(key, index) for index, key in enumerate(text.split())]


def text(words: list[Word]) -> str:
    return " ".join(word.key for word in words)


def offer(stabilizer: Stabilizer, heard: str, *, stable_until_ms: int = FOREVER_MS) -> str:
    return text(stabilizer.offer(reading(heard), stable_until_ms=stable_until_ms))


def test_two_readings_that_agree_make_words_final() -> None:
    stabilizer = Stabilizer()
    assert offer(stabilizer, "the cat") == ""
    assert offer(stabilizer, "the cat sat on") == "the cat"
    assert offer(stabilizer, "the cat sat in a") == "sat"
    assert stabilizer.said == ("the", "cat", "sat")
    assert offer(stabilizer, "the cat sat in a hat") == "in a"


def agreeing(count: int, least_logprob: float = -math.inf) -> Stabilizer:
    """Return one that wants so many readings to agree."""
    return Stabilizer(agreement=Agreement((*[math.inf] * (count - 1), least_logprob)))


@pytest.mark.parametrize("agreement", [1, 2, 3, 5])
def test_as_many_readings_must_agree_as_were_asked_for(agreement: int) -> None:
    stabilizer = agreeing(agreement)
    for _ in range(agreement - 1):
        assert offer(stabilizer, "one two") == ""
    assert offer(stabilizer, "one two") == "one two"


def test_a_dissent_begins_the_count_again() -> None:
    stabilizer = agreeing(3)
    assert [offer(stabilizer, heard) for heard in ["a b", "a b", "a c", "a b", "a b", "a b"]] == [
        "", "", "a", "", "", "b",
    ]  # fmt: skip


def test_agreement_counts_what_follows_the_final_words() -> None:
    """A final word that is read differently later does not stop what follows it."""
    stabilizer = Stabilizer()
    offer(stabilizer, "im here")
    assert offer(stabilizer, "im here") == "im here"
    assert offer(stabilizer, "i am here today") == ""
    assert offer(stabilizer, "im here today") == "today"


def test_words_near_the_edge_are_held_back() -> None:
    stabilizer = Stabilizer()
    offer(stabilizer, "a b c d")
    assert offer(stabilizer, "a b c d", stable_until_ms=STEP_MS + 250) == "a b"
    assert offer(stabilizer, "a b c d", stable_until_ms=2 * STEP_MS + 249) == ""
    assert offer(stabilizer, "a b c d", stable_until_ms=2 * STEP_MS + 250) == "c"


def test_a_doubtful_word_waits_and_so_does_what_follows() -> None:
    stabilizer = agreeing(2, -1.0)
    doubtful = [word("a", 0), word("b", 1, logprob=-1.5), word("c", 2)]
    sure = reading("a b c")
    stabilizer.offer(doubtful, stable_until_ms=FOREVER_MS)
    assert text(stabilizer.offer(doubtful, stable_until_ms=FOREVER_MS)) == "a"
    assert text(stabilizer.offer(doubtful, stable_until_ms=FOREVER_MS)) == ""
    assert text(stabilizer.offer(sure, stable_until_ms=FOREVER_MS)) == "b c"


def test_the_more_readings_agree_the_less_sure_of_a_word_the_model_must_be() -> None:
    stabilizer = Stabilizer(agreement=Agreement((math.inf, -0.3, -0.8, -math.inf)))
    heard = [word("a", 0), word("b", 1, logprob=-0.7), word("c", 2), word("d", 3, logprob=-0.9)]
    said = [text(stabilizer.offer(heard, stable_until_ms=FOREVER_MS)) for _ in range(4)]
    assert said == ["", "a", "b c", "d"]


def test_one_reading_is_enough_for_a_word_that_is_sure() -> None:
    stabilizer = Stabilizer(agreement=Agreement((-0.05, -math.inf)))
    heard = [word("a", 0, logprob=-0.01), word("b", 1, logprob=-0.1), word("c", 2, logprob=-0.01)]
    said = [text(stabilizer.offer(heard, stable_until_ms=FOREVER_MS)) for _ in range(2)]
    assert said == ["a", "b c"]


def test_a_doubtful_reading_needs_one_more_that_agrees_or_makes_nothing_final() -> None:
    def said(*logprobs: float) -> list[Word]:
        return [
            word(key, index, logprob)
            for index, (key, logprob) in enumerate(zip("abc", logprobs, strict=False))
        ]

    def finals(*logprobs: float) -> list[str]:
        stabilizer = Stabilizer(agreement=Agreement((math.inf, -math.inf), -0.2, -0.4))
        return [
            text(stabilizer.offer(said(*logprobs), stable_until_ms=FOREVER_MS)) for _ in range(3)
        ]

    assert finals(-0.1, -0.2, -0.2) == ["", "a b c", ""]
    assert finals(-0.1, -0.2, -0.4) == ["", "", "a b c"]
    assert finals(-0.1, -0.2, -1.0) == ["", "", ""]


def test_the_edge_of_the_audio_makes_no_reading_doubtful() -> None:
    stabilizer = Stabilizer(agreement=Agreement((math.inf, -math.inf), -0.2, -0.4))
    heard = [word("a", 0), word("b", 1), word("c", 2, -5.0)]
    for _ in range(2):
        new = stabilizer.offer(heard, stable_until_ms=STEP_MS + 250)
    assert text(new) == "a b"


def test_words_that_take_no_time_were_not_heard() -> None:
    """Where the sound falls away, a model may say once more what it said."""
    said = [("it", 1200, 1400), ("was", 1400, 1600), ("best", 1600, 1900)]
    guessed = [("it", 1930, 1931), ("was", 1931, 1933), ("best", 1940, 1990)]
    words = [
        Word((HypothesisToken(f" {key}", -0.1, start_ms, end_ms),), key)
        for key, start_ms, end_ms in (*said, *guessed)
    ]
    stabilizer = agreeing(2)
    stabilizer.offer(words, stable_until_ms=FOREVER_MS)
    assert text(stabilizer.offer(words, stable_until_ms=FOREVER_MS)) == "it was best"


@given(
    st.lists(st.floats(-2, 0), min_size=1, max_size=5),
    st.lists(st.floats(-2, 0), min_size=1, max_size=4),
    st.floats(-1, 0),
    st.floats(-2, -1),
)
def test_the_surer_a_reading_the_more_of_it_is_final(
    least: list[float], logprobs: list[float], doubt: float, never: float
) -> None:
    agreement = Agreement(tuple(sorted(least, reverse=True)), doubt, never)
    words = [word("a", index, logprob) for index, logprob in enumerate(logprobs)]
    surer = [word("a", index, logprob / 2) for index, logprob in enumerate(logprobs)]
    counts = range(len(words), 0, -1)
    bounds, lower = agreement.bounds([*counts], words), agreement.bounds([*counts], surer)
    assert all(b <= a for a, b in zip(bounds, lower, strict=True))
    assert bounds == sorted(bounds)  # words that fewer readings agree on are further on


def test_a_dissent_makes_a_doubtful_word_wait_anew() -> None:
    stabilizer = Stabilizer(agreement=Agreement((-0.3, -0.3, -math.inf)))
    b, c = word("b", 0, logprob=-0.8), word("c", 0, logprob=-0.8)
    said = [text(stabilizer.offer([one], stable_until_ms=FOREVER_MS)) for one in [b, b, c, b, b, b]]
    assert said == ["", "", "", "", "", "b"]


def test_every_token_of_a_word_must_be_sure() -> None:
    tokens = (HypothesisToken(" hel", -0.1, 0, 100), HypothesisToken("lo", -2.0, 100, 200))
    heard = [Word(tokens, "hello")]
    stabilizer = agreeing(1, -1.0)
    assert stabilizer.offer(heard, stable_until_ms=FOREVER_MS) == []
    assert text(stabilizer.close(heard)) == "hello"


def test_the_end_of_a_segment_waits_for_nothing() -> None:
    stabilizer = Stabilizer(agreement=Agreement((math.inf, 0.0)))
    assert text(stabilizer.close([word("a", 0, logprob=-9.0)])) == "a"
    assert stabilizer.said == ("a",)


def test_carried_words_are_not_said_again() -> None:
    stabilizer = Stabilizer(carried=("on", "the"))
    assert stabilizer.said == ("on", "the")
    assert text(stabilizer.pending(reading("on the mat"))) == "mat"
    offer(stabilizer, "on the mat")
    assert offer(stabilizer, "on the mat") == "mat"
    assert text(stabilizer.close(reading("on the mat today"))) == "today"


def test_looking_at_what_is_pending_changes_nothing() -> None:
    stabilizer = Stabilizer()
    offer(stabilizer, "a b")
    for _ in range(3):
        assert text(stabilizer.pending(reading("a b"))) == "a b"
    assert stabilizer.said == ()


def test_a_reading_of_nothing_is_a_dissent() -> None:
    stabilizer = Stabilizer()
    assert [offer(stabilizer, heard) for heard in ["a", "", "a", "a"]] == ["", "", "", "a"]


words = st.sampled_from(["a", "b", "the", "morning", "im", "i", "am"])
texts = st.lists(words, max_size=6).map(" ".join)


@settings(deadline=None, max_examples=200)
@given(
    heard=st.lists(st.tuples(texts, st.integers(0, 2_000)), max_size=8),
    last=texts,
    agreement=st.integers(1, 3),
)
def test_a_final_word_is_never_taken_back(
    heard: list[tuple[str, int]], last: str, agreement: int
) -> None:
    """Whatever the readings are: what was said stays, in order, and new words are only added."""
    stabilizer = agreeing(agreement)
    said: list[str] = []
    for one, stable_until_ms in heard:
        new = stabilizer.offer(reading(one), stable_until_ms=stable_until_ms)
        assert all(word.end_ms <= stable_until_ms for word in new)
        said += [word.key for word in new]
        assert list(stabilizer.said) == said
    said += [word.key for word in stabilizer.close(reading(last))]
    assert list(stabilizer.said) == said


@settings(deadline=None)
@given(sentence=texts, stable=st.lists(st.integers(0, 2_000), max_size=6))
def test_the_close_returns_exactly_the_rest_of_unchanged_readings(
    sentence: str, stable: list[int]
) -> None:
    stabilizer = Stabilizer()
    said: list[Word] = []
    for stable_until_ms in stable:
        said += stabilizer.offer(reading(sentence), stable_until_ms=stable_until_ms)
    said += stabilizer.close(reading(sentence))
    assert text(said) == sentence


@settings(deadline=None, max_examples=300)
@given(data=st.data(), agreement=st.integers(2, 3), min_logprob=st.sampled_from([-1.0, -math.inf]))
def test_a_sentence_comes_out_as_it_was_said_however_its_tail_was_guessed(
    data: st.DataObject, agreement: int, min_logprob: float
) -> None:
    """Readings of a growing window, right but for the words near its edge."""
    sentence = data.draw(st.lists(words, min_size=1, max_size=10))
    holdback_ms = data.draw(st.integers(0, 1_000))
    length_ms = len(sentence) * STEP_MS
    ends = sorted(data.draw(st.lists(st.integers(100, length_ms), max_size=8)))
    stabilizer = agreeing(agreement, min_logprob)
    finals: list[str] = []
    for end_ms in ends:
        stable_until_ms = end_ms - holdback_ms
        right = [
            word(key, index, data.draw(st.sampled_from([-0.1, -2.0])))
            for index, key in enumerate(sentence)
            if index * STEP_MS + 250 <= stable_until_ms
        ]
        guessed = data.draw(st.lists(words, max_size=3))
        tail = [word(key, len(right) + index) for index, key in enumerate(guessed)]
        new = stabilizer.offer([*right, *tail], stable_until_ms=stable_until_ms)
        finals += [word.key for word in new]
    full = [word(key, index) for index, key in enumerate(sentence)]
    finals += [word.key for word in stabilizer.close(full)]
    assert finals == sentence


@settings(deadline=None)
@given(
    sentence=st.lists(
        st.sampled_from(["morning", "garden", "window", "company", "question"]),
        min_size=2,
        max_size=8,
    ),
    data=st.data(),
)
def test_final_words_that_are_put_differently_later_are_not_said_twice(
    sentence: list[str], data: st.DataObject
) -> None:
    stabilizer = Stabilizer()
    finals: list[str] = []
    counts = sorted(data.draw(st.lists(st.integers(1, len(sentence)), min_size=2, max_size=6)))
    for count, stable in pairwise(counts):
        for _ in range(2):
            heard = sentence[:count]
            place = data.draw(st.integers(0, count - 1))
            if place < len(finals):  # a slip of the pen in a word that is final already
                heard[place] = heard[place].replace("o", "x", 1)
            words = [word(key, index) for index, key in enumerate(heard)]
            limit_ms = stable * STEP_MS
            finals += [w.key for w in stabilizer.offer(words, stable_until_ms=limit_ms)]
    finals += [w.key for w in stabilizer.close([word(k, i) for i, k in enumerate(sentence)])]
    assert finals == sentence


def marked(*texts: str) -> list[Word]:
    """Return the words of a reading in which every mark is a token of its own."""
    tokens = [HypothesisToken(text, -0.1, 100 * i, 100 * i + 90) for i, text in enumerate(texts)]
    return words_of(Hypothesis(tuple(tokens), 100 * len(tokens)), offset_ms=0)


def written(words: Sequence[Word]) -> str:
    return "".join(token.text for word in words for token in word.tokens)


def test_a_mark_is_final_with_the_word_behind_it() -> None:
    stabilizer = agreeing(1)
    first = marked(" they", " say", ".")
    assert written(stabilizer.settle(first)) == " they say"
    assert written(stabilizer.pending(first)) == "."
    more = marked(" they", " say", ",", " in", " all", ".")
    assert written(stabilizer.offer(more, stable_until_ms=10_000)) == ", in all"
    assert written(stabilizer.close(marked(" they", " say", ",", " in", " all", "!"))) == "!"


def test_a_mark_is_not_said_of_another_word() -> None:
    stabilizer = agreeing(1)
    stabilizer.settle(marked(" they", " say"))
    assert written(stabilizer.close(marked(" they", "."))) == ""
    joined = agreeing(1)
    joined.settle(marked(" a", " shop", " boy"))
    assert written(joined.close(marked(" a", " shop-boy", "."))) == "."


def test_a_doubtful_mark_makes_no_doubtful_word() -> None:
    tokens = (HypothesisToken(" yes", -0.1, 0, 90), HypothesisToken(".", -2.0, 90, 90))
    words = words_of(Hypothesis(tokens, 100), offset_ms=0)
    assert written(Stabilizer(settle_logprob=-0.35).settle(words)) == " yes"
    doubtful = words_of(Hypothesis((HypothesisToken(" yes", -2.0, 0, 90),), 100), offset_ms=0)
    assert Stabilizer(settle_logprob=-0.35).settle(doubtful) == []


@given(data=st.data())
def test_however_readings_settle_the_last_one_is_written_whole(data: st.DataObject) -> None:
    """Words become final in any groups, and their marks once each."""
    texts = data.draw(st.lists(st.sampled_from([" a", " b", " c", ",", "."]), max_size=12))
    whole = marked(" x", *texts)
    stabilizer = agreeing(1)
    said = ""
    for count in sorted(data.draw(st.lists(st.integers(1, len(whole)), max_size=4))):
        said += written(stabilizer.settle(whole[:count]))
    assert said + written(stabilizer.close(whole)) == written(whole)


def timed(said: str) -> list[Word]:
    """Return words from "word@start" in milliseconds, of 200 ms each."""
    words = []
    for item in said.split():
        key, _, start_ms = item.partition("@")
        token = HypothesisToken(f" {key}", -0.1, int(start_ms), int(start_ms) + 200)
        words.append(Word((token,), key))
    return words


SAID = timed("for@3900 those@4100 who@4300 come@4500 to@4700 san@4900 francisco@5200 from@5500")
JUMPS = timed(
    "for@3900 what@6400 is@6700 called@6900 a@7200 lobster@7400 in@7800 san@8000 francisco@8300 "
    "is@8800 not@9000 a@9200 lobster@9400"
)
"""The same audio and more, but the model jumped from one "for" to the next."""


def test_what_a_reading_jumped_over_does_not_hide_what_follows() -> None:
    stabilizer = agreeing(2)
    stabilizer.offer(SAID, stable_until_ms=FOREVER_MS)
    stabilizer.offer(SAID, stable_until_ms=FOREVER_MS)

    assert (
        text(stabilizer.pending(JUMPS))
        == "what is called a lobster in san francisco is not a lobster"
    )


def test_what_a_reading_jumped_over_is_not_said_later() -> None:
    """Words that are final are where they are in time, whatever else reads like them."""
    stabilizer = agreeing(2)
    for _ in range(2):
        stabilizer.offer(JUMPS, stable_until_ms=FOREVER_MS)
    whole = [*SAID, *timed("the@5700 east@5900 for@6200"), *JUMPS[1:], *timed("at@9800 all@10000")]

    assert text(stabilizer.close(whole)) == "at all"


@given(st.lists(st.sampled_from("abc"), max_size=8), st.integers(-700, 700))
def test_times_that_differ_a_little_change_nothing(letters: list[str], by_ms: int) -> None:
    def shifted(words: list[Word]) -> list[Word]:
        return timed(" ".join(f"{word.key}@{max(0, word.start_ms + by_ms)}" for word in words))

    said = reading(" ".join(letters))
    stabilizer = agreeing(1)
    stabilizer.offer(said, stable_until_ms=FOREVER_MS)
    assert text(stabilizer.close(shifted([*said, *reading("z z z z z z z z z")[len(said) :]]))) == (
        " ".join("z" * (9 - len(said)))
    )
