"""What LiveKit's agents are told."""

import pytest

from .runs import PATIENT, Run

pytestmark = [pytest.mark.real, PATIENT]


@pytest.fixture
def run(talks: dict[str, Run]) -> Run:
    return talks["livekit"].end()


def test_each_utterance_starts_is_said_and_ends(run: Run) -> None:
    kinds = run.kinds("start_of_speech", "final_transcript", "end_of_speech")
    turn = ["start_of_speech", "final_transcript", "end_of_speech"]
    assert kinds == turn * (len(kinds) // 3)
    assert 3 <= len(kinds) // 3 <= 6, "a pause follows each of the six sentences"


def test_each_utterance_that_is_shown_early_starts_once(run: Run) -> None:
    """LiveKit starts one with its first words that are not final, and a busy server shows none."""
    before = "end_of_speech"
    for kind in run.kinds("start_of_speech", "interim_transcript", "end_of_speech"):
        assert (kind == "start_of_speech") <= (before == "end_of_speech")
        assert (kind == "interim_transcript") <= (before != "end_of_speech")
        before = kind


def test_utterances_have_times_in_order_and_a_language(run: Run) -> None:
    before_s = 0.0
    for _, _, start_s, end_s, language in run.all("final_transcript"):
        assert before_s <= start_s < end_s <= 9.963
        assert language == "en"
        before_s = end_s


def test_all_audio_is_accounted_for(run: Run) -> None:
    """LiveKit bills its users from `total_audio_proc_ms`."""
    durations_s = run.facts("recognition_usage")
    pushed_s = run.facts("pushed")[-1]
    assert pushed_s - 1 <= sum(durations_s) <= pushed_s


def test_closing_is_prompt(run: Run) -> None:
    """The client waits up to ten seconds for the server to answer its close."""
    (seconds,) = run.facts("closed")
    assert seconds <= 5


def test_an_agent_gets_each_utterance_as_a_turn(talks: dict[str, Run]) -> None:
    agent = talks["livekit-agent"].end()
    finals = [text.strip() for _, text, is_final in agent.all("transcribed") if is_final]
    assert " ".join(agent.facts("turn")).split() == " ".join(finals).split()
    assert len(agent.all("turn")) <= len(finals)
    assert agent.facts("closed") == ["user_initiated"]


def test_an_agents_user_speaks_and_listens_in_turn(talks: dict[str, Run]) -> None:
    states = talks["livekit-agent"].end().facts("user")
    assert states == ["speaking", "listening"] * (len(states) // 2)
