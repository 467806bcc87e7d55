"""Ends of turns, false ones among them, and what fits a latency budget.

The definitions are those of `oyez.bench.endpoints`, which measures and prints them.
"""

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from oyez.bench.cutoffs import Cut, End, around, boundaries, words_before
from oyez.bench.energy import Span, pauses
from oyez.bench.latency import Utterance
from oyez.bench.stats import Summary, summary
from oyez.bench.streaming import Word

SHORTEST_PAUSE_S = 0.1
LONGER_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of one turn."""

    name: str
    pauses: int
    """Of 100 ms and more, inside."""
    false_ends: int
    delay_s: float | None
    """From its end to `<end>`; None when none came."""
    longer_pauses: int = 0
    """Of 200 ms and more, inside."""
    audio_delay_s: float | None = None
    """The same delay in audio that the server had processed."""
    inside: int | None = None
    """Pauses of 100 ms and more inside sentences; None where nobody can tell."""
    cuts: tuple[Cut, ...] = ()
    """The false ends."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all turns at one operating point."""

    turns: list[Turn]

    @property
    def delay(self) -> Summary | None:
        """How long the ends of turns took."""
        known = [(turn.delay_s, turn.name) for turn in self.turns if turn.delay_s is not None]
        return summary([delay_s for delay_s, _ in known], [name for _, name in known])

    @property
    def mean_delay_s(self) -> float | None:
        """How long they took on average; None when no end was noticed."""
        known = [turn.delay_s for turn in self.turns if turn.delay_s is not None]
        return statistics.fmean(known) if known else None

    @property
    def mean_audio_delay_s(self) -> float | None:
        """The same in audio that the server had processed."""
        known = [turn.audio_delay_s for turn in self.turns if turn.audio_delay_s is not None]
        return statistics.fmean(known) if known else None

    @property
    def told(self) -> list[Turn]:
        """The turns of which is known where their sentences end."""
        return [turn for turn in self.turns if turn.inside is not None]

    @property
    def inside(self) -> int:
        """The pauses inside their sentences."""
        return sum(turn.inside or 0 for turn in self.told)

    @property
    def inside_cuts(self) -> int:
        """False ends inside their sentences."""
        return sum(cut.is_between is False for turn in self.told for cut in turn.cuts)

    @property
    def turns_cut(self) -> int:
        """Turns with a false end."""
        return sum(turn.false_ends > 0 for turn in self.turns)

    @property
    def false_ends(self) -> int:
        """All false ends."""
        return sum(turn.false_ends for turn in self.turns)

    @property
    def pauses(self) -> int:
        """All pauses inside turns."""
        return sum(turn.pauses for turn in self.turns)

    @property
    def longer_pauses(self) -> int:
        """All of 200 ms and more."""
        return sum(turn.longer_pauses for turn in self.turns)

    @property
    def missed(self) -> int:
        """Turns whose end was not noticed while the silence lasted."""
        return sum(turn.delay_s is None for turn in self.turns)

    @property
    def cut_share(self) -> float:
        """Share of the pauses that were cut: false ends for each."""
        return self.false_ends / max(self.pauses, 1)

    @property
    def inside_share(self) -> float:
        """The same of the pauses inside sentences."""
        return self.inside_cuts / max(self.inside, 1)


def judge(name: str, ends: Sequence[End], utterance: Utterance, words: Sequence[Word] = ()) -> Turn:
    """Return what became of a turn.

    All `<end>`s are false but the last, and that one too if it came before the speech had ended. An
    `<end>` that a pause inside the turn caused is false even if it comes late.

    Args:
        name: Of the recording.
        ends: Every `<end>`, in order.
        utterance: The turn.
        words: What the server said was said in it.
    """
    inner = pauses(utterance.spans)
    counted = [pause for pause in inner if pause.seconds >= SHORTEST_PAUSE_S]
    delay_s = ends[-1].at_s - utterance.end_s if ends else None
    if delay_s is not None and delay_s <= 0.0:
        delay_s = None
    false = ends if delay_s is None else ends[:-1]
    stops = boundaries(utterance.text, words)
    inside = None
    if stops is not None:
        middles = [(pause.start_s + pause.end_s) / 2 for pause in counted]
        inside = sum(words_before(words, middle_s) not in stops for middle_s in middles)
    return Turn(
        name,
        len(counted),
        len(false),
        delay_s,
        sum(pause.seconds >= LONGER_PAUSE_S for pause in inner),
        None if delay_s is None else ends[-1].heard_s - utterance.end_s,
        inside,
        tuple(_cut(end, inner, words, stops) for end in false),
    )


def _cut(end: End, inner: list[Span], words: Sequence[Word], stops: set[int] | None) -> Cut:
    begun = [pause for pause in inner if pause.start_s < end.heard_s]
    is_between = None if stops is None else end.words in stops
    return Cut(begun[-1].seconds if begun else 0.0, *around(words, end.words), is_between)


def best_within(outcomes: dict[str, Outcome], budget_s: float) -> str | None:
    """Return the operating point with the fewest pauses cut whose mean delay is within a budget.

    Of equals the faster one.
    """
    able = [
        (outcome.cut_share, mean_s, name)
        for name, outcome in outcomes.items()
        if (mean_s := outcome.mean_delay_s) is not None and mean_s <= budget_s
    ]
    return min(able)[2] if able else None


def fastest_within(outcomes: dict[str, Outcome], share_cut: float) -> str | None:
    """Return the operating point with the shortest mean delay that cuts no more of the pauses."""
    able = [
        (mean_s, name)
        for name, outcome in outcomes.items()
        if (mean_s := outcome.mean_delay_s) is not None and outcome.cut_share <= share_cut
    ]
    return min(able)[1] if able else None


def curves(
    outcomes: Collection[Outcome], delays_s: Sequence[float]
) -> dict[str, dict[str, float | None]]:
    """Return the shares of pauses cut at mean delays, in percent, by milliseconds.

    Args:
        outcomes: Of all operating points.
        delays_s: Where to read; None outside of what was measured.
    """
    points: dict[str, list[tuple[float, float]]] = {
        "all, received": [
            (outcome.mean_delay_s, outcome.cut_share)
            for outcome in outcomes
            if outcome.mean_delay_s is not None
        ],
        "all, in audio": [
            (outcome.mean_audio_delay_s, outcome.cut_share)
            for outcome in outcomes
            if outcome.mean_audio_delay_s is not None
        ],
        "inside sentences, in audio": [
            (outcome.mean_audio_delay_s, outcome.inside_share)
            for outcome in outcomes
            if outcome.mean_audio_delay_s is not None and outcome.inside
        ],
    }
    found: dict[str, dict[str, float | None]] = {}
    for kind, known in points.items():
        shares = {delay_s: share_at(known, delay_s) for delay_s in delays_s}
        found[kind] = {
            f"{1000 * delay_s:.0f}": None if share is None else round(100 * share, 1)
            for delay_s, share in shares.items()
        }
    return found


def share_at(points: Sequence[tuple[float, float]], delay_s: float) -> float | None:
    """Return the share that is cut at a mean delay, on straight lines between what was measured.

    Args:
        points: Mean delay and share of every operating point.
        delay_s: Where to read.

    Returns:
        None outside of what was measured.
    """
    for (left_s, share), (right_s, next_share) in pairwise(sorted(points)):
        if left_s <= delay_s <= right_s:
            part = (delay_s - left_s) / (right_s - left_s) if right_s > left_s else 0.0
            return share + part * (next_share - share)
    return None
