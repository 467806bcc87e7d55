"""Every promise of docs/promises.toml, on every way to a server."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator

import pytest

from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from . import scenarios
from .promises import EVERYWHERE, SCENARIOS, Scenario, catalogue
from .wires import Servers, Wire

for module in pkgutil.iter_modules(scenarios.__path__, f"{scenarios.__name__}."):
    importlib.import_module(module.name)

RUNS = [
    pytest.param(scenario, wire, id=f"{scenario.promise}-{scenario.test.__name__}-{wire}")
    for scenario in SCENARIOS
    for wire in scenario.wires
]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Real servers, one for each settings that a scenario asks for."""
    running: dict[Settings, ServerThread] = {}

    def serve(settings: Settings) -> ServerThread:
        if settings not in running:
            running[settings] = ServerThread(settings).__enter__()
        return running[settings]

    yield serve
    for server in running.values():
        server.stop()


@pytest.mark.parametrize(("scenario", "way"), RUNS)
async def test_promise(scenario: Scenario, way: str, servers: Servers) -> None:
    await scenario.test(Wire(way, scenario.settings, servers))


def test_every_promise_has_a_test_and_every_test_a_promise() -> None:
    assert {scenario.promise for scenario in SCENARIOS} == set(catalogue())


def test_most_promises_are_held_everywhere() -> None:
    """Only what some way cannot say may be left out there."""
    ways = Counter(scenario.wires == EVERYWHERE for scenario in SCENARIOS)
    assert ways[True] > 3 * ways[False]


def test_every_sentence_says_something_else() -> None:
    sentences = list(catalogue().values())
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)
