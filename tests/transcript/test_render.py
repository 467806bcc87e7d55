import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN, Token, marker
from oyez.transcript.render import document, joined, paragraphs, printable, text, words


def said(raw: str, start_ms: int = 0, end_ms: int = 100, **options: Any) -> Token:
    return Token(raw, start_ms, end_ms, options.pop("confidence", 0.9), is_final=True, **options)


def spoken(*texts: str) -> list[Token]:
    return [said(piece, index * 100, index * 100 + 100) for index, piece in enumerate(texts)]


def texts(tokens: list[Token]) -> list[str]:
    return [word.text for word in words(tokens)]


@st.composite
def streams(draw: st.DrawFn) -> list[Token]:
    """Tokens as the server promises them: times never go back."""
    tokens: list[Token] = []
    now = draw(st.integers(0, 2_000))
    pieces = draw(
        st.lists(
            st.one_of(
                st.sampled_from([" the", " a", "ing", ",", ".", " word.", " no", "?", "世", "界"]),
                st.text(min_size=1, max_size=12),
                st.sampled_from([TOKEN_TEXT_END, TOKEN_TEXT_FIN]),
            ),
            max_size=40,
        )
    )
    for piece in pieces:
        now += draw(st.sampled_from([0, 0, 0, 40, 300, 900, 5_000]))
        if piece in (TOKEN_TEXT_END, TOKEN_TEXT_FIN):
            tokens.append(marker(piece, now))
            continue
        length = draw(st.sampled_from([1, 80, 240, 700]))
        speaker = draw(st.sampled_from([None, None, None, "1", "2"]))
        tokens.append(said(piece, now, now + length, speaker=speaker))
        now += length
    return tokens


def test_pieces_and_punctuation_make_words() -> None:
    assert texts(spoken("Fool", "ish", "ness", ",", " it", " was", ".")) == [
        "Foolishness,",
        "it",
        "was.",
    ]


def test_a_word_lasts_from_its_first_to_its_last_token() -> None:
    word = words([said("fool", 100, 200), said("ish", 250, 300)])[0]
    assert (word.start_ms, word.end_ms) == (100, 300)


def test_several_words_in_a_token_share_its_time() -> None:
    first, second = words([said(" ab cd ", 0, 700)])
    assert (first.start_ms, first.end_ms, second.start_ms, second.end_ms) == (100, 300, 400, 600)


def test_confidence_is_that_of_the_letters() -> None:
    tokens = [said("we", confidence=0.9), said("ll", confidence=0.8), said(".", confidence=0.1)]
    assert words(tokens)[0].confidence == 0.8
    assert words([said("-", confidence=0.1)])[0].confidence == 0.1


def test_a_marker_ends_word_and_paragraph() -> None:
    tokens = [*spoken("One"), marker(TOKEN_TEXT_END, 100), *spoken("two", " three")]
    assert [joined(group) for group in paragraphs(tokens)] == ["One", "two three"]
    assert text(tokens) == "One\ntwo three"


def test_markers_without_words_make_no_paragraphs() -> None:
    end = marker(TOKEN_TEXT_END, 0)
    assert text([end, end, *spoken("One"), end, end]) == "One"
    assert text([end]) == ""


def test_a_change_of_speaker_begins_a_named_paragraph() -> None:
    tokens = [said("Hi", speaker="1"), said(" there.", speaker="1"), said(" Hello.", speaker="2")]
    assert text(tokens) == "Speaker 1: Hi there.\nSpeaker 2: Hello."


def test_scripts_without_spaces_have_a_word_a_token() -> None:
    tokens = spoken("今日", "は", "。", "元気")
    assert texts(tokens) == ["今日", "は。", "元気"]
    assert text(tokens) == "今日は。元気"


def test_an_empty_token_changes_nothing() -> None:
    assert texts(spoken("fool", "", "ish")) == ["foolish"]


@pytest.mark.parametrize("raw", ["a\x1b[2Jb", "a\nb", "a\r\nb", "a\x00b", "a\u2028b"])
def test_what_steers_terminals_is_taken_for_space(raw: str) -> None:
    assert "\x1b" not in text([said(raw)])
    assert len(text([said(raw)]).splitlines()) == 1


def test_joiners_of_letters_are_kept() -> None:
    assert printable("नमस्\u200dते") == "नमस्\u200dते"


def test_the_document_holds_text_words_and_tokens() -> None:
    tokens = [said("Hi", 0, 120, language="en", speaker="1"), marker(TOKEN_TEXT_END, 300)]
    whole = document(tokens, audio_ms=500)
    assert json.loads(json.dumps(whole)) == whole
    assert whole["text"] == "Speaker 1: Hi"
    assert whole["audio_ms"] == 500
    assert whole["words"] == [
        {
            "text": "Hi",
            "start_ms": 0,
            "end_ms": 120,
            "confidence": 0.9,
            "speaker": "1",
            "language": "en",
        }
    ]
    assert [token["text"] for token in whole["tokens"]] == ["Hi", "<end>"]


@given(streams())
def test_every_character_is_in_one_word_in_order(tokens: list[Token]) -> None:
    raw = "".join(printable(token.text) for token in tokens if not token.is_marker)
    assert "".join(texts(tokens)) == "".join(raw.split())


@given(streams())
def test_word_times_never_go_back(tokens: list[Token]) -> None:
    timed = words(tokens)
    for word in timed:
        assert word.start_ms <= word.end_ms
    for before, after in pairwise(timed):
        assert before.end_ms <= after.start_ms


@given(streams())
def test_paragraphs_have_one_speaker(tokens: list[Token]) -> None:
    groups = paragraphs(tokens)
    assert [word for group in groups for word in group] == words(tokens)
    assert all(len({word.speaker for word in group}) == 1 for group in groups)
