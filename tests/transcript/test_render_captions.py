import re
from itertools import pairwise

from hypothesis import given

from oyez.protocol.tokens import TOKEN_TEXT_END, Token, marker
from oyez.transcript.captions import (
    LINE_CHARACTERS,
    LINES,
    MAX_MS,
    MIN_MS,
    Caption,
    captions,
    srt,
    vtt,
)
from oyez.transcript.render import words

from .test_render import said, streams


def sentence(text: str, *, start_ms: int = 0, word_ms: int = 300) -> list[Token]:
    return [
        said(f" {word}", start_ms + index * word_ms, start_ms + (index + 1) * word_ms)
        for index, word in enumerate(text.split())
    ]


def lines(tokens: list[Token]) -> list[tuple[str, ...]]:
    return [caption.lines for caption in captions(tokens)]


@given(streams())
def test_all_words_are_shown_once_and_in_order(tokens: list[Token]) -> None:
    shown = "".join(line for caption in captions(tokens) for line in caption.lines)
    said_words = "".join(word.text for word in words(tokens))
    assert "".join(shown.split()) == said_words


@given(streams())
def test_times_go_forward_and_never_overlap(tokens: list[Token]) -> None:
    shown = captions(tokens)
    for caption in shown:
        assert caption.start_ms < caption.end_ms <= caption.start_ms + MAX_MS
    for before, after in pairwise(shown):
        assert before.end_ms <= after.start_ms


@given(streams())
def test_lines_fit_unless_one_word_does_not(tokens: list[Token]) -> None:
    for caption in captions(tokens):
        assert 1 <= len(caption.lines) <= LINES
        for line in caption.lines:
            assert line == line.strip() != ""
            assert len(line) <= LINE_CHARACTERS or " " not in line


@given(streams())
def test_files_are_well_formed(tokens: list[Token]) -> None:
    shown = captions(tokens)
    blocks = srt(shown).split("\n\n") if shown else []
    assert [block.split("\n")[0] for block in blocks] == [str(n + 1) for n in range(len(shown))]
    assert all(re.match(r"\d+\n\d\d:\d\d:\d\d,\d{3} --> ", block) for block in blocks)
    header, *cues = vtt(shown).rstrip("\n").split("\n\n")
    assert header.startswith("WEBVTT")
    assert len(cues) == len(shown)
    assert all("-->" not in cue.split("\n", 1)[1] for cue in cues)


def test_sentences_are_kept_together() -> None:
    tokens = sentence("It was the best of times. It was the worst of times, they said.")
    assert lines(tokens) == [
        ("It was the best of times.",),
        ("It was the worst of times, they said.",),
    ]


def test_a_long_sentence_is_cut_after_a_comma() -> None:
    tokens = sentence(
        "When the committee met again in the evening to talk about the harbour, "
        "nobody was surprised that the older members had changed their minds."
    )
    assert " ".join(lines(tokens)[0]).endswith("harbour,")


def test_two_lines_are_of_similar_length() -> None:
    (caption,) = captions(
        sentence("the quick brown fox jumps over the lazy dog again", word_ms=200)
    )
    upper, lower = caption.lines
    assert abs(len(upper) - len(lower)) <= 8


def test_a_pause_and_an_endpoint_begin_a_caption() -> None:
    first, second = sentence("yes", start_ms=0), sentence("well", start_ms=2_000)
    assert lines(first + second) == [("yes",), ("well",)]
    close = sentence("well", start_ms=310)
    assert lines(first + close) == [("yes well",)]
    assert lines([*first, marker(TOKEN_TEXT_END, 305), *close]) == [("yes",), ("well",)]


def test_a_short_caption_stays_for_a_second_if_there_is_time() -> None:
    assert captions(sentence("yes"))[0].end_ms == MIN_MS
    hurried = captions(
        [*sentence("yes"), marker(TOKEN_TEXT_END, 300), *sentence("no", start_ms=400)]
    )
    assert hurried[0].end_ms == 400


def test_a_word_longer_than_a_line_stays_whole() -> None:
    word = "w" * (LINE_CHARACTERS + 5)
    assert lines(sentence(f"a {word} b")) in ([("a", word), ("b",)], [("a",), (word, "b")])


def test_no_words_make_empty_files() -> None:
    assert srt(captions([])) == ""
    assert vtt(captions([])) == "WEBVTT\n"


def test_srt_looks_like_this() -> None:
    shown = [Caption(("One", "two"), 1_206, 3_723_004), Caption(("Three",), 3_723_004, 3_724_000)]
    assert srt(shown) == (
        "1\n00:00:01,206 --> 01:02:03,004\nOne\ntwo\n\n2\n01:02:03,004 --> 01:02:04,000\nThree\n"
    )


def test_vtt_looks_like_this() -> None:
    shown = [Caption(("a < b & c --> d",), 0, 1_000, speaker="1")]
    assert vtt(shown) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Speaker 1>a &lt; b &amp; c --&gt; d\n"
    )
