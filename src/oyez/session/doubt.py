"""Which words are believed: what the model says of them, against how surely somebody speaks.

A recogniser says something of any sound. In music that sounds like a voice the voice activity hears
speech as well, but not surely: its probabilities lie between yes and no, where for speech they are
near 1 from the first word to the last. So the less sure the voice, the surer the words must be; and
where the voice is not sure, one reading alone proves nothing: read again with a little more or less
of the same audio, music says something else or nothing, while speech says what it said. And nothing
is final then before the segment ends: the voice may turn out to be none.

The bounds were chosen between two measurements. Non-speech: two hours of music, noise and rooms, at
five levels and speeds and several beginnings, and an hour of synthesised instruments. The voice of
what was read there has a median of 0.64; one of ten is above 0.8, the greatest is 0.86. Tiny said
156 words in it and now says 9, base 30 and none. Speech: 218 segments, read, spontaneous,
noisy and by telephone. The median is 0.98, one of twenty is below 0.9, one of forty below 0.86, and
not a word is lost. Single letters and digits come down to 0.75: of 36 tiny loses three, two of
which it misheard, and base one.
"""

from collections.abc import Sequence
from typing import Final

from oyez.session.inlet import Frame
from oyez.transcript.words import Word, longer, mean_logprob
from oyez.turns.speech import SpeechRule

SURE_VOICE: Final = 0.86
"""From here on the engine's own bound holds."""
UNSURE_VOICE: Final = 0.70
"""Up to here nothing is believed."""
CLEAR_SPEECH: Final = 0.8
CLEAR_FRAMES: Final = 50
"""So many frames above that are speech whatever the others are: 1.6 s with frames of 32 ms. A
segment of music had 40, speech in noise as loud as itself 64."""

_OFFSET: Final = SpeechRule().offset


def voice(frames: Sequence[Frame]) -> float:
    """Return how surely somebody speaks, from 0 to 1.

    Args:
        frames: Of one segment. Pauses in it count neither for nor against speech: what is taken is
            the mean probability of the frames above the threshold at which speech ends.
    """
    heard = [frame.speech for frame in frames if frame.speech > _OFFSET]
    if sum(speech > CLEAR_SPEECH for speech in heard) >= CLEAR_FRAMES:
        return 1.0
    return sum(heard) / len(heard) if heard else 0.0


def least_logprob(sure_least: float, *, voice: float) -> float:
    """Return the least mean log-probability of a token of words that are believed.

    It rises in a straight line from the engine's own bound where the voice is sure to 0, which is
    certainty, where it is not.

    Args:
        sure_least: The engine's bound; minus infinity when its log-probabilities say nothing, which
            nothing raises.
        voice: What `voice` returned.
    """
    share = (voice - UNSURE_VOICE) / (SURE_VOICE - UNSURE_VOICE)
    if share >= 1.0 or sure_least == float("-inf"):
        return sure_least
    return sure_least * max(share, 0.0)


def believed(words: list[Word], *, voice: float, sure_least: float) -> list[Word]:
    """Return the words of one reading if they are believed, else none."""
    is_believed = mean_logprob(words) >= least_logprob(sure_least, voice=voice)
    return words if is_believed else []


def borne_out(last: list[Word], earlier: list[Word], *, voice: float) -> list[Word]:
    """Return a segment's words from its last reading and an earlier one, each as believed.

    The last reading counts, unless it broke off long before the earlier one did. Where the voice is
    not sure, both must say something.
    """
    if voice < SURE_VOICE and not (last and earlier):
        return []
    return longer(last, earlier)
