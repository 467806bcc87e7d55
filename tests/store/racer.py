"""One process of a race. See `races.py`, which tells it what to do, a line of JSON a race.

For each line it gets ready, writes `ready`, waits for another line, tries in many threads at once,
and writes what each thread got.
"""

import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from oyez.store.base import Lease, Store
from oyez.store.opening import open_store

NOW = 1_800_000_000_000
PATIENCE_S = 60.0


def claim(store: Store, key_id: str) -> bool:
    return store.claim_temporary_key(key_id, now_ms=NOW)


def admit(store: Store, project: str) -> bool:
    return isinstance(store.admit(project, now_ms=NOW), Lease)


ACTIONS: dict[str, Callable[[Store, str], bool]] = {
    "claim": claim,
    "admit": admit,
}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def race_to_open(url: str) -> list[bool]:
    say("ready")
    sys.stdin.readline()
    open_store(url, timeout_s=PATIENCE_S).close()
    return [True]


def race(url: str, threads: int, action: str, argument: str) -> list[bool]:
    store = open_store(url, timeout_s=PATIENCE_S)
    together = threading.Barrier(threads + 1)

    def act(_: int) -> bool:
        together.wait(PATIENCE_S)
        return ACTIONS[action](store, argument)

    try:
        with ThreadPoolExecutor(threads) as pool:
            results = pool.map(act, range(threads))
            say("ready")
            sys.stdin.readline()
            together.wait(PATIENCE_S)
            return list(results)
    finally:
        store.close()


def main() -> None:
    for line in sys.stdin:
        url, threads, action, argument = json.loads(line)
        results = race_to_open(url) if action == "open" else race(url, threads, action, argument)
        say(json.dumps(results))


if __name__ == "__main__":
    main()
