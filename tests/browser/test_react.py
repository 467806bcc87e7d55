"""`@soniox/react`, unchanged but for URL and key: what its store makes of a talk."""

from itertools import pairwise

import pytest

from conformance.talk import END, FIN, Talk, utterances
from oyez.types import RealtimeEvent

from .microphone import FIRST
from .talks import HELD_ONCE, Talks
from .told import Told
from .words import assert_says

pytestmark = [pytest.mark.real, HELD_ONCE]

NAMES = ("react endpoints", "react finalize")


def texts_to_show(told: Told) -> set[str]:
    """The words after each message, with and without those that are not final."""
    talk, texts = Talk(), {""}
    for entry in told.all("result"):
        talk.hear(RealtimeEvent.model_validate(entry["message"]))
        texts |= {talk.text, talk.text + talk.guesses[-1]}
    return texts


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_transcript(talks: Talks, name: str) -> None:
    told = talks[name]
    assert told.all("error") == []
    assert told.complaints == []
    assert told.talk.is_finished
    assert_says(told.talk.text)
    store = told.one("store")
    assert store["text"] == told.talk.text
    assert "".join(store["finalTokens"]) == told.talk.text
    assert told.shown == told.talk.text


@pytest.mark.parametrize("name", NAMES)
def test_no_word_vanishes_on_the_way(talks: Talks, name: str) -> None:
    """The store keeps a final word only if the next message's first token begins later."""
    told = talks[name]
    shown = [entry["text"] for entry in told.all("shown")]
    assert len(shown) >= 3
    assert set(shown) <= texts_to_show(told)
    starts = [token.start_ms for token in told.talk.finals if token.text not in {END, FIN}]
    assert all(before < after for before, after in pairwise(starts))


def test_the_store_keeps_utterances(talks: Talks) -> None:
    told = talks["react endpoints"]
    found = told.one("store")["utterances"]
    assert 3 <= len(found) == told.talk.count(END) <= 6
    assert "".join(found) == told.talk.text


def test_finalized_by_a_button(talks: Talks) -> None:
    told = talks["react finalize"]
    assert told.order.count("finalized") == 1
    first, second = utterances(told.talk, FIN)
    assert_says(first, FIRST)
    assert "again" in second.lower()
