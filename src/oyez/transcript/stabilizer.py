"""The rule that makes words of a growing utterance final before it ends.

Local agreement (Liu, Spanakis and Niehues, "Low-latency sequence-to-sequence speech recognition and
translation by partial hypothesis selection", Interspeech 2020; its use for growing windows follows
Macháček, Dabre and Bojar, "Turning Whisper into real-time transcription system", 2023): a word is
final once consecutive readings agree on it and on everything before it. Words near the edge of the
audio are held back, because there the model was cut in mid-word.

A final word is never taken back. When a later reading puts it differently, the later reading is
aligned to what was said, and only what follows is new.
"""

from collections.abc import Sequence
from itertools import takewhile

from oyez.transcript.alignment import common_prefix, words_covered
from oyez.transcript.words import Word


class Stabilizer:
    """Decides about the words of one segment of audio.

    Args:
        agreement: Consecutive readings that must agree.
        min_logprob: Least log-probability of every token of a word that becomes final early; a
            doubtful word, and all that follow it, wait for more of the sentence.
        patience: Consecutive readings that must agree on a doubtful word; 0 lets it wait for the
            segment's end.
        carried: Keys of final words that the segment's audio begins with.
    """

    def __init__(
        self,
        *,
        agreement: int = 2,
        min_logprob: float = float("-inf"),
        patience: int = 0,
        carried: Sequence[str] = (),
    ) -> None:
        self._agreement = agreement
        self._min_logprob = min_logprob
        self._patience = patience
        self._said = list(carried)
        self._readings: list[list[Word]] = []

    @property
    def said(self) -> tuple[str, ...]:
        """Keys of the segment's words that are final."""
        return tuple(self._said)

    def offer(self, words: Sequence[Word], *, stable_until_ms: int) -> list[Word]:
        """Take a reading of the whole segment and return the words that it makes final.

        Args:
            words: The reading, from the start of the segment.
            stable_until_ms: Words that end later are held back, in stream time.
        """
        pending = self.pending(words)
        kept = max(self._agreement, self._patience)
        self._readings = [*self._readings, pending][-kept:]
        agreed = self._agreed(self._agreement)
        trusted = self._agreed(self._patience) if self._patience else 0
        new = []
        for index, word in enumerate(pending[:agreed]):
            is_doubtful = word.logprob < self._min_logprob and index >= trusted
            if word.end_ms > stable_until_ms or is_doubtful:
                break
            new.append(word)
        self._said += [word.key for word in new]
        self._readings = [reading[len(new) :] for reading in self._readings]
        return new

    def _agreed(self, count: int) -> int:
        """Return how many words the last readings have in common; none when there are too few."""
        readings = self._readings[-count:]
        if len(readings) < count:
            return 0
        keys = [word.key for word in readings[-1]]
        lengths = [common_prefix(keys, [word.key for word in other]) for other in readings[:-1]]
        return min(lengths, default=len(keys))

    def pending(self, words: Sequence[Word]) -> list[Word]:
        """Return the words of a reading that follow those that are final."""
        return list(words[words_covered(self._said, [word.key for word in words]) :])

    def settle(self, words: Sequence[Word]) -> list[Word]:
        """Take a reading that ends in a pause; return its words before the first doubtful one.

        They are final: the model was not cut in mid-word.
        """
        sure = takewhile(lambda word: word.logprob >= self._min_logprob, self.pending(words))
        new = [*sure]
        if new:
            self._said += [word.key for word in new]
            self._readings = []
        return new

    def close(self, words: Sequence[Word]) -> list[Word]:
        """Return the words that the segment's last reading adds, all of them final."""
        new = self.pending(words)
        self._said += [word.key for word in new]
        self._readings = []
        return new
