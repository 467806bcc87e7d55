"""The pages of the documentation, as tests read them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATHS = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "bench/README.md",
)

_FENCE = re.compile(r"^```.*?^```$", flags=re.DOTALL | re.MULTILINE)
_EXAMPLE = re.compile(
    r"^<!-- run(?:: (?P<expected>.+?))? -->\n```python\n(?P<code>.*?)^```$",
    flags=re.DOTALL | re.MULTILINE,
)
_PLUG_IN = re.compile(
    r"^<!-- plug-in: (?P<name>\S+) -->\n```\w+\n(?P<content>.*?)^```$",
    flags=re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Example:
    """A program that a page shows, and words that it prints."""

    name: str
    code: str
    expected: str


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def links(page: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", page))


def anchors(page: str) -> set[str]:
    """Return the fragments that a page's headings can be linked by."""
    heads = re.findall(r"^#+ (.+)$", _FENCE.sub("", page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def examples() -> list[Example]:
    found = []
    for path in PATHS:
        for number, match in enumerate(_EXAMPLE.finditer(read(name_of(path))), start=1):
            expected = match["expected"] or "quick brown"
            found.append(Example(f"{name_of(path)}:{number}", match["code"], expected))
    return found


def plug_in() -> dict[str, str]:
    """Return the files of the engine that docs/engines.md shows."""
    return {match["name"]: match["content"] for match in _PLUG_IN.finditer(read("docs/engines.md"))}
