"""The field's metrics of live transcripts, as functions of what a reader saw (`oyez.bench.views`).

first partial       onset of speech -> first non-final word (TTFT in Coval's benchmark, which counts
                    from the start of audio; the start of speech is the stricter zero)
emission delay      end of a word -> its first appearance, and -> its final form: the user-perceived
                    latency of Shangguan et al., "Dissecting User-Perceived Latency of On-Device E2E
                    Speech Recognition" (Interspeech 2021). Percentiles as PR50/PR90 of Yu et al.,
                    "FastEmit" (ICASSP 2021), who take the last word of an utterance only:
                    `last word` beside it is theirs
UPWR                unstable partial word ratio, Shangguan et al., "Analyzing the Quality and
                    Stability of a Streaming End-to-End On-Device Speech Recognizer" (Interspeech
                    2020): partial words that the next partial result changed or dropped, for each
                    final word. Counted on the word alignment of successive transcripts, so that a
                    word that only moved is not counted
normalized erasure  Arivazhagan et al., "Re-translation versus Streaming for Simultaneous
                    Translation" (IWSLT 2020): words after the longest common prefix of successive
                    transcripts, for each final word. What a screen that appends must erase
settled             end of speech -> the transcript reads as it will stay, final or not: what a
                    reader waits for in systems that mark nothing as final
"""

from collections.abc import Sequence
from itertools import pairwise

from oyez.bench.joints import align
from oyez.bench.streaming import Word
from oyez.bench.views import View

LOOKAHEAD_WORDS = 3
"""A draft is aligned to as many of the words to come as it has itself, and these."""

EARLY_S = 0.1
"""How much earlier than its start a word may stand on the screen: starts are that uncertain."""


def first_words_s(views: Sequence[View], onset_s: float) -> float | None:
    """Return the time from the onset of speech to the first word, final or not."""
    return next((view.at_s - onset_s for view in views if view.words), None)


def first_partial_s(views: Sequence[View], onset_s: float) -> float | None:
    """Return the time from the onset of speech to the first non-final word.

    Words that were never shown before they were final have no partial: None.
    """
    return next((view.at_s - onset_s for view in views if view.has_draft), None)


def final_words(views: Sequence[View]) -> tuple[str, ...]:
    """Return the final transcript: what the last view holds, final or not."""
    return views[-1].words if views else ()


def shown_at(views: Sequence[View], starts_s: Sequence[float | None] = ()) -> list[float]:
    """Return when each word of the final transcript first stood at its place, in seconds.

    Args:
        views: What was seen.
        starts_s: When each word began to be spoken, where that is known: what stood there before
            was another word that reads the same.
    """
    words = final_words(views)
    first: list[float | None] = [None] * len(words)
    for view in views:
        for index in _held(view, words):
            start_s = starts_s[index] if index < len(starts_s) else None
            if first[index] is None and (start_s is None or view.at_s >= start_s - EARLY_S):
                first[index] = view.at_s
    last_s = views[-1].at_s if views else 0.0
    return [last_s if at_s is None else at_s for at_s in first]


def final_at(views: Sequence[View]) -> list[float | None]:
    """Return when each word of the final transcript became final; None for those that never did."""
    words = final_words(views)
    first: list[float | None] = [None] * len(words)
    known = 0
    for view in views:
        for index in range(known, min(view.final_count, len(words))):
            first[index] = view.at_s
        known = max(known, view.final_count)
    return first


def settled_s(views: Sequence[View]) -> float | None:
    """Return from when on the transcript reads as it will stay; None without words."""
    words = final_words(views)
    if not words:
        return None
    at_s = views[-1].at_s
    for view in reversed(views):
        if view.words != words:
            break
        at_s = view.at_s
    return at_s


def unstable_words(views: Sequence[View]) -> int:
    """Return how many partial words the next transcript changed or dropped (numerator of UPWR)."""
    count = 0
    for before, after in _changes(views):
        steps = align(before, after)
        count += sum(s.ref_end - s.ref_start for s in steps if s.kind in ("substitute", "delete"))
    return count


def erased_words(views: Sequence[View]) -> int:
    """Return how many words a screen that appends had to erase (numerator of the erasure)."""
    return sum(len(before) - same_start(before, after) for before, after in _changes(views))


def same_start(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two transcripts have in common from their start on."""
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def matched_words(words: Sequence[str], known: Sequence[Word]) -> list[Word | None]:
    """Return each word of a transcript as a reference has it, with its times.

    Words that the reference does not have, or has in another form, get None: nobody knows when they
    were said.

    Args:
        words: The transcript, as `View.words`.
        known: The reference's words in order of time, as `bench.joints.keyed` returns them.
    """
    found: list[Word | None] = [None] * len(words)
    for step in align([word.text for word in known], words):
        if step.kind == "equal":
            for offset in range(step.hyp_end - step.hyp_start):
                found[step.hyp_start + offset] = known[step.ref_start + offset]
    return found


def _changes(views: Sequence[View]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return successive transcripts from the first word that is not final in both.

    Final words do not change; leaving them out makes a long stream cheap to count.
    """
    changes = []
    for before, after in pairwise(views):
        if before.words != after.words[: len(before.words)]:
            start = min(before.final_count, after.final_count)
            start = min(start, same_start(before.words, after.words))
            changes.append((before.words[start:], after.words[start:]))
    return changes


def _held(view: View, words: Sequence[str]) -> list[int]:
    """Return which words of the final transcript a view holds at their places."""
    held = list(range(min(view.final_count, len(words))))
    draft = view.words[view.final_count :]
    if draft:
        start = view.final_count
        coming = words[start : start + len(draft) + LOOKAHEAD_WORDS]
        for step in align(coming, draft):
            if step.kind == "equal":
                held += range(start + step.ref_start, start + step.ref_end)
    return held
