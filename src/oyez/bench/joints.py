"""Words lost and words doubled: what goes wrong where a stream is cut and joined again.

The streamed words are aligned with the reference word by word (letters and digits, lower case). A
loss is a run of two or more reference words that nothing was said for. A doubling is a run of up to
six words said twice in a row where the alignment finds an insertion; a fragment is an inserted word
that is the beginning of the next word or the end of the one before. The same model's offline
reading tells whose fault a loss is: the model's, when its offline reading lacks the words as well.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jiwer

from oyez.bench import text
from oyez.bench.streaming import Word

LONGEST_REPEAT = 6
SHORTEST_FRAGMENT = 3
CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of an alignment."""

    kind: str
    """equal, substitute, insert or delete."""
    ref_start: int
    ref_end: int
    hyp_start: int
    hyp_end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at one place."""

    kind: str
    """lost, doubled or fragment."""
    at_s: float
    words: str
    context: str
    offline_has: int | None = None
    """Of lost words: how many the offline reading has; None when there is none."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Step]:
    """Return the cheapest alignment of words, in order."""
    if not reference or not hypothesis:
        kind = "delete" if reference else "insert"
        step = Step(kind, 0, len(reference), 0, len(hypothesis))
        return [step] if reference or hypothesis else []
    (steps,) = jiwer.process_words(" ".join(reference), " ".join(hypothesis)).alignments
    return [
        Step(s.type, s.ref_start_idx, s.ref_end_idx, s.hyp_start_idx, s.hyp_end_idx) for s in steps
    ]


def keys_of(said: str) -> list[str]:
    """Return the words of a text as they are compared."""
    return [key for key in map(text.key, text.plain(said).split()) if key]


def keyed(words: Sequence[Word]) -> list[Word]:
    """Return streamed words as they are compared; a hyphenated word becomes two of one time."""
    return [
        Word(key, word.start_s, word.end_s, word.confidence)
        for word in words
        for key in keys_of(word.text)
    ]


def matched(steps: Sequence[Step]) -> set[int]:
    """Return the reference words that were said."""
    return {
        i for step in steps if step.kind == "equal" for i in range(step.ref_start, step.ref_end)
    }


def losses(
    reference: Sequence[str],
    words: Sequence[Word],
    steps: Sequence[Step],
    offline: set[int] | None,
    *,
    shortest: int = 2,
) -> list[Finding]:
    """Return the runs of reference words that were not said."""
    findings = []
    for step in steps:
        if step.kind != "delete" or step.ref_end - step.ref_start < shortest:
            continue
        run = range(step.ref_start, step.ref_end)
        at_s = words[step.hyp_start - 1].end_s if step.hyp_start else 0.0
        has = None if offline is None else sum(index in offline for index in run)
        context = _context(reference, step.ref_start, step.ref_end)
        findings.append(Finding("lost", at_s, " ".join(reference[i] for i in run), context, has))
    return findings


def doublings(words: Sequence[Word], steps: Sequence[Step]) -> list[Finding]:
    """Return the words said twice in a row, and the fragments of words."""
    keys = [word.text for word in words]
    inserted = {i for s in steps if s.kind == "insert" for i in range(s.hyp_start, s.hyp_end)}
    findings = []
    index = 0
    while index < len(keys):
        size = _repeat_size(keys, index, inserted)
        if size:
            second = index + size
            said = " ".join(keys[second : second + size])
            context = _context(keys, second, second + size)
            findings.append(Finding("doubled", words[second].start_s, said, context))
            index = second
        elif index in inserted and _is_fragment(keys, index):
            context = _context(keys, index, index + 1)
            findings.append(Finding("fragment", words[index].start_s, keys[index], context))
        index += 1
    return findings


def _repeat_size(keys: Sequence[str], index: int, inserted: set[int]) -> int:
    for size in range(LONGEST_REPEAT, 0, -1):
        is_repeat = list(keys[index : index + size]) == list(keys[index + size : index + 2 * size])
        if is_repeat and inserted.intersection(range(index, index + 2 * size)):
            return size
    return 0


def _is_fragment(keys: Sequence[str], index: int) -> bool:
    word = keys[index]
    if len(word) < SHORTEST_FRAGMENT:
        return False
    following = keys[index + 1] if index + 1 < len(keys) else ""
    before = keys[index - 1] if index else ""
    return following.startswith(word) or before.endswith(word)


def _context(words: Sequence[str], start: int, end: int) -> str:
    before = " ".join(words[max(start - CONTEXT, 0) : start])
    after = " ".join(words[end : end + CONTEXT])
    return f"{before} [{' '.join(words[start:end])}] {after}".strip()
