"""`python -m oyez.bench.leash MODULE ...`: a module that does not outlive whoever started it.

It runs as `python -m MODULE ...` does, and ends when its standard input does. A pipe there, of
which only the starting process holds the other end, is closed by the system however that process
ends: a server is not left behind by a benchmark that was killed.
"""

import os
import runpy
import sys
import threading

STDIN = 0


def main() -> None:
    """Run the module that the command line names, on this thread."""
    threading.Thread(target=_watch, name="bench-leash", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _watch() -> None:
    # Not `sys.stdin`: a thread that waits in it keeps the interpreter from shutting down.
    while os.read(STDIN, 1024):
        pass
    # Nobody is left to whom an orderly end would matter.
    os._exit(1)


if __name__ == "__main__":
    main()
