"""Captions: words cut into what fits a screen and can be read in time; SubRip and WebVTT.

The numbers are those of broadcasters' style guides: two lines of 42 characters, shown for one to
seven seconds, cut where the speaker pauses or a sentence ends.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from oyez.protocol.tokens import Token
from oyez.transcript.render import TimedWord, joined, words

LINE_CHARACTERS: Final = 42
LINES: Final = 2
MIN_MS: Final = 1_000
"""Shorter captions stay on the screen for this long, when the next one leaves them the time."""
MAX_MS: Final = 7_000
PAUSE_MS: Final = 800
"""A pause this long always begins a new caption."""
LINGER_MS: Final = 300
"""How long a caption stays after its last word, when there is time."""

_SENTENCE_ENDS: Final = (".", "?", "!", "…", "。", "？", "！", "؟", "।")
_CLAUSE_ENDS: Final = (",", ";", ":", "—", "、", "，", "；", "：", "،")
_CLOSERS: Final = "\"'”’)]»」』"

# What a cut costs; the cheapest set of cuts wins.
_CAPTION_COST: Final = 10.0
_CLAUSE_COST: Final = 8.0
_PLAIN_COST: Final = 30.0
_SHORT_COST: Final = 20.0


@dataclass(frozen=True, slots=True)
class Caption:
    """Something to read, and when."""

    lines: tuple[str, ...]
    """One or two. A single word longer than a line stays whole."""
    start_ms: int
    end_ms: int
    speaker: str | None = None


def captions(tokens: Iterable[Token]) -> list[Caption]:
    """Cut a transcript into captions, in order and without overlap."""
    groups = [group for run in _runs(words(tokens)) for group in _cut(run)]
    timed: list[Caption] = []
    earliest_ms = 0
    for index, group in enumerate(groups):
        start_ms = max(group[0].start_ms, earliest_ms)
        said_ms = max(group[-1].end_ms, start_ms + 1)
        end_ms = max(said_ms + LINGER_MS, start_ms + MIN_MS)
        if index + 1 < len(groups):
            end_ms = min(end_ms, max(groups[index + 1][0].start_ms, start_ms + 1))
        end_ms = min(end_ms, start_ms + MAX_MS)
        timed.append(Caption(_lines(group), start_ms, end_ms, group[0].speaker))
        earliest_ms = end_ms
    return timed


def srt(shown: Iterable[Caption]) -> str:
    """Return captions as a SubRip file."""
    blocks = [
        f"{number}\n{_clock(caption.start_ms, ',')} --> {_clock(caption.end_ms, ',')}\n"
        + "\n".join(caption.lines)
        + "\n"
        for number, caption in enumerate(shown, start=1)
    ]
    return "\n".join(blocks)


def vtt(shown: Iterable[Caption]) -> str:
    """Return captions as a WebVTT file."""
    blocks = ["WEBVTT\n"]
    for caption in shown:
        voice = "" if caption.speaker is None else f"<v Speaker {html.escape(caption.speaker)}>"
        lines = "\n".join(html.escape(line, quote=False) for line in caption.lines)
        times = f"{_clock(caption.start_ms, '.')} --> {_clock(caption.end_ms, '.')}"
        blocks.append(f"{times}\n{voice}{lines}\n")
    return "\n".join(blocks)


def _clock(ms: int, mark: str) -> str:
    seconds, rest = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{rest:03}"


def _runs(said: Sequence[TimedWord]) -> list[list[TimedWord]]:
    """Split where a new caption must begin: at endpoints, new speakers and long pauses."""
    runs: list[list[TimedWord]] = []
    for word in said:
        previous = runs[-1][-1] if runs else None
        if (
            previous is None
            or word.paragraph != previous.paragraph
            or word.start_ms - previous.end_ms >= PAUSE_MS
        ):
            runs.append([word])
        else:
            runs[-1].append(word)
    return runs


def _cut(run: Sequence[TimedWord]) -> list[Sequence[TimedWord]]:
    """Cut a run into captions at the least cost, counted from its end."""
    count = len(run)
    best = [0.0] * (count + 1)
    ends = [count] * count
    for start in reversed(range(count)):
        best[start] = float("inf")
        for end in range(start + 1, count + 1):
            group = run[start:end]
            if end - start > 1 and not _fits(group):
                break
            cost = best[end] + _cost(group, is_last=end == count)
            if cost < best[start]:
                best[start], ends[start] = cost, end
    groups: list[Sequence[TimedWord]] = []
    start = 0
    while start < count:
        groups.append(run[start : ends[start]])
        start = ends[start]
    return groups


def _fits(group: Sequence[TimedWord]) -> bool:
    return group[-1].end_ms - group[0].start_ms <= MAX_MS and len(_filled(group)) <= LINES


def _cost(group: Sequence[TimedWord], *, is_last: bool) -> float:
    last = group[-1].text.rstrip(_CLOSERS)
    cost = _CAPTION_COST
    if not is_last and not last.endswith(_SENTENCE_ENDS):
        cost += _CLAUSE_COST if last.endswith(_CLAUSE_ENDS) else _PLAIN_COST
    if group[-1].end_ms - group[0].start_ms < MIN_MS:
        cost += _SHORT_COST
    # Sentences that share a caption are better apart when each has the time to be read.
    inside = sum(word.text.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS) for word in group[:-1])
    return cost + _CAPTION_COST * inside


def _filled(group: Sequence[TimedWord]) -> list[list[TimedWord]]:
    """Fill lines one after the other."""
    lines: list[list[TimedWord]] = []
    width = 0
    for word in group:
        added = len(word.text) + word.has_space_before
        if lines and width + added <= LINE_CHARACTERS:
            lines[-1].append(word)
            width += added
        else:
            lines.append([word])
            width = len(word.text)
    return lines


def _lines(group: Sequence[TimedWord]) -> tuple[str, ...]:
    """Lay a caption out: one line if it fits, else two of similar length, cut after a comma."""
    whole = joined(group)
    if len(whole) <= LINE_CHARACTERS or len(group) == 1:
        return (whole,)
    best: tuple[float, tuple[str, str]] | None = None
    for cut in range(1, len(group)):
        upper, lower = joined(group[:cut]), joined(group[cut:])
        if cut > 1 and len(upper) > LINE_CHARACTERS:
            break
        if len(lower) > LINE_CHARACTERS and cut < len(group) - 1:
            continue
        is_free = group[cut - 1].text.rstrip(_CLOSERS).endswith((*_SENTENCE_ENDS, *_CLAUSE_ENDS))
        badness = abs(len(upper) - len(lower)) - (12 if is_free else 0)
        if best is None or badness < best[0]:
            best = (badness, (upper, lower))
    assert best is not None
    return best[1]
