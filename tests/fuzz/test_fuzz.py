"""Whatever a client sends, it is answered well: a slice of `python -m bench.fuzz`.

A failure prints the command that repeats it, and the smallest case that still fails.
"""

import asyncio

import pytest
from bench.fuzz.arena import in_process, over_sockets, random_of
from bench.fuzz.case import BrokenPromiseError, shrunk
from bench.fuzz.control_rules import Op
from bench.fuzz.controls import ControlCase
from bench.fuzz.runs import KINDS, run
from bench.fuzz.start_rules import FIELDS, expected
from bench.fuzz.starts import StartCase
from bench.fuzz.streams import StreamCase
from bench.fuzz.transcript import Transcript
from bench.fuzz.wire import ACTS, HANDSHAKES, WireCase

SEED = 1
CASES = {"starts": 1_000, "controls": 120, "timed": 60, "streams": 120, "wire": 50}


@pytest.mark.parametrize("kind", CASES)
def test_whatever_a_client_sends_is_answered(kind: str) -> None:
    result = run(seed=SEED, cases=CASES[kind], kinds=(kind,))
    assert not result["failures"], "\n".join(result["failures"])
    assert sum(result["kinds"][kind]["endings"].values()) == CASES[kind]


def test_a_case_is_the_same_each_time() -> None:
    for kind, how in KINDS.items():
        for number in range(20):
            assert how.make(random_of(7, kind, number)) == how.make(random_of(7, kind, number))


# What was found once stays found.


async def check(case: StartCase | ControlCase | StreamCase) -> str:
    async with in_process() as arena:
        return await arena.run(case)


async def test_a_key_that_is_not_unicode_is_a_wrong_key() -> None:
    key = (('"api_key"', '"\\ud800"'),)
    assert await check(StartCase(key, headers=())) == "unauthenticated"
    assert await check(StartCase(key)) == "invalid_request"


@pytest.mark.parametrize("act", [*ACTS, *HANDSHAKES])
def test_every_broken_websocket_is_borne(act: str) -> None:
    async def bear() -> None:
        async with over_sockets() as arena:
            for seed in range(3):
                await arena.run(WireCase(act, seed))

    asyncio.run(bear())


# The rules themselves: they must notice what is wrong.

RESULT = '{"tokens":[%s],"final_audio_proc_ms":%d,"total_audio_proc_ms":%d}'
TOKEN = '{"text":"%s","start_ms":%d,"end_ms":%d,"confidence":0.9,"is_final":%s}'


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        ([RESULT % ("", 5, 4)], "more final than total"),
        ([RESULT % ("", 5, 5), RESULT % ("", 4, 5)], "went back"),
        ([RESULT % (TOKEN % ("a", 0, 9, "true"), 5, 5)], "beyond the counter"),
        ([RESULT % (TOKEN % (" a", 0, 5, "true"), 5, 5)], "begins with a space"),
        ([RESULT % (TOKEN % ("<end>", 5, 5, "true"), 5, 5)], "<end> unasked"),
        ([RESULT % (TOKEN % ("a", 2, 1, "true"), 5, 5)], "ends before it starts"),
        (
            [RESULT % (TOKEN % ("a", 0, 1, "false") + "," + TOKEN % (" b", 1, 2, "true"), 5, 5)],
            "final token behind",
        ),
        ([RESULT % ("", 1, 2) + " ", '{"tokens":[],"error_code":500}'], "other fields"),
        (['{"tokens":[],"finished":true,"error_type":null}'], "other fields"),
        (['{"tokens":[],"error_type":"internal_error"}'], "crash"),
    ],
)
def test_a_broken_promise_is_noticed(frames: list[str], problem: str) -> None:
    def take() -> None:
        transcript = Transcript()
        for frame in frames:
            transcript.take(frame)

    with pytest.raises(BrokenPromiseError, match=problem):
        take()


RIGHT = {"model": "stt-rt-v5", "audio_format": "wav"}


@pytest.mark.parametrize("field", FIELDS)
def test_the_checker_refuses_every_field_that_is_an_object_of_nothing(field: str) -> None:
    value = 5 if field == "context" else {"": 1}
    wanted = expected(RIGHT | {field: value})
    assert not wanted.may_be_accepted
    assert wanted.types == {"invalid_request"}


async def test_a_failing_case_is_made_small() -> None:
    async def fails(case: object) -> bool:
        assert isinstance(case, ControlCase)
        return sum(op.kind == "end" for op in case.ops) >= 2

    ops = (Op("start"), Op("end"), *(Op("settle") for _ in range(20)), Op("end"))
    smallest = await shrunk(ControlCase(ops), fails)
    assert isinstance(smallest, ControlCase)
    assert [op.kind for op in smallest.ops] == ["end", "end"]
