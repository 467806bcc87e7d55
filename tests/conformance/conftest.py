from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engines import speech
from oyez.protocol.limits import Limits
from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .sdks import ALLOW_OLD_STYLE, KEY, SDKS, Sdk


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OYEZ_API_KEY", "OYEZ_BASE_URL", "SONIOX_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(
    params=[pytest.param(sdk, marks=ALLOW_OLD_STYLE, id=sdk.name) for sdk in SDKS],
)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    chosen: Sdk = request.param
    return chosen


@pytest.fixture(scope="session")
def server() -> Iterator[ServerThread]:
    """A server with a real model."""
    with ServerThread(Settings(api_key=KEY, port=0, model="moonshine-tiny")) as running:
        yield running


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[ServerThread]:
    """A server that hears a fox every four seconds."""
    with ServerThread(Settings(api_key=KEY, port=0, model="scripted")) as running:
        yield running


@pytest.fixture(scope="session")
def hasty_server() -> Iterator[ServerThread]:
    """A scripted server that waits 1.5 s for a silent client where others wait 20."""
    limits = Limits(idle_timeout_s=1.5)
    with ServerThread(Settings(api_key=KEY, port=0, model="scripted", limits=limits)) as running:
        yield running


@pytest.fixture(scope="session")
def beckett_path() -> Path:
    """Ten seconds of real speech, inside the model wheel."""
    spec = find_spec("moonshine_voice")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "assets" / "beckett.wav"


@pytest.fixture(scope="session")
def beckett() -> bytes:
    """The same as raw 16-bit samples at 16 kHz."""
    samples = speech.sample("beckett.wav")
    return (samples * 32_767).round().astype(np.int16).tobytes()
