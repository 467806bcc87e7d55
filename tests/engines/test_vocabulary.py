import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines.moonshine.assets import BASE, TINY, Assets, locate
from oyez.engines.moonshine.vocabulary import BOS, EOS, Piece, Vocabulary
from oyez.errors import EngineError, ModelNotInstalledError

SPACE = "▁".encode()
RECORDS = [
    b"<unk>",
    b"<s>",
    b"</s>",
    *(bytes([value]) for value in range(256)),
    SPACE,
    SPACE + b"hello",
    b"lo",
    b",",
    SPACE + SPACE,
    b"<<ST_7>>",
    "♭".encode(),
    b"..",
]
VOCABULARY = Vocabulary(RECORDS)
LONE_SPACE, HELLO, LO, COMMA, TWO_SPACES, SPECIAL, FLAT, TWO_STOPS = range(259, 267)


def raw(text: str) -> list[int]:
    return [3 + value for value in text.encode()]


def texts(ids: list[int]) -> list[str]:
    return [piece.text for piece in VOCABULARY.pieces(ids, [-0.5] * len(ids))]


def test_a_space_mark_starts_a_word() -> None:
    assert texts([HELLO, COMMA, HELLO, LO]) == [" hello", ",", " hello", "lo"]


def test_the_first_piece_starts_a_word() -> None:
    assert texts([LO, LO]) == [" lo", "lo"]


def test_bytes_of_one_character_are_one_piece_with_their_joint_probability() -> None:
    ids = [HELLO, *raw("é"), LO]
    assert VOCABULARY.pieces(ids, [-0.1, -0.2, -0.3, -0.4]) == [
        Piece(" hello", -0.1, 0, 0),
        Piece("é", -0.5, 1, 2),
        Piece("lo", -0.4, 3, 3),
    ]


def test_a_lone_space_goes_to_the_next_piece() -> None:
    assert texts([HELLO, LONE_SPACE, LO, TWO_SPACES, LO, LONE_SPACE]) == [" hello", " lo", " lo"]


def test_characters_that_were_never_finished_are_dropped() -> None:
    assert texts([HELLO, *raw("€")[:2], LO]) == [" hello", "lo"]
    assert texts([HELLO, raw("€")[1], LO]) == [" hello", "lo"]
    assert texts([HELLO, *raw("€")[:2]]) == [" hello"]


def test_specials_music_and_controls_are_dropped() -> None:
    music = [LONE_SPACE, *raw("♪")]
    ids = [BOS, *music, *music, HELLO, SPECIAL, FLAT, 3, *music, EOS, 0, 5000]
    assert texts(ids) == [" hello"]


def test_letters_of_other_scripts_are_dropped() -> None:
    assert texts([*raw("你們了"), COMMA, HELLO, *raw("أَ"), *raw("ж")]) == [" ,", " hello"]
    assert texts([*raw("café"), *raw("½"), *raw("€"), *raw("ớ")]) == [
        " c", "a", "f", "é", "½", "€", "ớ",
    ]  # fmt: skip


def test_two_stops_are_one() -> None:
    assert texts([HELLO, TWO_STOPS, HELLO, COMMA]) == [" hello", ".", " hello", ","]


def test_nothing_gives_nothing() -> None:
    assert texts([]) == []
    assert texts([LONE_SPACE]) == []


@given(st.lists(st.integers(0, len(RECORDS) + 5), max_size=30))
def test_pieces_are_valid_text_whatever_the_ids(ids: list[int]) -> None:
    pieces = VOCABULARY.pieces(ids, [-0.25] * len(ids))
    for piece in pieces:
        assert piece.text.strip()
        assert piece.text.encode().decode() == piece.text
        assert piece.text == piece.text.rstrip()
        assert "▁" not in piece.text
        assert piece.logprob < 0
    if pieces:
        assert pieces[0].text.startswith(" ")


def test_long_records_have_two_byte_lengths(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.bin"
    # 300 = 2 * 128 + (172 - 128)
    path.write_bytes(b"\x01a\x00" + bytes([172, 2]) + b"x" * 300 + b"\x02bc")
    vocabulary = Vocabulary.read(path)
    assert len(vocabulary) == 4
    pieces = vocabulary.pieces([0, 1, 2, 3], [-1.0] * 4)
    assert [piece.text for piece in pieces] == [" a", "x" * 300, "bc"]


@pytest.mark.parametrize("tail", [b"\x05abc", b"\x80", b"\x81\x01"])
def test_a_file_that_ends_inside_a_record_is_damaged(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "tokenizer.bin"
    path.write_bytes(b"\x01a" + tail)
    with pytest.raises(EngineError, match="record 1 is cut off"):
        Vocabulary.read(path)


def test_a_missing_model_names_the_remedy() -> None:
    for package in ("oyez_has_no_such_package", "oyez"):
        with pytest.raises(ModelNotInstalledError, match="Fetch it") as error:
            locate(Assets("nothing", package, "nowhere", "Fetch it."))
        assert error.value.engine == "nothing"


@pytest.mark.real
def test_the_models_vocabularies() -> None:
    tiny = Vocabulary.read(locate(TINY).vocabulary)
    assert len(tiny) == 32_768
    ids = range(len(tiny))
    assert math.isclose(
        sum(p.logprob for p in tiny.pieces(ids, [-1.0] * len(tiny))), -27_400, rel_tol=0.05
    )
    try:
        base = locate(BASE)
    except ModelNotInstalledError:
        return
    assert len(Vocabulary.read(base.vocabulary)) == 32_000
