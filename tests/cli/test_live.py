import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from oyez.cli.live import PlainView, TerminalView, clock, live_view
from oyez.cli.transcript import Update
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN, Token, marker

from .screen import Screen

END = marker(TOKEN_TEXT_END, 0)


def token(text: str, start_ms: int = 0, *, is_final: bool = True) -> Token:
    return Token(text, start_ms, start_ms + 1, 1.0, is_final=is_final)


def update(new: str = "", pending: str = "", *, is_end: bool = False) -> Update:
    tokens = tuple(token(f" {word}") for word in new.split())
    guesses = tuple(token(f" {word}", is_final=False) for word in pending.split())
    return Update((*tokens, END) if is_end else tokens, guesses)


class Watched:
    """A terminal view and what is seen after each update."""

    def __init__(self, width: int = 40, height: int = 20) -> None:
        self.raw = io.StringIO()
        self.console = Console(
            file=self.raw, force_terminal=True, width=width, height=height, color_system="standard"
        )
        self.view = TerminalView(self.console)

    def seen(self) -> str:
        screen = Screen()
        screen.write(self.raw.getvalue())
        return screen.text


def test_words_grow_and_finals_are_solid() -> None:
    watched = Watched()
    with watched.view as view:
        view.show(update(pending="It was a"))
        assert watched.seen() == "  It was a"
        assert "\x1b[2;3mIt was a" in watched.raw.getvalue()
        view.show(update("It was", pending="the best"))
        assert watched.seen() == "  It was the best"
        assert "  It was\x1b[2;3m the best" in watched.raw.getvalue()
        view.show(update("the best."))
        assert watched.seen() == "  It was the best."
    assert watched.seen() == "  It was the best."


def test_an_endpoint_begins_a_paragraph() -> None:
    watched = Watched()
    with watched.view as view:
        view.show(update("One.", is_end=True))
        view.show(update(is_end=True))
        view.show(update(pending="Two"))
        assert watched.seen() == "  One.\n\n  Two"
        view.show(update("Two.", is_end=True))
    assert watched.seen() == "  One.\n\n  Two."


def test_what_is_not_final_at_the_end_is_gone() -> None:
    watched = Watched()
    with watched.view as view:
        view.show(update("One", pending="two three"))
    assert watched.seen() == "  One"


def test_a_finalize_marker_is_not_shown() -> None:
    watched = Watched()
    with watched.view as view:
        view.show(Update((token("One"), marker(TOKEN_TEXT_FIN, 0)), ()))
    assert watched.seen() == "  One"


def test_more_pending_than_fits_shows_its_end() -> None:
    watched = Watched(width=20, height=6)
    with watched.view as view:
        view.show(update(pending=" ".join(f"word{number}" for number in range(60))))
        assert len(watched.seen().splitlines()) <= 4
        assert watched.seen().endswith("word59")


def test_terminal_codes_in_words_do_nothing() -> None:
    watched = Watched()
    with watched.view as view:
        view.show(Update((token("a\x1b[2Jb\n\tc"),), (token("\x1b]0;x\x07", is_final=False),)))
    assert watched.seen() == "  a [2Jb  c"


words = st.text(st.characters(categories=["Ll", "Lu", "Nd", "Po"]), min_size=1, max_size=30)
steps = st.lists(
    st.tuples(st.lists(words, max_size=8), st.lists(words, max_size=12), st.booleans()), max_size=12
)


@given(steps, st.integers(12, 100))
def test_at_the_end_every_final_word_is_there_in_order(
    said: list[tuple[list[str], list[str], bool]], width: int
) -> None:
    watched = Watched(width=width)
    with watched.view as view:
        for new, pending, is_end in said:
            view.show(update(" ".join(new), " ".join(pending), is_end=is_end))
    expected = "".join(word for new, _, _ in said for word in "".join(new).split())
    assert "".join(watched.seen().split()) == expected
    assert all(len(row) <= width for row in watched.seen().splitlines())


def test_elsewhere_each_utterance_is_a_line_that_grows() -> None:
    output = io.StringIO()
    view = live_view(Console(file=output))
    assert isinstance(view, PlainView)
    with view:
        view.show(update(pending="It was"))
        assert output.getvalue() == ""
        view.show(update("It was", pending="the"))
        assert output.getvalue() == "0:00  It was"
        view.show(Update((token(" best."), END, token(" Next", 61_500)), ()))
    assert output.getvalue() == "0:00  It was best.\n1:01  Next\n"


def test_a_terminal_that_cannot_redraw_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    console = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(live_view(console), PlainView)


def test_clock() -> None:
    assert [clock(ms) for ms in (0, 59_999, 60_000, 3_725_000)] == ["0:00", "0:59", "1:00", "62:05"]
