"""How the page looks, and to whom: small windows, dark and light, less motion, own files only."""

import asyncio
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oyez.server.run import ServerThread

from .browser import chromium
from .microphone import write_microphone
from .visits import settings, visiting

STATIC = Path(__file__).parents[2] / "src/oyez/server/page/static"
FILES = sorted(STATIC.iterdir()) + sorted((STATIC.parent / "module").iterdir())
CSS = (STATIC / "page.css").read_text(encoding="utf-8")
MIN_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3."""

LOOK = """
() => {
  const shows = (node) => node.checkVisibility() && node.getClientRects().length > 0;
  const named = [...document.querySelectorAll("button, input")].filter(shows).map((node) =>
    node.textContent.trim() || node.labels?.[0]?.textContent.trim() || node.ariaLabel);
  return {
    overflow: document.documentElement.scrollWidth - innerWidth,
    ground: getComputedStyle(document.body).backgroundColor,
    talk: document.querySelector("#talk").getBoundingClientRect().toJSON(),
    height: innerHeight,
    motion: document.getAnimations().length,
    named,
  };
}
"""


def palettes() -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(left: str, right: str) -> float:
    light, dark = sorted((luminance(left), luminance(right)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_everything_can_be_read(palette: dict[str, str]) -> None:
    for ink, ground in itertools.product(("ink", "soft", "guess", "accent"), ("ground", "raised")):
        assert contrast(palette[ink], palette[ground]) >= MIN_CONTRAST, (ink, ground)
    assert contrast(palette["on-accent"], palette["accent"]) >= MIN_CONTRAST
    assert contrast(palette["focus"], palette["raised"]) >= 3, "WCAG 2.2, 1.4.11"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_anything_elsewhere(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?|wss?)://[^\s\"'`<>)]+", content))
    assert addresses <= {
        "http://www.w3.org/2000/svg",
        "wss://speech.example/transcribe-websocket",
    }
    assert not re.search(r"\binnerHTML\b|\beval\(|<style|\sstyle=|\son\w+=\"", content)


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """The page at rest, as several people see it."""
    folder = tmp_path_factory.mktemp("looks")
    write_microphone(folder / "microphone.wav")
    people: dict[str, dict[str, Any]] = {
        "desk": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
        "night": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
        "phone": {"viewport": {"width": 320, "height": 568}, "color_scheme": "light"},
        "sideways": {"viewport": {"width": 640, "height": 320}, "reduced_motion": "reduce"},
    }

    async def look(url: str) -> dict[str, dict[str, Any]]:
        found = {}
        async with chromium(folder / "microphone.wav") as browser:
            for name, options in people.items():
                async with visiting(browser, url, **options) as visit:
                    await visit.enters("idle")
                    await visit.page.get_by_role("button", name="Start talking").click()
                    await visit.enters("listening")
                    found[name] = await visit.page.evaluate(LOOK)
        return found

    with ServerThread(settings(folder, model="scripted")) as server:
        yield asyncio.run(look(f"http://127.0.0.1:{server.port}/"))


@pytest.mark.parametrize("name", ["desk", "night", "phone", "sideways"])
def test_no_window_is_too_narrow(looks: dict[str, dict[str, Any]], name: str) -> None:
    assert looks[name]["overflow"] <= 0


@pytest.mark.parametrize("name", ["desk", "night", "phone"])
def test_the_button_is_in_sight_and_large_enough_for_a_thumb(
    looks: dict[str, dict[str, Any]], name: str
) -> None:
    talk = looks[name]["talk"]
    assert talk["bottom"] <= looks[name]["height"]
    assert min(talk["width"], talk["height"]) >= 44


def test_dark_is_dark_and_light_is_light(looks: dict[str, dict[str, Any]]) -> None:
    light, dark = (
        [int(n) for n in re.findall(r"\d+", looks[name]["ground"])] for name in ("desk", "night")
    )
    assert min(light) > 200
    assert max(dark) < 50


def test_less_motion_is_none(looks: dict[str, dict[str, Any]]) -> None:
    assert looks["desk"]["motion"] > 0
    assert looks["sideways"]["motion"] == 0


def test_every_control_has_a_name(looks: dict[str, dict[str, Any]]) -> None:
    for look in looks.values():
        assert len(look["named"]) >= 7
        assert all(look["named"])
