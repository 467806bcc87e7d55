"""Decoding over a model that is a table: what it would say next depends on the ids so far."""

from collections.abc import Callable

import numpy as np
import pytest
from bench.published import best_two
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines.moonshine.decode import Decoded, decode, repeated_tail, token_cap
from oyez.engines.moonshine.encoder import Audio
from oyez.engines.moonshine.graph import Cache, FloatArray, Foretold
from oyez.engines.moonshine.vocabulary import BOS, EOS

WIDTH = 64
AUDIO: Audio = {}


class TableReader:
    """Foretells the next id from all ids before it; keeps no numbers, only the text so far."""

    def __init__(self, following: Callable[[tuple[int, ...]], int]) -> None:
        self.following = following
        self.text: list[int] = []
        self.ids_read = 0

    def start(self, audio: Audio, ids: list[int]) -> tuple[Foretold, Cache]:
        cache = Cache(audio, {})
        return self.read(cache, ids), cache

    def read(self, cache: Cache, ids: list[int]) -> Foretold:
        return best_two(self.rows(cache, ids))

    def rows(self, cache: Cache, ids: list[int]) -> FloatArray:
        del self.text[cache.length :]
        rows = np.zeros((len(ids), WIDTH), np.float32)
        for row, token in zip(rows, ids, strict=True):
            self.text.append(token)
            row[self.following(tuple(self.text[1:]))] = 5.0
        cache.length = len(self.text)
        self.ids_read += len(ids)
        return rows


def says(*text: int) -> Callable[[tuple[int, ...]], int]:
    return lambda so_far: text[len(so_far)] if len(so_far) < len(text) else EOS


def run(*text: int, draft: tuple[int, ...] = (), max_ids: int = 99) -> Decoded:
    reader = TableReader(says(*text))
    decoded = decode(reader, AUDIO, max_ids, draft)
    assert len(decoded.logprobs) == len(decoded.ids)
    assert all(logprob <= 0 for logprob in decoded.logprobs)
    return decoded


def test_without_a_draft_each_id_takes_a_pass() -> None:
    decoded = run(11, 12, 13)
    assert decoded.ids == (11, 12, 13)
    assert decoded.passes == 4
    assert decoded.logprobs[0] == pytest.approx(-np.log(1 + (WIDTH - 1) * np.exp(-5)), abs=1e-5)


def test_a_right_draft_takes_one_pass() -> None:
    assert run(11, 12, 13, draft=(11, 12, 13)).passes == 1


def test_a_growing_text_costs_what_is_new() -> None:
    decoded = run(11, 12, 13, 14, 15, draft=(11, 12, 13))
    assert decoded.ids == (11, 12, 13, 14, 15)
    assert decoded.passes == 3


@pytest.mark.parametrize(
    "draft",
    [
        (11, 50, 13, 14, 15, 16, 17, 18),  # one replaced
        (11, 12, 50, 13, 14, 15, 16, 17, 18),  # one too many
        (11, 13, 14, 15, 16, 17, 18),  # one too few
        (50, 51, 11, 12, 13, 14, 15, 16, 17, 18),  # two too many at the start
    ],
)
def test_the_rest_of_a_draft_survives_a_change(draft: tuple[int, ...]) -> None:
    decoded = run(11, 12, 13, 14, 15, 16, 17, 18, draft=draft)
    assert decoded.ids == (11, 12, 13, 14, 15, 16, 17, 18)
    assert decoded.passes <= 3


@pytest.mark.parametrize(
    "draft",
    [
        (11, 50, 14, 15, 16, 17, 18, 19, 20),  # two replaced by one
        (11, 50, 51, 52, 53, 54, 15, 16, 17, 18, 19, 20),  # three by five
        (15, 16, 17, 18, 19, 20),  # begins later
    ],
)
def test_a_draft_that_lost_its_way_is_found_again(draft: tuple[int, ...]) -> None:
    text = (11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
    decoded = run(*text, draft=draft)
    assert decoded.ids == text
    assert decoded.passes <= 7, "without a draft it takes 11"


def test_a_wrong_draft_is_given_up() -> None:
    reader = TableReader(says(*range(10, 40)))
    decoded = decode(reader, AUDIO, 99, (50, 51, 52, 53, 54, 55))
    assert decoded.ids == tuple(range(10, 40))
    assert decoded.passes == 31
    assert reader.ids_read <= 31 + 6 + 2


@given(
    text=st.lists(st.integers(3, 9), max_size=20),
    draft=st.lists(st.integers(3, 9), max_size=20),
    max_ids=st.integers(0, 15),
)
def test_a_draft_never_changes_the_text(text: list[int], draft: list[int], max_ids: int) -> None:
    plain = run(*text, max_ids=max_ids)
    drafted = run(*text, draft=tuple(draft), max_ids=max_ids)
    assert drafted.ids == plain.ids
    assert drafted.logprobs == plain.logprobs
    assert len(plain.ids) <= max_ids


def test_a_loop_with_no_way_out_is_given_up_and_its_repeats_dropped() -> None:
    reader = TableReader(lambda so_far: 10 if not so_far else 20 + len(so_far) % 5)
    decoded = decode(reader, AUDIO, 99)
    assert decoded.ran_in_circles
    assert decoded.ids[:6] == (10, 21, 22, 23, 24, 20)
    assert not repeated_tail(decoded.ids)
    assert decoded.passes < 60


def test_a_loop_is_left_by_the_second_best_way() -> None:
    phrase, rest = (11, 12, 13, 14, 15), (30, 31, 32)

    class Circling(TableReader):
        def rows(self, cache: Cache, ids: list[int]) -> FloatArray:
            rows = super().rows(cache, ids)
            for row, length in zip(
                rows, range(len(self.text) - len(ids), len(self.text)), strict=True
            ):
                if length == len(phrase):
                    row[rest[0]] = 4.0
            return rows

    def following(so_far: tuple[int, ...]) -> int:
        if rest[0] in so_far:
            said = len(so_far) - so_far.index(rest[0])
            return rest[said] if said < len(rest) else EOS
        return phrase[len(so_far) % len(phrase)]

    decoded = decode(Circling(following), AUDIO, 99)
    assert decoded.ids == (*phrase, *rest)
    assert not decoded.ran_in_circles


def test_a_text_that_must_not_be_empty_begins_with_the_second_best() -> None:
    class Hesitant(TableReader):
        def rows(self, cache: Cache, ids: list[int]) -> FloatArray:
            rows = super().rows(cache, ids)
            if self.text[0] == BOS and cache.length == len(ids):
                rows[0, EOS] = 9.0
            return rows

    hesitant = Hesitant(says(11, 12))
    assert decode(hesitant, AUDIO, 9).ids == ()
    decoded = decode(hesitant, AUDIO, 9, is_never_empty=True)
    assert decoded.ids == (11, 12)
    assert decoded.logprobs[0] < -4
    assert decode(hesitant, AUDIO, 9, (11, 12), is_never_empty=True).passes == 1


def test_repetition() -> None:
    phrase = [1, 2, 3, 4, 5]
    assert repeated_tail([9, *phrase * 3]) == 10
    assert repeated_tail([9, *phrase * 2]) == 0
    assert repeated_tail([7] * 9) == 8
    assert repeated_tail([7] * 8) == 0
    assert repeated_tail([*phrase * 3, 9]) == 0
    assert repeated_tail([]) == 0


def test_the_cap_grows_with_the_audio() -> None:
    assert token_cap(0.1) == 1
    assert token_cap(2.0) == 13


def test_the_opening_id_comes_first() -> None:
    reader = TableReader(says(11))
    decode(reader, AUDIO, 5)
    assert reader.text[0] == BOS
