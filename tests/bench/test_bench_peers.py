"""Peers: their processes, what is measured of them, and how they compare with ours."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bench.peers.catalog import ENVIRONMENTS, OWN, PEERS, lock_of
from bench.peers.process import PeerError, PeerProcess, Playing
from bench.peers.runs import Result, latencies, play_through, ratio

from oyez.bench.audio import Sound, silence
from oyez.bench.energy import Span
from oyez.bench.latency import Utterance
from oyez.bench.serving import Usage
from oyez.bench.views import view_of_texts

WORKER = Path(__file__).parent / "counting_worker.py"
UTTERANCE = Utterance("x", silence(3.0), [Span(0.2, 1.0)])


@pytest.fixture
def peer() -> Iterator[PeerProcess]:
    with PeerProcess([sys.executable, str(WORKER)]) as process:
        yield process


def test_a_peer_hears_a_clip_at_the_pace_of_speech(peer: PeerProcess) -> None:
    playing = peer.play(silence(0.5))

    assert playing.text == "n1 n2 n3 n4 n5"
    assert playing.views[-1].final_count == 5
    assert playing.views[0].at_s >= 0.1
    assert 0.5 <= playing.views[-1].at_s < 5.0
    assert playing.answered_s is None


def test_a_peer_answers_a_question_in_the_stream(peer: PeerProcess) -> None:
    playing = peer.play(silence(0.5), ask_at_s=0.25)

    assert playing.asked_s is not None
    assert playing.answered_s is not None
    assert 0.25 <= playing.asked_s <= playing.answered_s
    assert peer.play(silence(0.1)).text == "n1"


def test_a_peer_uses_time_and_memory(peer: PeerProcess) -> None:
    assert peer.usage().rss_mb > 1.0
    assert peer.ready_s > 0.0


def test_a_peer_that_ends_is_an_error() -> None:
    with (
        PeerProcess([sys.executable, str(WORKER), "deaf"]) as process,
        pytest.raises(PeerError, match="counting_worker"),
    ):
        process.play(silence(0.5))


def test_a_peer_that_does_not_start_is_an_error() -> None:
    with pytest.raises(PeerError, match="status 2"):
        PeerProcess([sys.executable, "no-such-worker.py"])


def test_delays_count_from_the_ends_of_speech() -> None:
    views = [
        view_of_texts(0.5, "", "one"),
        view_of_texts(1.1, "", "one two"),
        view_of_texts(1.8, "one two", ""),
    ]

    assert latencies(UTTERANCE, views) == {
        "first words": pytest.approx(0.3),
        "settled": pytest.approx(0.1),
        "final": pytest.approx(0.8),
    }


def test_what_the_end_of_the_stream_caused_is_no_answer() -> None:
    views = [view_of_texts(0.5, "", "one"), view_of_texts(3.2, "one two", "")]

    assert latencies(UTTERANCE, views) == {"first words": pytest.approx(0.3)}
    assert latencies(UTTERANCE, [view_of_texts(3.2, "one", "")]) == {}


def test_words_that_changed_after_they_were_final_are_not_final_yet() -> None:
    views = [
        view_of_texts(1.2, "one", ""),
        view_of_texts(1.4, "one", "two"),
        view_of_texts(1.9, "one two", ""),
    ]

    assert latencies(UTTERANCE, views)["final"] == pytest.approx(0.9)


def test_every_clip_is_played_to_its_end_and_to_a_question() -> None:
    played: list[tuple[float, float | None]] = []

    def player(sound: Sound, ask_at_s: float | None) -> Playing:
        played.append((round(sound.seconds, 3), ask_at_s))
        views = [view_of_texts(0.5, "", "one two")]
        return Playing(views, "big cat", ask_at_s, None if ask_at_s is None else ask_at_s + 0.1)

    usages = iter([Usage(0.0, 1.0, 100.0), Usage(9.0, 2.0, 150.0)])
    result = Result("x")

    play_through(result, player, lambda: next(usages), [UTTERANCE], {"x": "big dog"})

    assert played == [(3.0, None), (1.7, pytest.approx(1.2))]
    play = result.plays["x"]
    assert play.errors is not None
    assert (play.errors.words, play.errors.substitutions) == (2, 1)
    assert play.seconds["asked"] == pytest.approx(0.3)
    assert result.cpu_per_audio_s == pytest.approx(1.0 / 4.7)
    assert result.rss_mb == 150.0


def test_a_system_that_shows_nothing_before_it_is_asked_is_only_asked() -> None:
    result = Result("x")

    play_through(
        result,
        lambda _sound, ask_at_s: Playing([], "one", ask_at_s, 2.0),
        None,
        [UTTERANCE],
        {},
        is_live=False,
    )

    assert result.plays["x"].seconds == {"asked": pytest.approx(1.0)}
    assert result.plays["x"].errors is None
    assert result.cpu_per_audio_s is None


def test_ratio_of_medians_with_its_spread() -> None:
    random = np.random.default_rng(1)
    ours = {str(index): float(random.uniform(0.8, 1.2)) for index in range(40)}
    theirs = {name: 3.0 * seconds for name, seconds in ours.items()}

    found = ratio(theirs, ours)

    assert found is not None
    assert found[0] == pytest.approx(3.0)
    assert found[1][0] == pytest.approx(3.0)
    assert ratio({"a": 1.0}, {"b": 1.0}) is None
    assert ratio({"a": 1.0}, {"a": -0.1}) is None


def test_every_peer_has_its_worker_and_its_lock() -> None:
    for item in PEERS:
        assert Path(item.command()[1]).is_file()
        assert item.environment in (OWN, *ENVIRONMENTS)
    for name in ENVIRONMENTS:
        assert "--hash=sha256:" in lock_of(name).read_text("utf-8")
