"""The part `autobahn` without the suite itself: its echo, and how its verdicts are read."""

import json
from pathlib import Path
from typing import Any

import pytest
from bench.autobahn.report import problem_of_stream, results, rows
from bench.autobahn.serving import ECHO_PATH, EchoingServer
from bench.fuzz.case import KEY
from websockets.asyncio.client import connect

from oyez.server.settings import Settings

DETAILS: dict[str, Any] = {
    "wasServerConnectionDropTimeout": False,
    "wasCloseHandshakeTimeout": False,
    "wasOpenHandshakeTimeout": False,
    "remoteCloseCode": 1002,
    "localCloseCode": 1000,
    "closedByMe": False,
    "wirelog": [],
}


def write(folder: Path, cases: dict[str, tuple[str, str]], **changes: Any) -> None:
    index = {}
    for case, (behavior, closing) in cases.items():
        name = f"{case}.json"
        index[case] = {"behavior": behavior, "behaviorClose": closing, "reportfile": name}
        (folder / name).write_text(json.dumps(DETAILS | changes))
    (folder / "index.json").write_text(json.dumps({"echo": index}))


async def test_the_echo_goes_through_the_server_s_own_transport() -> None:
    with EchoingServer(Settings(api_key=KEY, port=0, model="scripted")) as server:
        async with connect(server.url(ECHO_PATH), proxy=None) as ws:
            assert ws.protocol.extensions == []
            for message in ("words", b"bytes", "", b""):
                await ws.send(message)
                assert await ws.recv() == message


def test_verdicts_are_counted_by_section_in_the_order_of_the_cases(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "10.1.1": ("UNIMPLEMENTED", "OK"),
            "2.10": ("OK", "OK"),
            "2.9": ("NON-STRICT", "OK"),
            "7.1.5": ("OK", "WRONG CODE"),
            "7.1.6": ("INFORMATIONAL", "INFORMATIONAL"),
        },
    )
    found = results(tmp_path, "echo")
    assert [result.case for result in found] == ["2.9", "2.10", "7.1.5", "7.1.6", "10.1.1"]
    assert rows(found) == [
        ["2 pings and pongs", "2", "1", "1", "0", "0", "0"],
        ["7 closing", "2", "0", "0", "1", "0", "1"],
        ["10 auto-fragmentation", "1", "0", "0", "0", "1", "0"],
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"remoteCloseCode": 1011}, "closed with 1011"),
        ({"remoteCloseCode": 4999, "localCloseCode": 4999}, None),
        ({"wasServerConnectionDropTimeout": True}, "the server did not close its end in time"),
        ({"wirelog": [["RF", [1, "x"], 1]] * 2}, "more than one message"),
    ],
)
def test_a_stream_must_close_well(
    tmp_path: Path, changes: dict[str, Any], problem: str | None
) -> None:
    write(tmp_path, {"4.1.1": ("FAILED", "OK")}, **changes)
    (result,) = results(tmp_path, "echo")
    assert problem_of_stream(result) == problem
