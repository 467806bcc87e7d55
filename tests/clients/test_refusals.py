"""What users read when their key is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oyez.server.run import ServerThread

from .runs import PATIENT, Run, launched

pytestmark = [pytest.mark.real, PATIENT]

PROGRAMS = ("raw_example", "soniox_sync", "soniox_async", "livekit_stt", "pipecat_stt")
WRONG = "The API key is wrong: use the key that this server was given."


@pytest.fixture(scope="module")
def refused(server: ServerThread, beckett_path: Path) -> Iterator[dict[str, Run]]:
    plans = {program: (program,) for program in PROGRAMS}
    with launched(server, beckett_path, plans, key="other") as runs:
        yield runs


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_wrong_key_is_named(refused: dict[str, Run], program: str) -> None:
    run = refused[program].end()
    (error,) = run.all("error")
    assert WRONG in str(error)
    assert "401" in str(error)
    assert run.all("shown", "interim", "interim_transcript", "final", "final_transcript") == []


def test_livekit_raises_it_and_does_not_try_again(refused: dict[str, Run]) -> None:
    run = refused["livekit_stt"].end()
    ((_, _, is_recoverable),) = run.all("error")
    assert not is_recoverable
    assert run.facts("raised") == ["APIStatusError"]


def test_pipecat_calls_it_authentication_and_gives_up(refused: dict[str, Run]) -> None:
    run = refused["pipecat_stt"].end()
    ((_, _, category, is_usable),) = run.all("error")
    assert category == "authentication"
    assert not is_usable
    assert len(run.all("connected")) == 1


def test_a_clean_close_follows_so_that_raw_programs_add_no_error(refused: dict[str, Run]) -> None:
    assert refused["raw_example"].end().facts("closed") == [1000]
