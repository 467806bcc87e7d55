"""What holds for all tests, and how several processes share them (`pytest -n 3`).

Tests that share what is dear to make (a server with a model, PostgreSQL) stay in one process: those
of a file, and those of some folders. What takes longest comes first, so that no process is left
with it in the end.
"""

from pathlib import PurePosixPath
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# How busy the machine is decides no test.
settings.register_profile("oyez", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("oyez")

TOGETHER: Final = ("tests/clients", "tests/store")
"""Folders that are places as a whole. They come first: much of what they take is waiting."""


def place(nodeid: str) -> str:
    """The file or the folder whose tests stay together with this one."""
    file = PurePosixPath(nodeid.partition("::")[0])
    return next((name for name in TOGETHER if file.is_relative_to(name)), str(file))


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives processes whole places, one after the other, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return place(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Schedule by places unless another way was asked for (`--dist`)."""
    if config.getvalue("dist") != "load":
        return None
    config.option.loadscopereorder = False
    return Together(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest where several processes share the tests."""
    if not hasattr(config, "workerinput"):
        return
    rank = {name: number for number, name in enumerate(TOGETHER)}
    items.sort(key=lambda item: rank.get(place(item.nodeid), len(TOGETHER)))
