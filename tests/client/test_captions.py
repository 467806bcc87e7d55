"""Final tokens as SubRip and WebVTT."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from oyez.types import Token
from oyez.utils import render_srt, render_vtt

SENTENCE = [
    Token(text="Ever", start_ms=500, end_ms=800, is_final=True, speaker="1"),
    Token(text=" tried?", start_ms=800, end_ms=1_300, is_final=True, speaker="1"),
    Token(text="<end>", start_ms=1_300, end_ms=1_300, is_final=True),
    Token(text="Ever", start_ms=3_000, end_ms=3_300, is_final=True, speaker="2"),
    Token(text=" failed.", start_ms=3_300, end_ms=4_000, is_final=True, speaker="2"),
]
TOKENS = st.lists(
    st.builds(
        Token,
        text=st.sampled_from(["a", " b", "  c d ", "", " ", "<end>", "<fin>", "\n\n", "--> 1"]),
        start_ms=st.one_of(st.none(), st.integers(0, 90_000_000)),
        end_ms=st.one_of(st.none(), st.integers(0, 90_000_000)),
        speaker=st.sampled_from([None, "1", "<2>"]),
        translation_status=st.sampled_from([None, "none", "translation"]),
    )
)
CUE = re.compile(r"(\d{2,}):(\d\d):(\d\d)[.,](\d{3}) --> (\d{2,}):(\d\d):(\d\d)[.,](\d{3})")


def test_subrip() -> None:
    assert render_srt(iter(SENTENCE)) == (
        "1\n00:00:00,500 --> 00:00:01,600\nEver tried?\n\n"
        "2\n00:00:03,000 --> 00:00:04,300\nEver failed.\n"
    )


def test_webvtt_says_who_speaks() -> None:
    assert render_vtt(iter(SENTENCE)) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.600\n<v Speaker 1>Ever tried?\n\n"
        "00:00:03.000 --> 00:00:04.300\n<v Speaker 2>Ever failed.\n"
    )


def test_translations_are_left_out() -> None:
    translated = [Token(text=" Versucht.", is_final=True, translation_status="translation")]
    assert render_srt(SENTENCE[:2] + translated + SENTENCE[2:]) == render_srt(SENTENCE)


def test_nothing_said() -> None:
    assert (render_srt([]), render_vtt([])) == ("", "WEBVTT\n")


@given(TOKENS)
def test_whatever_the_tokens_say_captions_follow_each_other(tokens: list[Token]) -> None:
    for text in (render_srt(tokens), render_vtt(tokens)):
        spans = []
        for found in CUE.finditer(text):
            hours, minutes, seconds, ms, *end = map(int, found.groups())
            start = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms
            hours, minutes, seconds, ms = end
            spans.append((start, ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms))
        assert all(start < end for start, end in spans)
        assert all(one[1] <= two[0] for one, two in pairwise(spans))
        assert "\n\n\n" not in text
