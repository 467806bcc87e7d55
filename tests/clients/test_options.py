"""Every option that the clients have, in the shapes in which they send it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .runs import KEY, PATIENT, Run, launched
from .test_words import final_text

pytestmark = [pytest.mark.real, PATIENT]

PROGRAMS = ("soniox_sync", "livekit_stt", "pipecat_stt")


@pytest.fixture(scope="module")
def runs(beckett_path: Path) -> Iterator[dict[str, Run]]:
    plans = {program: (program, "--endpoints", "--everything") for program in PROGRAMS}
    with (
        ServerThread(Settings(api_key=KEY, port=0, model="scripted")) as server,
        launched(server, beckett_path, plans) as runs,
    ):
        yield runs


@pytest.mark.parametrize("program", PROGRAMS)
def test_all_options_together_are_taken(runs: dict[str, Run], program: str) -> None:
    run = runs[program]
    run.wait_until(lambda: final_text(run))
    assert run.all("error", "raised", "connection error", "logged") == []
