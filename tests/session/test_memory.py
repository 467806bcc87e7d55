"""A session keeps what it may still need, and little of it."""

import weakref
from collections.abc import Sequence
from dataclasses import replace

from oyez.engines.base import Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, script_audio
from oyez.transcript.hypothesis import Hypothesis

from .driver import Bench, chunked
from .speech import numbers, pcm, sentence

KEPT = 4
"""Readings at most: the last commit, the last of any kind, and those of a pause."""


class Computed:
    """Stands for the megabytes that an engine leaves in a draft."""


class Leaver(ScriptedRecognizer):
    """Leaves something in every draft, and knows what became of it."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.left: weakref.WeakSet[Computed] = weakref.WeakSet()

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        return [self._leave(hypothesis) for hypothesis in super().recognize(windows)]

    def _leave(self, hypothesis: Hypothesis) -> Hypothesis:
        computed = Computed()
        self.left.add(computed)
        return replace(hypothesis, draft=computed)


def test_of_the_readings_of_a_growing_segment_few_are_kept() -> None:
    script = sentence(numbers(40))
    recognizer = Leaver(script)
    bench = Bench(recognizer, ScriptedVad())
    kept = []
    for message in chunked(pcm(script_audio(script, script[-1].end_ms)), [3_200]):
        bench.say(message)
        kept.append(len(recognizer.left))
    assert bench.readings > 5 * KEPT
    assert max(kept) <= KEPT
    assert len(bench.talk.text.split()) == 40
