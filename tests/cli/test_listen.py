import importlib
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

from oyez.cli.microphone import Microphone

from .conftest import KEY, SENTENCE, Run

COMMAND = """
import sys
from cli import fake_sounddevice
sys.modules["sounddevice"] = fake_sounddevice
from oyez.cli.main import main
main()
"""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = importlib.import_module(".fake_sounddevice", __package__)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


@pytest.mark.parametrize("environment", [{}, {"FAKE_8_KHZ": "1"}])
def test_ctrl_c_brings_the_last_words(server_url: str, environment: dict[str, str]) -> None:
    tests = str(Path(__file__).parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "listen", "--url", server_url],
        env={**os.environ, "OYEZ_API_KEY": KEY, "PYTHONPATH": tests, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    while not said.endswith("0:00"):
        character = process.stdout.read(1)
        assert character, process.communicate()
        said += character
    process.send_signal(signal.SIGINT)
    said += process.stdout.read()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert said.startswith("Listening to Desk Mic. Ctrl-C ends.")
    heard = said.split("0:00")[1].split()
    assert heard
    assert heard == SENTENCE.split()[: len(heard)]


def test_devices_are_listed(run: Run, fake: types.ModuleType) -> None:
    assert run("listen", "--list-devices").stdout == "*   1  Desk Mic\n"


@pytest.mark.parametrize("arguments", [(), ("--list-devices",)])
def test_no_microphone(
    run: Run, fake: types.ModuleType, arguments: tuple[str, ...], server_url: str
) -> None:
    result = run("listen", *arguments, "--url", server_url, "--api-key", KEY, FAKE_NO_MIC="1")
    assert result.exit_code == 1
    assert "record" in result.stderr


def test_an_unknown_device(run: Run, fake: types.ModuleType, server_url: str) -> None:
    result = run("listen", "--device", "Moon", "--url", server_url, "--api-key", KEY)
    assert result.exit_code == 1
    assert "'Moon' cannot record" in result.stderr
    assert "--list-devices" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--list-devices",)])
def test_sounddevice_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    result = run("listen", *arguments)
    assert result.exit_code == 1
    assert "pip install 'oyez[mic]'" in result.stderr


def test_portaudio_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_spec(self, name: str, *_rest: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    result = run("listen")
    assert result.exit_code == 1
    assert "apt install libportaudio2" in result.stderr


def test_a_slow_connection_loses_the_newest_audio_and_still_ends() -> None:
    import queue

    mic = Microphone("Desk Mic", 16_000, queue.Queue(2))
    for block in (b"1", b"2", b"3"):
        mic.take(block)
    mic.stop()
    assert mic.lost_blocks == 1
    assert list(mic.chunks()) == [b"2"]
