"""Clients that leave in the middle of a word, and how long they wait for the server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .runs import KEY, PATIENT, Run, launched

pytestmark = [pytest.mark.real, PATIENT]

HANG_UP = "--hang-up-ms=2300"


@pytest.fixture(scope="module")
def telephone() -> Iterator[ServerThread]:
    """A server of its own, whose streams can be counted."""
    with ServerThread(Settings(api_key=KEY, port=0, model="moonshine-tiny")) as running:
        yield running


@pytest.fixture(scope="module")
def runs(telephone: ServerThread, beckett_path: Path) -> Iterator[dict[str, Run]]:
    plans = {program: (program, HANG_UP) for program in ("livekit_stt", "pipecat_stt")}
    with launched(telephone, beckett_path, plans) as runs:
        yield runs


def test_livekit_is_let_go_at_once(runs: dict[str, Run]) -> None:
    run = runs["livekit_stt"].end()
    assert run.facts("closed")[0] <= 5, "of ten that it would wait"
    assert run.all("error", "raised", "logged") == []


def test_pipecat_is_answered_within_its_two_seconds(runs: dict[str, Run]) -> None:
    """Else it drops the connection, and says so."""
    run = runs["pipecat_stt"].end()
    assert run.all("error", "connection error", "logged") == []
    assert run.kinds("connected", "disconnected", "left")[:2] == ["connected", "disconnected"]


def test_the_server_keeps_no_stream(telephone: ServerThread, runs: dict[str, Run]) -> None:
    for run in runs.values():
        run.end()
    assert telephone.hub.stream_count == 0
