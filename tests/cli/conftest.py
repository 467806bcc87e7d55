"""Commands run in this process, and recordings that the scripted engine hears."""

import os
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from oyez.cli.main import cli
from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio
from oyez.server.run import ServerThread
from oyez.server.settings import Settings

SENTENCE = "The quick brown fox jumps over the lazy dog."
KEY = "test-key"

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in [name for name in os.environ if name.startswith("OYEZ_")]:
        monkeypatch.delenv(name)
    # Not among the data of whoever runs the tests.
    monkeypatch.setenv("OYEZ_DATA_DIR", str(tmp_path_factory.mktemp("data")))


@pytest.fixture
def run() -> Run:
    """Return a function that runs `oyez` with arguments."""

    def invoke(*arguments: object, **environment: str) -> Result:
        return CliRunner().invoke(cli, [str(item) for item in arguments], env=environment)

    return invoke


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a WAV file of 4 s in which the scripted engine hears its sentence once."""
    samples = script_audio(DEFAULT_SCRIPT, 4_000, period_ms=DEFAULT_PERIOD_MS)
    path = tmp_path_factory.mktemp("audio") / "fox.wav"
    write_wav(path, (samples * 32_767).astype(np.int16).tobytes())
    return path


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Return the address of a running scripted server whose key is `KEY`."""
    with ServerThread(Settings(api_key=KEY, port=0, model="scripted")) as server:
        yield server.websocket_url


def write_wav(path: Path, samples: bytes) -> None:
    """Write 16 kHz mono 16-bit samples."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
