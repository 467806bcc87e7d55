"""A server that is told to stop in the middle of a talk, and another at the same address."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .runs import KEY, PATIENT, Run

pytestmark = [pytest.mark.real, PATIENT]

PROGRAMS = ("raw_example", "soniox_sync", "soniox_async", "livekit_stt", "pipecat_stt")
HEARD = ("shown", "interim_transcript", "interim", "final")
GOES = "The server is shutting down."


def interrupt(program: str, path: Path, stack: ExitStack) -> Run:
    """Run a client against a server that stops once it was heard, and starts again."""
    with ServerThread(Settings(api_key=KEY, port=0, model="scripted")) as server:
        port = server.port
        run = stack.enter_context(
            Run(program, server.websocket_url, path, "--endpoints", "--times=3")
        )
        run.wait_for(*HEARD)
    stack.enter_context(ServerThread(Settings(api_key=KEY, port=port, model="scripted")))
    return run


@pytest.fixture(scope="module")
def interrupted(beckett_path: Path) -> Iterator[dict[str, Run]]:
    with ExitStack() as stack, ThreadPoolExecutor(len(PROGRAMS)) as pool:
        yield dict(
            zip(
                PROGRAMS,
                pool.map(lambda program: interrupt(program, beckett_path, stack), PROGRAMS),
                strict=True,
            )
        )


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_server_says_that_it_goes(interrupted: dict[str, Run], program: str) -> None:
    run = interrupted[program]
    error = run.wait_for("error")
    assert GOES in str(error)
    assert "503" in str(error)


def test_raw_programs_see_a_clean_close(interrupted: dict[str, Run]) -> None:
    assert interrupted["raw_example"].end().facts("closed") == [1000]


def words_after(run: Run, kind: str, final: str) -> list[str]:
    """Final texts after the last line of a kind."""
    last = max(index for index, line in enumerate(run.lines) if line[0] == kind)
    return [line[1] for line in run.lines[last:] if line[0] == final]


def test_livekit_tries_again_and_hears_on(interrupted: dict[str, Run]) -> None:
    run = interrupted["livekit_stt"]
    run.wait_until(lambda: words_after(run, "error", "final_transcript"))
    assert all(is_recoverable for _, _, is_recoverable in run.all("error"))
    assert run.all("raised") == []


def test_pipecat_connects_again_and_hears_on(interrupted: dict[str, Run]) -> None:
    run = interrupted["pipecat_stt"]
    run.wait_until(lambda: len(run.all("connected")) > 1)
    run.wait_until(lambda: words_after(run, "connected", "final"))
    assert all(is_usable for *_, is_usable in run.all("error"))
