"""`python -m bench.peers`: make the peers' environments from their lock files."""

import shutil
import subprocess
import sys

from bench.peers.catalog import ENVIRONMENTS, HOME, interpreter, is_made, lock_of


def main() -> int:
    """Make what is missing or out of date."""
    for name in ENVIRONMENTS:
        folder, lock = HOME / name, lock_of(name)
        if is_made(name):
            print(f"{name}: ready")
            continue
        print(f"{name}: installing into {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(interpreter(folder)), "-m", "pip", "install", "--quiet"]
        options = ["--disable-pip-version-check", "--require-hashes", "--no-deps"]
        subprocess.run([*pip, *options, "-r", str(lock)], check=True)
        shutil.copy(lock, folder / "made-from.lock")
    return 0


if __name__ == "__main__":
    sys.exit(main())
