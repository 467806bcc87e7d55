"""Words lost and doubled, found in alignments."""

import pytest

from oyez.bench.joints import Finding, Step, align, doublings, keyed, keys_of, losses, matched
from oyez.bench.streaming import Word


def spoken(said: str) -> list[Word]:
    """One word a second."""
    words = enumerate(said.split())
    return [Word(word, float(index), index + 0.5) for index, word in words]


def lost(reference: str, said: str, offline: str | None = None) -> list[Finding]:
    expected, words = reference.split(), spoken(said)
    has = None if offline is None else matched(align(expected, offline.split()))
    return losses(expected, words, align(expected, said.split()), has)


def doubled(reference: str, said: str) -> list[tuple[str, float, str]]:
    found = doublings(spoken(said), align(reference.split(), said.split()))
    return [(finding.kind, finding.at_s, finding.words) for finding in found]


def test_alignment_covers_both_sides() -> None:
    assert align(["a", "b", "c"], ["a", "x", "c", "d"]) == [
        Step("equal", 0, 1, 0, 1),
        Step("substitute", 1, 2, 1, 2),
        Step("equal", 2, 3, 2, 3),
        Step("insert", 3, 3, 3, 4),
    ]


@pytest.mark.parametrize(
    ("reference", "said", "kinds"),
    [([], [], []), (["a"], [], ["delete"]), ([], ["a"], ["insert"])],
)
def test_alignment_of_nothing(reference: list[str], said: list[str], kinds: list[str]) -> None:
    assert [step.kind for step in align(reference, said)] == kinds


def test_a_lost_run_is_found_with_its_place() -> None:
    (finding,) = lost("a b c d e f", "a b e f")

    assert (finding.words, finding.at_s, finding.context) == ("c d", 1.5, "a b [c d] e f")
    assert finding.offline_has is None


def test_one_missing_word_is_no_run() -> None:
    assert lost("a b c d", "a b d") == []


def test_the_offline_reading_tells_whose_fault_a_loss_is() -> None:
    (finding,) = lost("a b c d e f", "a b e f", "a b x d e f")

    assert finding.offline_has == 1


def test_everything_lost_is_lost_from_the_start() -> None:
    (finding,) = lost("a b c", "")

    assert (finding.words, finding.at_s) == ("a b c", 0.0)


@pytest.mark.parametrize(
    ("reference", "said", "expected"),
    [
        ("we went home", "we went went home", [("doubled", 2.0, "went")]),
        ("then he said so", "then he said he said so", [("doubled", 3.0, "he said")]),
        ("very very good", "very very good", []),
        ("very very good", "very very very good", [("doubled", 2.0, "very")]),
        ("the good boy", "the good old boy", []),
        ("a foreign land", "a for foreign land", [("fragment", 1.0, "for")]),
        ("a foreign land", "a foreign eign land", [("fragment", 2.0, "eign")]),
        ("another one", "an another one", []),
        ("", "", []),
    ],
)
def test_doubled_words_are_found(
    reference: str, said: str, expected: list[tuple[str, float, str]]
) -> None:
    assert doubled(reference, said)[:1] == expected


def test_keys_split_hyphens_and_keep_times() -> None:
    assert keys_of("Well—he's twenty-five!") == ["well", "hes", "twenty", "five"]
    assert keyed([Word("Twenty-five,", 1.0, 2.0), Word("-", 2.0, 2.1)]) == [
        Word("twenty", 1.0, 2.0),
        Word("five", 1.0, 2.0),
    ]
