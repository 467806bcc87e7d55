"""`@soniox/client`, unchanged but for URL and key, in a page with a microphone."""

import pytest

from conformance.talk import END, FIN, utterances
from engines.speech import word_error_rate

from .microphone import END_MS, FIRST
from .talks import HELD_ONCE, Talks
from .told import Told
from .words import assert_says

pytestmark = [pytest.mark.real, HELD_ONCE]

STARTING = ["starting", "connecting", "recording"]
STOPPED = ["stopping", "stopped"]


def assert_went_well(told: Told) -> None:
    assert told.all("error") == []
    assert told.complaints == []
    assert told.order.count("finished") == 1
    assert told.talk.is_finished
    assert told.shown == told.talk.text
    assert "".join(entry["text"] for entry in told.all("words")).count("<") == 0


def test_a_talk_becomes_words_on_the_page(talks: Talks) -> None:
    told = talks["client whole"]
    assert_went_well(told)
    assert told.states == [*STARTING, *STOPPED]
    assert_says(told.talk.text)


def test_the_words_are_those_that_our_sdk_hears(talks: Talks) -> None:
    """Through Opus in WebM, from a microphone, against the same sound as a WAV file."""
    ours = [token.text for token in talks["sdk"].talk.finals if token.start_ms < END_MS]
    reference = "".join(text for text in ours if text != END)
    assert word_error_rate(reference, talks["client whole"].talk.text) <= 2 / 12


def test_words_show_before_they_are_final(talks: Talks) -> None:
    assert any(any(talks[f"client {name}"].talk.guesses) for name in ("whole", "pause", "mute"))


def test_each_endpoint_gives_an_utterance(talks: Talks) -> None:
    told = talks["client whole"]
    found = [entry["utterance"] for entry in told.all("endpoint")]
    assert 3 <= len(found) == told.talk.count(END) <= 6
    assert "".join(utterance["text"] for utterance in found) == told.talk.text
    for utterance in found:
        assert utterance["language"] == "en"
        assert utterance["start_ms"] < utterance["end_ms"] <= utterance["final_audio_proc_ms"]
        assert utterance["final_audio_proc_ms"] <= utterance["total_audio_proc_ms"]


def test_segments_lose_nothing(talks: Talks) -> None:
    """A segment is let go once the server's counter has reached its end."""
    told = talks["client whole"]
    segments = [entry["segment"] for entry in told.all("segment")] + told.one("finished")["left"]
    assert "".join(segment["text"] for segment in segments) == told.talk.text
    assert segments[-1]["end_ms"] <= told.talk.final_ms


@pytest.mark.parametrize("container", ["mp4", "pcm"])
def test_what_other_recorders_make(talks: Talks, container: str) -> None:
    """Opus in fragmented MP4, and floating-point PCM in WebM."""
    told = talks[f"client {container}"]
    assert_went_well(told)
    assert told.states == [*STARTING, *STOPPED]
    assert_says(told.talk.text, FIRST)


def test_pause_and_resume(talks: Talks) -> None:
    """Keepalives hold a pause that is longer than the server waits for a silent client."""
    told = talks["client pause"]
    assert_went_well(told)
    assert told.states == [*STARTING, "paused", "recording", *STOPPED]
    before, after, *nothing = utterances(told.talk, FIN)
    assert_says(before, FIRST)
    assert_says(after, FIRST)
    assert nothing == ["", ""], "two finalizes and the end, with nothing between them"
    assert len(told.all("finalized")) == told.talk.count(FIN)
    assert told.until("finalized").talk.pending == []
    paused_ms = told.until("resumed").talk.total_ms
    assert told.talk.total_ms - paused_ms < 8_000, "the clock of the stream stood still"


def test_a_muted_microphone_leaves_a_gap(talks: Talks) -> None:
    """Pieces are missing in the middle of the WebM: what comes after them is heard all the same."""
    told = talks["client mute"]
    assert_went_well(told)
    assert told.states == [*STARTING, *STOPPED]
    assert told.order.count("source_muted") == told.order.count("source_unmuted") == 1
    before, after = utterances(told.talk, FIN)
    assert_says(before, FIRST)
    assert "try" not in after.lower(), "said meanwhile"
    assert "better" in after.lower()
    assert_says(f"{before} try again {after}")


def test_stopped_while_connecting(talks: Talks) -> None:
    """Six seconds of audio and the end come at once."""
    told = talks["client early"]
    assert_went_well(told)
    assert told.states == ["starting", "connecting", "stopping", "stopped"]
    assert_says(told.talk.text, FIRST)


def test_cancelled(talks: Talks) -> None:
    told = talks["client cancel"]
    assert told.states == [*STARTING, "canceled"]
    assert told.order[-1] == "cancelled", "nothing comes after it"
    assert told.all("error") == told.all("finished") == []
    assert told.complaints == []


@pytest.mark.parametrize(
    ("name", "kind", "code", "says"),
    [
        ("client wrong key", "AuthError", 401, "use the key that this server was given."),
        ("client wrong model", "BadRequestError", 400, "Model 'nova-3' is not available."),
    ],
)
def test_a_refusal_is_told_once_and_not_tried_again(
    talks: Talks, name: str, kind: str, code: int, says: str
) -> None:
    """It may reconnect by itself, but not from this."""
    told = talks[name]
    error = told.one("error")
    assert (error["kind"], error["statusCode"]) == (kind, code)
    assert says in error["message"]
    assert error["raw"]["request_id"]
    assert told.states == [*STARTING, "error"]
    assert told.complaints == []


def test_a_server_that_goes_away_is_told(talks: Talks) -> None:
    told = talks["client lost"]
    error = told.one("error")
    assert (error["kind"], error["statusCode"]) == ("NetworkError", 503)
    assert "shutting down" in error["message"]
    assert told.states == [*STARTING, "error"]
    assert told.complaints == []


def test_a_server_that_comes_back_is_found_again(talks: Talks) -> None:
    told = talks["client reconnected"]
    assert told.all("error") == []
    assert told.states == [*STARTING, "reconnecting", "connecting", "recording", *STOPPED]
    assert told.order.count("reconnected") == told.order.count("finished") == 1
    assert told.until("reconnecting").talk.total_ms > 0
    after = told.after("reconnecting").talk
    assert after.is_finished
    assert after.text, "a new stream, with words of its own"
