"""From readings to the words of a segment: in stream time, believed, and not said before."""

from itertools import takewhile
from typing import Final

from oyez.engines.base import Capabilities
from oyez.session.doubt import SURE_VOICE, believed, borne_out
from oyez.session.needs import Need
from oyez.session.segment import Segment
from oyez.transcript.alignment import common_prefix
from oyez.transcript.hypothesis import Hypothesis
from oyez.transcript.words import Word, capitalised, words_of

SHOWN_LOGPROB: Final = -1.0
"""Of words at the edge of the audio that are less probable, one of five is right; of the others,
three of four. A third of the wrong words that would be shown are of these."""


class Wording:
    """Turns readings of one stream into words.

    Args:
        capabilities: Of the engine that reads.
        sample_rate_hz: Of the samples.
    """

    def __init__(self, capabilities: Capabilities, *, sample_rate_hz: int) -> None:
        self._least_logprob = capabilities.min_mean_logprob
        self._rate_hz = sample_rate_hz

    def fresh_words(self, hypothesis: Hypothesis, segment: Segment, *, start: int) -> list[Word]:
        """Return the words of a reading from `start` that were not final when a segment began.

        None when they are not believed. A reading that does not begin before the segment has no
        others, whatever times the model gives its first word.
        """
        fresh = segment.fresh if start < segment.start else start
        words = self._words(hypothesis, segment, start=start, fresh=fresh)
        if segment.begins_sentence and words:
            words[0] = capitalised(words[0])
        return words

    def repeated_words(self, hypothesis: Hypothesis, segment: Segment, *, start: int) -> list[Word]:
        """Return what a reading that is not believed has in common with the one before it.

        The first words of an utterance are doubtful as long as there is little of it. Two readings
        in a row that begin with the same words are believed as far as they agree, to be shown.
        """
        if segment.voice < SURE_VOICE or start != segment.start:
            return []
        words = words_of(hypothesis, offset_ms=self._ms(start))
        keys, earlier = ([word.key for word in said] for said in (words, segment.doubted))
        segment.doubted = words
        return [word.unmarked for word in words[: common_prefix(keys, earlier)]]

    def shown_words(
        self, hypothesis: Hypothesis, segment: Segment, *, start: int, edge_ms: int | None
    ) -> list[Word]:
        """Return the words of a reading from `start` that are worth showing.

        Those of the segment that are final are among them.

        Args:
            hypothesis: What was read.
            segment: What it was read of.
            start: Where the reading begins.
            edge_ms: Words that end later may have been cut, in stream time; None in a pause.
        """
        words = self.fresh_words(hypothesis, segment, start=start)
        if not words and not segment.is_shown:
            return self.repeated_words(hypothesis, segment, start=start)
        if edge_ms is None:
            return words
        sure = self.presentable(words, edge_ms=edge_ms)
        # First words are all doubtful.
        return sure if sure or segment.is_shown else words

    def presentable(self, words: list[Word], *, edge_ms: int) -> list[Word]:
        """Return the words of a reading that are worth showing: up to one that was guessed.

        Where the audio ends in the middle of a word, the models go on as the sentence might.

        Args:
            words: In order.
            edge_ms: Words that end later may have been cut, in stream time.
        """
        if self._least_logprob == float("-inf"):
            return words  # the engine's log-probabilities say nothing
        return [
            *takewhile(
                lambda word: word.end_ms <= edge_ms or word.said_logprob >= SHOWN_LOGPROB, words
            )
        ]

    def right_words(self, hypothesis: Hypothesis, segment: Segment, *, start: int) -> list[Word]:
        """Return the words of a reading of the part of a segment behind a cut at `start`."""
        return self._words(hypothesis, segment, start=start, fresh=start)

    def last_words(self, hypothesis: Hypothesis, segment: Segment, need: Need) -> list[Word]:
        """Return the words of a reading that ends in a pause, as its last commit bears them out."""
        words = self.fresh_words(hypothesis, segment, start=need.start)
        if segment.last_commit is None:
            return words
        earlier = self.fresh_words(segment.last_commit, segment, start=segment.start)
        return borne_out(words, earlier, voice=segment.voice)

    def _words(self, said: Hypothesis, segment: Segment, *, start: int, fresh: int) -> list[Word]:
        words = words_of(said, offset_ms=self._ms(start))
        if fresh > start:
            fresh_ms = self._ms(fresh)
            words = [word for word in words if word.start_ms + word.end_ms > 2 * fresh_ms]
        return believed(words, voice=segment.voice, sure_least=self._least_logprob)

    def _ms(self, samples: int) -> int:
        return samples * 1000 // self._rate_hz
