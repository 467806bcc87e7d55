"""`@soniox/speech-to-text-web`, unchanged but for URL and key, in a page with a microphone."""

import pytest

from conformance.talk import END, FIN, utterances
from engines.speech import word_error_rate

from .microphone import END_MS, FIRST
from .talks import HELD_ONCE, Talks
from .words import assert_says

pytestmark = [pytest.mark.real, HELD_ONCE]

STATES = ["RequestingMedia", "OpeningWebSocket", "Running", "FinishingProcessing", "Finished"]


def test_a_talk_becomes_words_on_the_page(talks: Talks) -> None:
    """Its key comes late: the first seconds wait in the client and arrive all at once."""
    told = talks["web whole"]
    assert told.states == STATES
    assert told.order[-3:] == ["result", "state", "finished"]
    assert told.order.count("started") == told.order.count("finished") == 1
    assert told.complaints == []
    assert told.talk.is_finished
    assert_says(told.talk.text)
    assert told.shown == told.talk.text


def test_the_words_are_those_that_our_sdk_hears(talks: Talks) -> None:
    """Through Opus in WebM, from a microphone, against the same sound as a WAV file."""
    ours = [token.text for token in talks["sdk"].talk.finals if token.start_ms < END_MS]
    reference = "".join(text for text in ours if text != END)
    assert word_error_rate(reference, talks["web whole"].talk.text) <= 2 / 12


def test_words_show_before_they_are_final(talks: Talks) -> None:
    assert any(any(talks[f"web {name}"].talk.guesses) for name in ("whole", "finalize"))


def test_utterances_end(talks: Talks) -> None:
    talk = talks["web whole"].talk
    *said, rest = utterances(talk, END)
    assert 3 <= len(said) <= 6, "a pause follows each of the six sentences"
    assert all(said), "an utterance has words"
    assert rest == ""
    assert {token.language for token in talk.finals if token.text != END} == {"en"}


def test_finalize_before_any_audio_in_mid_stream_and_after_the_end(talks: Talks) -> None:
    told = talks["web finalize"]
    assert told.states == STATES
    assert told.complaints == []
    assert told.talk.is_finished
    nothing, first, second = utterances(told.talk, FIN)
    assert nothing == "", "finalized before there was audio"
    assert_says(first, FIRST)
    assert second.lower().startswith("try again")


def test_cancelled_and_started_again(talks: Talks) -> None:
    told = talks["web cancel"]
    first, second = told.until("again"), told.after("again")
    assert first.states == [*STATES[:3], "Canceled"]
    assert first.order[-1] == "cancelled", "nothing comes after it"
    assert second.states == STATES
    assert second.talk.is_finished
    assert second.talk.text.lower().startswith("ever tried")
    assert told.complaints == []


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("web wrong key", 401, "The API key is wrong: use the key that this server was given."),
        ("web wrong model", 400, "Model 'nova-3' is not available."),
    ],
)
def test_a_refusal_is_told(talks: Talks, name: str, code: int, says: str) -> None:
    told = talks[name]
    error = told.one("error")
    assert (error["status"], error["errorCode"]) == ("api_error", code)
    assert says in error["message"]
    assert told.states == [*STATES[:3], "Error"]
    assert told.all("result") == []
    assert told.complaints == []
