from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .runs import KEY, Run, missing


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


TALKS: dict[str, tuple[str, ...]] = {
    "raw": ("raw_example",),
    "soniox": ("soniox_sync", "--endpoints"),
    "soniox-async": ("soniox_async",),
    "livekit": ("livekit_stt",),
    "pipecat": ("pipecat_stt",),
    "pipecat-endpoints": ("pipecat_stt", "--endpoints"),
}
"""Programs and their options."""

SILENCE = ("--pause-ms=4700", "--pause-s=25")
"""Longer than the 20 s a silent client may take, in the pause after the third sentence."""

SILENT: dict[str, tuple[str, ...]] = {
    "soniox": ("soniox_sync", *SILENCE),
    "livekit": ("livekit_stt", *SILENCE),
    "pipecat": ("pipecat_stt", *SILENCE),
}


class Launcher:
    """Starts programs against one server, several at a time, and ends what is left of them."""

    def __init__(self, server: ServerThread, path: Path, stack: ExitStack) -> None:
        self._server, self._path, self._stack = server, path, stack

    def __call__(self, plans: dict[str, tuple[str, ...]]) -> dict[str, Run]:
        url = self._server.websocket_url
        return {
            name: self._stack.enter_context(Run(program, url, self._path, *options))
            for name, (program, *options) in plans.items()
        }


@pytest.fixture(scope="session")
def launch(
    _clients_are_installed: None, server: ServerThread, beckett_path: Path
) -> Iterator[Launcher]:
    with ExitStack() as stack:
        yield Launcher(server, beckett_path, stack)


@pytest.fixture(scope="session")
def silent(launch: Launcher) -> dict[str, Run]:
    """Clients that fall silent for a while."""
    return launch(SILENT)


@pytest.fixture(scope="session")
def talks(launch: Launcher, silent: dict[str, Run]) -> dict[str, Run]:
    """Every client at once, speaking at the pace of speech while the others are silent."""
    for run in silent.values():
        run.wait_for("paused")
    return launch(TALKS)
