"""A process that is killed loses nothing that it was told is done, and holds nothing for long."""

import json
import signal
import subprocess
import sys

from oyez.store.base import LEASE_TTL_MS, ApiKey, KeyProblem, Lease, ScopeLimits
from oyez.store.opening import open_store

NOW = 1_800_000_000_000
WRITER = f"""
import json, sys
from oyez.store.opening import open_store
store = open_store(sys.argv[1])
while True:
    lease = store.admit("busy", now_ms={NOW})
    made = store.create_key("made", now_ms={NOW})
    short = store.create_temporary_key(
        now_ms={NOW}, usage_type="transcribe_websocket", expires_in_s=60, single_use=True
    )
    claimed = store.create_temporary_key(
        now_ms={NOW}, usage_type="transcribe_websocket", expires_in_s=60, single_use=True
    )
    store.claim_temporary_key(claimed.key.id, now_ms={NOW})
    print(json.dumps([lease.id, made.secret, short.secret, claimed.secret]), flush=True)
"""
ROUNDS = 5


def test_a_killed_process_keeps_its_word_and_its_places_lapse(url: str) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WRITER, url], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    told = [json.loads(writer.stdout.readline()) for _ in range(ROUNDS)]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    told += [json.loads(line) for line in rest.splitlines() if line.endswith("]")]

    store = open_store(url)
    for _, secret, unclaimed, claimed in told:
        assert isinstance(store.find_key(secret, now_ms=NOW), ApiKey)
        assert not isinstance(store.find_key(unclaimed, now_ms=NOW), KeyProblem)
        assert store.find_key(claimed, now_ms=NOW) is KeyProblem.USED
    count = store.concurrency("busy", now_ms=NOW).project.concurrent_sessions
    assert len(told) <= count <= len(told) + 1
    later_ms = NOW + LEASE_TTL_MS
    assert store.concurrency("busy", now_ms=later_ms).project.concurrent_sessions == 0
    store.set_limits(ScopeLimits(concurrent_sessions=1), project="busy")
    assert isinstance(store.admit("busy", now_ms=later_ms), Lease)
    store.close()
