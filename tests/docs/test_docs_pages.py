"""The documentation is complete, fresh, and its links lead somewhere."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from docs_pages import PATHS, ROOT, anchors, links, name_of, read

import oyez
from oyez.cli.main import cli
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.limits import Limits
from oyez.protocol.start import StartMessage
from oyez.server.settings import Settings

EVERYTHING = "\n".join(read(name_of(path)) for path in PATHS)


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_every_relative_link_resolves(path: Path) -> None:
    for link in links(read(name_of(path))):
        if re.match(r"\w+:", link):
            continue
        target, _, fragment = link.partition("#")
        goal = (path.parent / target).resolve() if target else path
        assert goal.exists(), link
        if fragment:
            assert fragment in anchors(goal.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_no_page_names_a_place_on_somebodys_machine(path: Path) -> None:
    assert not re.search(r"/(work|root|home|Users|mnt)/", read(name_of(path)))


def test_generated_sections_are_fresh() -> None:
    command = [sys.executable, "-m", "docs.build", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_page_of_the_documentation_can_be_found() -> None:
    linked = {link.partition("#")[0] for link in links(read("docs/index.md"))}
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert pages - linked == set()


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("docs/settings.md", [field.name for field in dataclasses.fields(Settings)]),
        ("docs/settings.md", [field.name for field in dataclasses.fields(Limits)]),
        ("docs/protocol.md", list(StartMessage.model_fields)),
        ("docs/protocol.md", list(ERROR_TYPES)),
    ],
)
def test_everything_that_can_be_set_or_sent_is_documented(page: str, names: list[str]) -> None:
    text = read(page)
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_public_name_is_documented() -> None:
    words = set(re.findall(r"\w+", EVERYTHING))
    assert set(oyez.__all__) - words == set()


@pytest.mark.parametrize("page", ["docs/cli.md", "README.md"])
def test_every_command_is_documented(page: str) -> None:
    # The README gives them as a list: `oyez demo`, `serve`, ...
    text = read(page)
    assert [name for name in cli.commands if not re.search(rf"`(oyez )?{name}\b", text)] == []


def test_every_environment_variable_is_documented() -> None:
    page = read("docs/settings.md")
    for command in cli.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and isinstance(parameter.envvar, str):
                assert f"`{parameter.envvar}`" in page


def test_every_make_target_is_documented() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", read("Makefile"), flags=re.MULTILINE)
    assert phony is not None
    page = read("CONTRIBUTING.md")
    assert [name for name in phony[1].split() if f"`make {name}`" not in page] == []


def test_the_readme_says_how_to_test() -> None:
    assert "`make test`" in read("README.md")


def test_the_map_of_the_house_shows_every_room() -> None:
    page = read("ARCHITECTURE.md")
    rooms = [path.name for path in (ROOT / "src/oyez").iterdir() if (path / "__init__.py").exists()]
    assert [room for room in rooms if f"── {room}/" not in page] == []


def test_the_map_of_the_house_has_the_floors_that_are_enforced() -> None:
    project = read("pyproject.toml")
    block = re.search(r"^layers = \[\n(.*?)^\]", project, flags=re.DOTALL | re.MULTILINE)
    assert block is not None
    assert "\n".join(re.findall(r'"(.+?)"', block[1])) in read("ARCHITECTURE.md")
