"""An engine whose readings can be counted for as long as anybody keeps them."""

import weakref
from collections.abc import Sequence
from dataclasses import replace

from oyez.engines.base import Window
from oyez.engines.scripted import ScriptedRecognizer
from oyez.transcript.hypothesis import Hypothesis


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
