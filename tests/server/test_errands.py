"""Readings on their way to the runtime and back."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np

from oyez.engines.base import StreamOptions, Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedWord
from oyez.errors import EngineBusyError
from oyez.runtime.local import LocalRuntime
from oyez.server.errands import DEADLINES_S, Answer, Errands
from oyez.session.needs import Need
from oyez.session.readings import Purpose, Reading
from oyez.transcript.hypothesis import Hypothesis

PATIENCE_S = 5.0


class Gated(ScriptedRecognizer):
    """Reads when the gate is open."""

    def __init__(self) -> None:
        super().__init__([ScriptedWord("word", 0, 10)])
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        self.begun.release()
        assert self.gate.wait(PATIENCE_S)
        return super().recognize(windows)


class Office:
    """A runtime with one worker, a clock that is set, and what came back."""

    def __init__(self) -> None:
        self.engine = Gated()
        self.now_s = 100.0
        self.runtime = LocalRuntime(self.engine, clock=lambda: self.now_s)
        self.stream = self.runtime.open_stream(StreamOptions())
        self.answers: list[Answer] = []
        self.errands = Errands(self.runtime, self.answers.append)

    def reading(self, number: int, purpose: Purpose) -> Reading:
        window = Window(self.stream, np.zeros(160, np.float32), number)
        return Reading(Need(number, number + 160), purpose, window)

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.engine.begun.acquire, timeout=PATIENCE_S)

    async def answered(self, count: int) -> list[Answer]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.answers) < count:
                await asyncio.sleep(0.001)
        return self.answers


def test_an_answer_says_how_long_it_was_waited_for() -> None:
    async def scene() -> None:
        office = Office()
        reading = office.reading(1, Purpose.COMMIT)
        office.errands.run([reading])
        await office.has_begun()
        office.now_s += 0.25
        office.engine.gate.set()
        (answer,) = await office.answered(1)
        assert answer.reading is reading
        assert answer.waited_ms == 250
        assert answer.future.result().text == " word"
        office.runtime.close()

    asyncio.run(scene())


def test_what_is_handed_out_again_is_hurried_and_waited_for_anew() -> None:
    async def scene() -> None:
        office = Office()
        first, second = office.reading(1, Purpose.FINAL), office.reading(2, Purpose.PARTIAL)
        office.errands.run([first, second])
        await office.has_begun()
        office.now_s += 0.1
        second.purpose = Purpose.COMMIT
        office.errands.run([second])
        office.now_s += DEADLINES_S[Purpose.PARTIAL] + 0.1  # it would have expired
        office.engine.gate.set()
        answers = await office.answered(2)
        assert [answer.reading for answer in answers] == [first, second]
        assert answers[1].future.exception() is None
        assert answers[1].waited_ms == 450
        office.runtime.close()

    asyncio.run(scene())


def test_optional_work_that_waited_too_long_is_answered_with_busy() -> None:
    async def scene() -> None:
        office = Office()
        office.errands.run([office.reading(1, Purpose.FINAL), office.reading(2, Purpose.PARTIAL)])
        await office.has_begun()
        office.now_s += DEADLINES_S[Purpose.PARTIAL] + 0.1
        office.engine.gate.set()
        _, late = await office.answered(2)
        assert isinstance(late.future.exception(), EngineBusyError)
        office.runtime.close()

    asyncio.run(scene())


def test_only_what_has_not_begun_is_dropped() -> None:
    async def scene() -> None:
        office = Office()
        begun, waiting = office.reading(1, Purpose.PARTIAL), office.reading(2, Purpose.PARTIAL)
        office.errands.run([begun])
        await office.has_begun()
        office.errands.run([waiting])
        assert office.errands.drop([begun, waiting]) == [waiting]
        office.engine.gate.set()
        (answer,) = await office.answered(1)
        assert answer.reading is begun
        office.errands.run([waiting])  # it may be asked for again
        await office.answered(2)
        office.runtime.close()

    asyncio.run(scene())


def test_after_a_withdrawal_nothing_comes_back() -> None:
    async def scene() -> None:
        office = Office()
        office.errands.run([office.reading(1, Purpose.FINAL), office.reading(2, Purpose.FINAL)])
        await office.has_begun()
        office.errands.withdraw()
        office.engine.gate.set()
        await asyncio.to_thread(office.runtime.close)
        await asyncio.sleep(0.05)
        assert not office.answers
        assert office.runtime.queue_length == 0

    asyncio.run(scene())
