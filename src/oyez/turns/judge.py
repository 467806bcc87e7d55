"""Is the speaker done? What is known of a pause, and who is asked about it.

A judge is asked once in a pause, before the pause is as long as the shortest silence that could end
the utterance. What it answers makes the silence that is waited for shorter or longer, within the
client's ceiling. The judge here goes by the words, and where they say nothing by the loudness.

This is the place of a semantic end-of-turn model: whatever answers the same question about the same
pause may stand here, as long as equal pauses get equal answers. One that listens needs its audio as
a part of `Pause`.
"""

import math
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
    fall_db: float = 0.0
    """By how much the voice was softer than usual at the end: see `oyez.turns.loudness`."""


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
FALL_WEIGHT: Final = 0.3
"""Log-odds of being done for each dB that the voice falls. Logistic regression on the 62 pauses and
ends of LJ Speech, whose clips end where sentences do, finds 0.34; on 121 of other read and
spontaneous speech it would have found 0.30. Clips that were cut at silences (LibriSpeech
train-clean) teach nothing: their ends are as loud as their pauses."""


def judge_pause(pause: Pause) -> float:
    """Return how likely the speaker is done by the words before a pause and by how they were said.

    Other cues were tried on recordings that they were not fitted to. How sure the model is of the
    last word and of the stop behind it cut off no fewer at the same mean delay; how long that word
    and the phrase are, and the fall of the pitch, told ends from pauses no better than this alone.
    """
    by_text = judge_text(pause)
    if by_text != UNKNOWN:
        return by_text
    return 1.0 / (1.0 + math.exp(-FALL_WEIGHT * pause.fall_db))


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
