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


SPEAKERS = """
async () => {
  const { CaptionView } = await import("/page/view.js");
  const parts = ["captions", "said", "spoken"].map((id) => document.getElementById(id));
  const view = new CaptionView(...parts);
  const token = (text, start_ms, more) =>
    ({ text, start_ms, end_ms: start_ms + 100, is_final: true, ...more });
  const [one, two] = [{ speaker: "1", language: "en" }, { speaker: "2", language: "ar" }];
  const guess = { is_final: false };
  const final = [token("Good", 61_000, one), token(" day", 61_200, one)];
  view.show({
    finals: [...final, token("\u0645\u0631\u062d\u0628\u0627", 3_600_000, two)],
    nonFinals: [
      token(" \u0628\u0643", 3_600_300, { ...two, ...guess }),
      token(" Well", 3_601_000, { ...one, ...guess }),
    ],
  });
  const seen = () => [...document.querySelectorAll(".paragraph")].map((node) => {
    const words = node.querySelector(".words");
    const [about, final, guess] = [".about", ".final", ".guess"].map((one) =>
      [...node.querySelector(one).childNodes].map((part) => part.textContent).join(" "));
    return { about, final, guess, lang: words.lang, direction: getComputedStyle(words).direction };
  });
  const first = seen();
  view.show({ finals: [token("<end>", 3_602_000)], nonFinals: [] });
  return { first, then: seen(), told: document.getElementById("spoken").innerText };
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


def test_before_its_code_has_come_the_page_offers_nothing() -> None:
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    controls = re.findall(r"<(?:button|input)\b[^>]*>", index)
    assert len(controls) == 8
    assert all(re.search(r"\bdisabled\b", control) for control in controls)


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
            async with visiting(browser, url) as visit:
                await visit.enters("idle")
                found["speakers"] = await visit.page.evaluate(SPEAKERS)
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
    for name in ("desk", "night", "phone", "sideways"):
        assert len(looks[name]["named"]) >= 7
        assert all(looks[name]["named"])


def test_speakers_and_languages_are_shown_where_they_are_known(
    looks: dict[str, dict[str, Any]],
) -> None:
    first = looks["speakers"]["first"]
    assert [paragraph["about"] for paragraph in first] == [
        "1:01 en Speaker 1",
        "1:00:00 ar Speaker 2",
        "1:00:01 en Speaker 1",
    ]
    assert (first[0]["final"], first[0]["lang"], first[0]["direction"]) == (
        "Good day",
        "en",
        "ltr",
    )
    assert (first[1]["lang"], first[1]["direction"]) == ("ar", "rtl")
    assert (first[1]["guess"].strip(), first[2]["guess"]) == ("\u0628\u0643", "Well")


def test_a_guess_that_was_wrong_leaves_nothing_behind(looks: dict[str, dict[str, Any]]) -> None:
    then = looks["speakers"]["then"]
    assert [paragraph["final"] for paragraph in then] == [
        "Good day",
        "\u0645\u0631\u062d\u0628\u0627",
    ]
    assert [paragraph["guess"] for paragraph in then] == ["", ""]
    assert looks["speakers"]["told"].split("\n\n") == [
        "Good day",
        "\u0645\u0631\u062d\u0628\u0627",
    ]
