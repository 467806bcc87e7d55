"""Is the speaker done? What is known of a pause, and who is asked about it.

A judge is asked once in a pause, before the pause is as long as the shortest silence that could end
the utterance. What it answers makes the silence that is waited for shorter or longer, within the
client's ceiling. The judge here goes by the words alone.

This is the place of a semantic end-of-turn model: whatever answers the same question about the same
pause may stand here, as long as equal pauses get equal answers. One that listens needs its audio as
a part of `Pause`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

GOES_ON: Final = 0.0
"""The speaker is in the middle of something."""
UNKNOWN: Final = 0.5
"""Nothing speaks for either."""
DONE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """What is known when a speaker pauses."""

    text: str
    """What was said since the last pause that ended a segment, as the model wrote it."""


TurnJudge: TypeAlias = Callable[[Pause], float]
"""How likely the speaker is done: from `GOES_ON` over `UNKNOWN` to `DONE`."""

_CLOSERS: Final = "\"'”’)]"
_STOPS: Final = (".", "?", "!")
_ELLIPSES: Final = ("..", "…")
_ANSWERS: Final = "yes yeah yep no nope okay ok sure right thanks goodbye bye hello hi stop cancel"
"""Words that are whole utterances."""
_LEADING: Final = (
    "a an the of to at by for from with into as than and or but nor because if when while although "
    "unless until since though whether which whose my your its our their every mr mrs ms dr"
)
"""Words that lead on to another."""
_FILLERS: Final = "uh um er erm hm hmm mm"
"""Words that hold the floor."""
_ANSWER_WORDS: Final = frozenset(_ANSWERS.split())
_OPEN_WORDS: Final = frozenset(_LEADING.split() + _FILLERS.split())


def judge_text(pause: Pause) -> float:
    """Return how likely the speaker is done by the words before a pause.

    Models that read utterances whole write a full stop at the end of nearly every piece of audio:
    before nine of ten pauses inside sentences, too. So a full stop says nothing, and its absence
    much.
    """
    text = pause.text.strip().rstrip(_CLOSERS)
    stripped = [word.strip(".,?!…-\"'").casefold() for word in text.split()]
    words = [word for word in stripped if word]
    if not words:
        return UNKNOWN
    if not text.endswith(_STOPS) or text.endswith(_ELLIPSES):
        return GOES_ON
    if text.endswith("?") or (len(words) == 1 and words[-1] in _ANSWER_WORDS):
        return DONE
    if words[-1] in _OPEN_WORDS:
        return GOES_ON
    return UNKNOWN
