"""Running the suite and judging what it found."""

import asyncio
import json
import os
import shutil
import subprocess
from typing import Any, Final

from bench.autobahn.report import VERDICTS, Result, problem_of_stream, results, rows
from bench.autobahn.serving import ECHO_PATH, STREAM_PATH, EchoingServer
from bench.checkout import CHECKOUT
from bench.fuzz.arena import watching
from bench.fuzz.case import KEY, BrokenPromiseError
from bench.fuzz.wire import WireCase
from oyez.bench import tables
from oyez.bench.plan import Plan
from oyez.server.settings import Settings

HOME: Final = CHECKOUT / "build" / "autobahn"
"""Where the suite is installed."""
REPORTS: Final = CHECKOUT / "bench" / "out" / "autobahn-reports"
TIMEOUT_S: Final = 900.0
ECHO: Final = "echo"
STREAM: Final = "stream"
QUICK: Final = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
STREAM_CASES: Final = ("2.*", "3.*", "4.*", "5.*", "6.*", "7.*")
"""What shows something about an endpoint that does not echo."""
INSTALL: Final = (
    "The suite is not installed: see the head of bench/autobahn/__init__.py for the line that "
    f"puts it into {HOME.relative_to(CHECKOUT)}."
)


def measure(plan: Plan) -> dict[str, Any]:
    """Run the suite on the echo and on the stream; print and return its verdicts."""
    if not (HOME / "bin" / "wstest").is_file():
        tables.note(INSTALL)
        return {"failures": [INSTALL]}
    shutil.rmtree(REPORTS, ignore_errors=True)
    with (
        watching() as watch,
        EchoingServer(Settings(api_key=KEY, port=0, model="scripted")) as server,
    ):
        run_suite(server.url(ECHO_PATH), ECHO, QUICK if plan.is_quick else ("*",))
        run_suite(server.url(STREAM_PATH), STREAM, STREAM_CASES)
        failures = _after(server)
        logged = watch.take()
    failures += [f"logged as an error: {text}" for text in logged]
    echoed = results(REPORTS / ECHO, ECHO)
    streamed = results(REPORTS / STREAM, STREAM)
    tables.note(tables.table(("echo", "cases", *VERDICTS), rows(echoed)))
    failures += [
        f"echo {result.case}: {result.behavior}, closing {result.closing}"
        for result in echoed
        if result.verdict == "FAILED"
    ]
    failures += _stream(streamed)
    if not echoed or not streamed:
        failures.append("The suite wrote no report.")
    for failure in failures:
        tables.note(f"FAILED {failure}")
    return {
        "echo": {result.case: result.verdict for result in echoed},
        "stream_cases": len(streamed),
        "failures": failures,
    }


def run_suite(url: str, agent: str, cases: tuple[str, ...]) -> None:
    """Run the suite's client; its report goes into a folder named after the agent.

    Raises:
        subprocess.CalledProcessError: It failed itself.
        subprocess.TimeoutExpired: It took more than a quarter of an hour.
    """
    folder = REPORTS / agent
    folder.mkdir(parents=True)
    spec = folder / "spec.json"
    spec.write_text(
        json.dumps(
            {
                "outdir": str(folder),
                "servers": [{"agent": agent, "url": url}],
                "cases": list(cases),
                "exclude-cases": [],
                "exclude-agent-cases": {},
            }
        )
    )
    subprocess.run(
        [str(HOME / "bin" / "wstest"), "-m", "fuzzingclient", "-s", str(spec)],
        env={**os.environ, "PYTHONPATH": str(HOME)},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        check=True,
    )


def _stream(found: list[Result]) -> list[str]:
    """Print how the stream's sockets were closed; return what went wrong."""
    problems = {result.case: problem_of_stream(result) for result in found}
    lines = []
    for section in dict.fromkeys(result.section for result in found):
        cases = [result for result in found if result.section == section]
        codes = [result.read()["remoteCloseCode"] for result in cases]
        borne = sum(problems[result.case] is None for result in cases)
        counts = [str(codes.count(code)) for code in (1000, 1002, 1007)]
        others = len(codes) - sum(map(int, counts))
        lines.append([section, str(len(cases)), str(borne), *counts, str(others)])
    head = ("stream", "cases", "borne", "closed 1000", "1002", "1007", "other")
    tables.note("\n" + tables.table(head, lines))
    return [f"stream {case}: {problem}" for case, problem in problems.items() if problem]


def _after(server: EchoingServer) -> list[str]:
    """Return what is wrong with the server once the suite is through."""

    async def talk() -> str:
        return await WireCase("a whole talk", 0).run(server)

    try:
        asyncio.run(talk())
    except BrokenPromiseError as problem:
        return [f"afterwards: {problem}"]
    left = server.hub.stream_count
    return [f"afterwards: {left} streams left"] if left else []
