import platform
import sys

import pytest

from engines import speech
from oyez.engines.base import Recognizer, Samples, Vad
from oyez.engines.moonshine import load_base, load_tiny
from oyez.engines.moonshine.assets import BASE, TINY, ModelFiles, locate
from oyez.engines.moonshine.graph import Graph
from oyez.engines.moonshine.lean import lean_model
from oyez.engines.moonshine.processor import best_numbers
from oyez.engines.registry import load_vad


@pytest.fixture(scope="session")
def tiny() -> Recognizer:
    return load_tiny()


@pytest.fixture(scope="session")
def tiny_graph() -> Graph:
    return Graph(lean_model("moonshine-tiny", locate(TINY), best_numbers()))


@pytest.fixture(scope="session")
def base_files() -> ModelFiles:
    if (sys.platform, platform.machine()) not in {("linux", "x86_64"), ("darwin", "arm64")}:
        pytest.skip("moonshine-cpp has wheels for Linux x86_64 and macOS arm64 only")
    return locate(BASE)


@pytest.fixture(scope="session")
def base(base_files: ModelFiles) -> Recognizer:
    return load_base()


@pytest.fixture(scope="session")
def silero() -> Vad:
    return load_vad("silero")


@pytest.fixture(scope="session")
def beckett() -> Samples:
    return speech.sample("beckett.wav")


@pytest.fixture(scope="session")
def two_cities() -> Samples:
    return speech.sample("two_cities.wav")
