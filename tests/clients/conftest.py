from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .runs import KEY, Plans, Run, launched, missing


@pytest.fixture(scope="session", autouse=True)
def _clients_are_installed() -> None:
    if problem := missing():
        pytest.fail(problem, pytrace=False)


@pytest.fixture(scope="session")
def server() -> Iterator[ServerThread]:
    """A server with a real model."""
    with ServerThread(Settings(api_key=KEY, port=0, model="moonshine-tiny")) as running:
        yield running


@pytest.fixture(scope="session")
def beckett_path() -> Path:
    """Ten seconds of real speech, inside the model wheel."""
    spec = find_spec("moonshine_voice")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "assets" / "beckett.wav"


TALKS: tuple[Plans, ...] = (
    {
        "raw": ("raw_example",),
        "soniox": ("soniox_sync", "--endpoints"),
        "soniox-async": ("soniox_async",),
        "livekit": ("livekit_stt",),
    },
    {
        "livekit-agent": ("livekit_agent",),
        "pipecat": ("pipecat_stt",),
        "pipecat-endpoints": ("pipecat_stt", "--endpoints"),
    },
)
"""What runs at the same time."""

SILENCE = ("--pause-ms=4700", "--pause-s=25")
"""Longer than the 20 s a silent client may take, in the pause after the third sentence."""

SILENT: Plans = {
    "soniox": ("soniox_sync", *SILENCE),
    "livekit": ("livekit_stt", *SILENCE),
    "pipecat": ("pipecat_stt", *SILENCE),
}


@pytest.fixture(scope="session", autouse=True)
def silent(
    _clients_are_installed: None, server: ServerThread, beckett_path: Path
) -> Iterator[dict[str, Run]]:
    """Clients that fall silent for a while. They take longest, and so they start first."""
    with launched(server, beckett_path, SILENT) as runs:
        yield runs


@pytest.fixture(scope="session")
def talks(
    silent: dict[str, Run], server: ServerThread, beckett_path: Path
) -> Iterator[dict[str, Run]]:
    """Every client, speaking at the pace of speech while the others are silent."""
    for run in silent.values():
        run.wait_for("paused")
    with ExitStack() as stack:
        runs: dict[str, Run] = {}
        for plans in TALKS:
            for run in runs.values():
                run.end()
            runs |= stack.enter_context(launched(server, beckett_path, plans))
        yield runs
