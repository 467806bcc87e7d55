"""What Pipecat's pipelines are told, in the service's two modes."""

import pytest

from .runs import PATIENT, Run

pytestmark = [pytest.mark.real, PATIENT]


@pytest.fixture
def finalized(talks: dict[str, Run]) -> Run:
    """The run in which Pipecat finds the pauses and asks to finalize."""
    return talks["pipecat"].end()


@pytest.fixture
def ended(talks: dict[str, Run]) -> Run:
    """The run in which the server finds the ends of turns."""
    return talks["pipecat-endpoints"].end()


def test_pauses_bring_finalized_transcriptions(finalized: Run) -> None:
    """One each, and none that was not asked for; a pause without new words brings none."""
    kinds = finalized.kinds("vad stopped", "final")
    for place in range(1, len(kinds) + 1):
        assert kinds[:place].count("final") <= kinds[:place].count("vad stopped")
    assert all(is_finalized for _, _, is_finalized in finalized.all("final"))


def test_no_turns_are_proposed_where_pipecat_finds_them(finalized: Run) -> None:
    assert finalized.all("turn started", "turn stopped") == []


def test_each_endpoint_ends_a_turn(ended: Run) -> None:
    kinds = ended.kinds("turn started", "final", "turn stopped")
    count = kinds.count("final")
    assert 3 <= count <= 6, "a pause follows each of the six sentences"
    assert kinds[: 3 * count] == ["turn started", "final", "turn stopped"] * count
    assert "turn stopped" not in kinds[3 * count :]
    assert all(is_finalized for _, _, is_finalized in ended.all("final"))


@pytest.mark.parametrize("mode", ["pipecat", "pipecat-endpoints"])
def test_one_connection_carries_the_whole_talk(talks: dict[str, Run], mode: str) -> None:
    """That the server answers the close in time is part of nothing being logged."""
    connections = talks[mode].end().kinds("connected", "disconnected", "left")
    assert connections[:2] == ["connected", "disconnected"]
    assert connections.count("connected") == 1


@pytest.mark.parametrize("mode", ["pipecat", "pipecat-endpoints"])
def test_a_bots_turns_are_the_transcriptions_in_order(talks: dict[str, Run], mode: str) -> None:
    """Pipecat drops words that it had not delivered when the user speaks again (a busy machine)."""
    run = talks[mode].end()
    said = iter("".join(run.facts("final")).split())
    turns = " ".join(run.facts("turn")).split()
    assert turns
    assert all(word in said for word in turns)
