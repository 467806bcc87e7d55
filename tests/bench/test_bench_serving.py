"""The server of the benchmark: it is there while it is needed, and not a moment longer."""

import contextlib
import signal
import subprocess
import sys

import psutil  # type: ignore[import-untyped]
import pytest

from oyez.bench.serving import ServerProcess, is_ready

WAIT_S = 30.0
HARNESS = """
import time
from oyez.bench.serving import ServerProcess

with ServerProcess("scripted") as server:
    print(server.pid, flush=True)
    time.sleep(300)
"""


def test_a_server_is_ready_inside_and_gone_afterwards() -> None:
    with ServerProcess("scripted") as server:
        assert is_ready(server.target.url)
        assert server.usage().rss_mb > 1.0
        process = psutil.Process(server.pid)
    assert not process.is_running()
    assert not is_ready(server.target.url)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_benchmark_that_is_killed_leaves_no_server_behind(name: str) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert harness.stdout is not None
    server = psutil.Process(int(harness.stdout.readline()))
    try:
        harness.send_signal(getattr(signal, name))
        # The server writes to the same standard error, which ends when both have ended.
        harness.communicate(timeout=WAIT_S)
    finally:
        harness.kill()
        with contextlib.suppress(psutil.NoSuchProcess):
            server.kill()
