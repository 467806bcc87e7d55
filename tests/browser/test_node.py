"""`@soniox/node`, unchanged: its key and URL come from the environment."""

import pytest

from conformance.talk import END, FIN, utterances

from .microphone import SPLIT_MS
from .talks import HELD_ONCE, Talks
from .words import assert_says

pytestmark = [pytest.mark.real, HELD_ONCE]

WARNING = "[Soniox] You are billed for the full stream duration even when session is paused."


def test_a_file_becomes_words_and_utterances(talks: Talks) -> None:
    told = talks["node file"]
    assert told.states == ["connecting", "connected", "finishing", "finished"]
    assert told.complaints == []
    talk = told.talk
    assert talk.is_finished
    assert_says(talk.text)
    assert 3 <= len(told.all("endpoint")) == told.talk.count(END) <= 6
    assert all("<" not in entry["text"] for entry in told.all("words")), "no marker among the words"


def test_iterating_tells_the_same_as_listening(talks: Talks) -> None:
    told = talks["node file"]
    iterated = [entry["kind"] for entry in told.all("iterated")]
    listened = [event for event in told.order if event in {"result", "endpoint", "finished"}]
    assert sorted(iterated) == sorted(listened)
    assert iterated[-1] == "finished"


def test_finalize_pause_and_resume(talks: Talks) -> None:
    """The pause is longer than the server waits for a silent client: keepalives hold it."""
    told = talks["node pause"]
    assert told.states == ["connecting", "connected", "finishing", "finished"]
    assert told.complaints == [WARNING]
    assert len(told.all("finalized")) == told.talk.count(FIN)
    before = told.until("finalized").talk
    assert before.final_ms == before.total_ms == SPLIT_MS, "everything heard is final"
    first, nothing, second = utterances(told.talk, FIN)
    assert "no matter" in first.lower()
    assert nothing == "", "what is sent in the pause is dropped"
    assert "again" in second.lower()
    assert_says(told.talk.text)
    assert told.talk.total_ms == 9_963


@pytest.mark.parametrize(
    ("name", "kind", "code", "says"),
    [
        ("node wrong key", "AuthError", 401, "The API key is wrong"),
        ("node wrong model", "BadRequestError", 400, "nova-3"),
    ],
)
def test_a_refusal_is_told_as_what_it_is(
    talks: Talks, name: str, kind: str, code: int, says: str
) -> None:
    told = talks[name]
    error = told.one("error")
    assert (error["kind"], error["statusCode"]) == (kind, code)
    assert says in error["message"]
    assert told.states == ["connecting", "connected", "error"]
    assert told.one("thrown")["kind"] in {kind, "StateError"}
    assert told.complaints == []


def test_closing_in_mid_speech(talks: Talks) -> None:
    told = talks["node close"]
    assert told.states == ["connecting", "connected", "canceled"]
    assert told.all("error") == []
    assert told.complaints == []
    assert told.talk.total_ms > 0
