"""Where one reading's words lie in another's."""

from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.transcript.alignment import _last_row, common_prefix, edit_distance, words_covered

letters = st.text(st.sampled_from("abc"), max_size=7)
words = st.text(st.sampled_from("abc"), min_size=1, max_size=4)
readings = st.lists(words, max_size=6)


def naive_distance(left: str, right: str) -> int:
    """The definition, by recursion."""

    @cache
    def distance(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (left[i - 1] != right[j - 1]),
        )

    return distance(len(left), len(right))


@settings(deadline=None, max_examples=300)
@given(left=letters, right=letters)
def test_the_edit_distance_is_levenshteins(left: str, right: str) -> None:
    assert edit_distance(left, right) == naive_distance(left, right)


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("iam", "im", 1), ("ab", "ba", 2)],
)
def test_known_distances(left: str, right: str, distance: int) -> None:
    assert edit_distance(left, right) == distance
    assert edit_distance(right, left) == distance


@settings(deadline=None)
@given(left=readings, right=readings)
def test_the_common_prefix_is_common_and_longest(left: list[str], right: list[str]) -> None:
    count = common_prefix(left, right)
    assert left[:count] == right[:count]
    assert left[count : count + 1] != right[count : count + 1] or count == len(left) == len(right)


@settings(deadline=None)
@given(said=readings, following=readings)
def test_words_that_were_not_reread_differently_are_covered_exactly(
    said: list[str], following: list[str]
) -> None:
    """Also when what follows repeats them."""
    assert words_covered(said, said + following) == len(said)


@settings(deadline=None)
@given(said=readings, heard=readings)
def test_what_is_covered_is_a_prefix_and_none_is_closer(said: list[str], heard: list[str]) -> None:
    count = words_covered(said, heard)
    assert common_prefix(said, heard) <= count <= len(heard)
    # Words that both begin with stay together; the rest is closest.
    same = common_prefix(said, heard)
    rest = "".join(said[same:])
    distances = {
        end: edit_distance(rest, "".join(heard[same:end])) for end in range(same, len(heard) + 1)
    }
    assert distances[count] == min(distances.values())


def test_nothing_said_covers_nothing() -> None:
    assert words_covered([], ["a", "b"]) == 0
    assert words_covered(["a", "b"], []) == 0


@pytest.mark.parametrize(
    ("said", "heard", "covered"),
    [
        ("i am", "im here", 1),
        ("im", "i am here", 2),
        ("its", "it is cold", 2),
        ("it is", "its cold", 1),
        ("well", "we will go", 2),
        ("were", "we were all", 2),
        ("to heaven were", "to heaven we were all", 4),
        ("theyre", "they are here", 2),
        ("dont", "do not go", 2),
        ("do not", "dont go", 1),
        ("so i think hes", "so i think he is right", 5),
        ("every one", "everyone is here", 1),
        ("ice cream", "icecream please", 1),
        ("the cap", "the cat sat", 2),
        ("the cat", "the the cat sat", 3),
        ("the the cat", "the cat sat", 2),
        ("no no", "no no no", 2),
        ("yes", "no", 1),
    ],
)
def test_another_reading_of_the_same_words(said: str, heard: str, covered: int) -> None:
    assert words_covered(said.split(), heard.split()) == covered


WORDS = [
    "morning",
    "garden",
    "window",
    "company",
    "question",
    "street",
    "another",
    "evening",
    "between",
    "government",
]


@dataclass(frozen=True)
class Rereading:
    """Words that were said, and how a later reading puts them."""

    said: list[str]
    heard: list[str]


@st.composite
def rereadings(draw: st.DrawFn) -> Rereading:
    """Each word may have a letter changed, be cut in two, or be joined to the next."""
    said = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
    heard: list[str] = []
    index = 0
    while index < len(said):
        word = said[index]
        index += 1
        place = draw(st.integers(2, len(word) - 2))
        match draw(st.sampled_from(["same", "same", "letter", "cut", "joined"])):
            case "letter":
                heard.append(word[:place] + "x" + word[place + 1 :])
            case "cut":
                heard += [word[:place], word[place:]]
            case "joined" if index < len(said):
                heard.append(word + said[index])
                index += 1
            case _:
                heard.append(word)
    return Rereading(said, heard)


@settings(deadline=None, max_examples=300)
@given(edited=rereadings(), following=st.lists(st.sampled_from(WORDS), max_size=4))
def test_nothing_is_said_twice_or_lost_when_words_are_put_differently(
    edited: Rereading, following: list[str]
) -> None:
    assert words_covered(edited.said, edited.heard + following) == len(edited.heard)


def last_row_cell_by_cell(left: str, right: str) -> list[int]:
    """Wagner and Fischer's table, row by row."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            substitution = diagonal + (a != b)
            diagonal = row[j]
            row[j] = min(substitution, row[j] + 1, row[j - 1] + 1)
    return row


@given(
    left=st.text("abé", max_size=90) | st.text(max_size=20),
    right=st.text("abé", max_size=90) | st.text(max_size=20),
)
def test_distances_by_bits_are_distances_by_cells(left: str, right: str) -> None:
    assert _last_row(left, right) == last_row_cell_by_cell(left, right)
