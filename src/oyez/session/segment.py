"""What the walk holds in its hands: the segment being read, what came before it, a cut."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from oyez.session.doubt import voice
from oyez.session.inlet import Frame
from oyez.session.needs import Need, Passage
from oyez.transcript.hypothesis import Hypothesis
from oyez.transcript.stabilizer import Stabilizer
from oyez.transcript.words import Word
from oyez.turns.judge import Pause


class Event(Enum):
    """A control message with a place in the audio."""

    FINALIZE = "finalize"
    END = "end"


@dataclass(slots=True)
class Pausing:
    """A pause that a segment stands in, or stood in last."""

    start: int = -1
    """Where speech ended; negative before the first pause."""
    readings: int = 0
    """Readings that were made to settle words in it: alone, and with what came before."""
    is_settled: bool = False
    """Whether those made all words final."""
    words: list[Word] = field(default_factory=list)
    """What the first of them said."""

    def wants_reading(self, *, is_long: bool) -> bool:
        """Whether another reading may make more words final; if so, count it."""
        is_wanted = not self.is_settled and self.readings <= is_long
        if is_wanted:
            self.readings = 1 + is_long
        return is_wanted

    def written(self, words: list[Word]) -> list[Word]:
        """Return the words of a reading in this pause, written as in the first that says the same.

        With what came before it, a model reads words more surely and leaves out stops.
        """
        if [word.key for word in words] != [word.key for word in self.words]:
            self.words = self.words or words
            return words
        return self.words


@dataclass(slots=True)
class Segment:
    """A stretch of audio that is read as a whole, from the start of speech to a pause or a cut."""

    start: int
    onset: int
    """Where speech was detected; a segment that begins at a cut has its start here."""
    fresh: int
    """Words before it are final already."""
    context: "Context | None"
    """What the last reading begins with: words are heard better together with those before."""
    stabilizer: Stabilizer
    next_commit: int
    next_cut: int
    frames: list[Frame]
    """What was heard from the frame at `frames_start` on."""
    frames_start: int
    preroll_frames: int = 0
    """Those of them that were heard before speech was detected."""
    last_commit: Hypothesis | None = None
    begins_sentence: bool = False
    """Whether what was said before it ends a sentence."""
    latest: Hypothesis | None = None
    """The reading of the longest audio so far, whatever it was for."""
    latest_end: int = 0
    pause: Pausing = field(default_factory=Pausing)
    is_shown: bool = False
    """Whether any of its words has been shown."""
    doubted: list[Word] = field(default_factory=list)
    """Words of the latest reading that was not believed."""

    @property
    def voice(self) -> float:
        """How surely somebody speaks in it, as `doubt.voice` says."""
        return voice(self.frames[self.preroll_frames :])

    @property
    def context_start(self) -> int:
        """Where the last reading begins."""
        return self.context.start if self.context is not None else self.start

    def pausing(self, start: int) -> Pausing:
        """Return what has been made of the pause after speech that ended at `start`."""
        if self.pause.start != start:
            self.pause = Pausing(start)
        return self.pause

    def closing_need(self, end: int, *, begin: int | None = None, is_hurried: bool = False) -> Need:
        """Return the reading that closes it at `end`.

        Its drafts are the last commit reading and the readings of what came before, which depend on
        the audio alone. No commit reading falls into the first part of a pause, so that a reading
        begun early in the pause is the one that closes it.

        Args:
            end: Where the audio ends.
            begin: Earliest sample of what came before that it may begin with; None for nothing.
            is_hurried: Whether somebody would rather not wait for a better reading.
        """
        context = self.context and begin is not None and self.context.since(begin)
        drafts = self.drafts_of(self.last_commit)
        if not context:
            return Need(self.start, end, drafts=drafts, is_last=True, is_hurried=is_hurried)
        return Need(context.start, end, drafts=(*context.drafts, *drafts), is_last=True)

    def may_close_with(self, need: Need) -> bool:
        """Whether `closing_need` may return a need, now or later: if no commit came since."""
        is_of_it = need.is_last and need.start >= self.context_start
        draft = need.drafts[-1].hypothesis if need.drafts else None
        return is_of_it and (self.last_commit is None or draft is self.last_commit)

    def drafts_of(
        self, hypothesis: Hypothesis | None, *, begin: int | None = None, end: int | None = None
    ) -> tuple[Passage, ...]:
        """Return what a reading that starts with the segment says from `begin` to `end`."""
        if hypothesis is None:
            return ()
        return (Passage(hypothesis, self.start, self.start if begin is None else begin, end),)

    def as_context(self, hypothesis: Hypothesis, start: int, end: int) -> "Context":
        """Return it with what came before it, closed by a reading from `start` to `end`."""
        before = self.context
        own = Passage(hypothesis, start, start)
        if before is None:
            return Context((self.start,), end, (own,))
        pieces = (*before.pieces, self.start)
        if start < self.start:
            return Context(pieces, end, (own,))
        *earlier, last = before.readings
        return Context(pieces, end, (*earlier, replace(last, end=start), own))

    def behind(
        self, cut: "Cut", *, stabilizer: Stabilizer, next_cut: int, frame_samples: int, end: int
    ) -> "Segment":
        """Return the segment that begins at a cut of this one, which was read up to `end`."""
        kept = (cut.at - self.frames_start) // frame_samples
        return Segment(
            start=cut.at,
            onset=cut.at,
            fresh=cut.at,
            context=None,
            stabilizer=stabilizer,
            next_commit=self.next_commit,
            next_cut=next_cut,
            frames=self.frames[kept:],
            frames_start=self.frames_start + kept * frame_samples,
            last_commit=cut.right_hypothesis,
            latest=cut.right_hypothesis,
            latest_end=end,
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """A place to cut a segment at, with what is heard on either side."""

    at: int
    distance: int
    """Characters in which the two sides differ from the whole; 0 if only at its edge."""
    left: list[Word]
    right: list[Word]
    right_hypothesis: Hypothesis


@dataclass(frozen=True, slots=True)
class Context:
    """Speech that is final, and may be read once more together with what follows."""

    pieces: tuple[int, ...]
    """Where each closed segment began that may be read again, oldest first; never empty."""
    end: int
    readings: tuple[Passage, ...]
    """The last readings of it, of one part after the other."""

    @property
    def start(self) -> int:
        """Where the oldest of it began."""
        return self.pieces[0]

    @property
    def drafts(self) -> tuple[Passage, ...]:
        """What its readings say of it."""
        return tuple(
            replace(reading, begin=max(reading.begin, self.start))
            for reading in self.readings
            if reading.end is None or reading.end > self.start
        )

    def since(self, earliest: int) -> "Context | None":
        """Return what of it begins at `earliest` or later."""
        kept = tuple(start for start in self.pieces if start >= earliest)
        return replace(self, pieces=kept) if kept else None


def pause_after(words: Sequence[Word], *, fall_db: float) -> Pause:
    """Return what is known of a pause after these words.

    Args:
        words: Said before it.
        fall_db: By how much the voice was softer than usual at the end of them.
    """
    return Pause("".join(token.text for word in words for token in word.tokens), fall_db)
