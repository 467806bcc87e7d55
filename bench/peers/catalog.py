"""Which peers there are, and where they are installed."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.checkout import CHECKOUT

HERE: Final = Path(__file__).parent
HOME: Final = CHECKOUT / "build" / "peers"
"""Where their environments are, and weights that were put together."""
OWN: Final = "own"
"""The environment of the project itself."""
ENVIRONMENTS: Final = ("whisper", "sphinx")
"""Each has `requirements-NAME.lock` here."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A recogniser that is measured beside ours."""

    name: str
    environment: str
    worker: str
    arguments: tuple[str, ...] = ()
    is_live: bool = True
    """Whether it shows anything before it is asked."""

    @property
    def python(self) -> Path:
        """The interpreter that runs it."""
        if self.environment == OWN:
            return Path(sys.executable)
        return interpreter(HOME / self.environment)

    @property
    def is_installed(self) -> bool:
        """Whether its environment has been made from the lock file as it is now."""
        return self.environment == OWN or is_made(self.environment)

    def command(self) -> list[str]:
        """Return what starts it."""
        return [str(self.python), str(HERE / "workers" / f"{self.worker}.py"), *self.arguments]


PEERS: Final = (
    Peer("moonshine-voice tiny", OWN, "moonshine_worker", ("tiny",)),
    Peer("moonshine-voice base", OWN, "moonshine_worker", ("base",)),
    Peer(
        "faster-whisper tiny.en, whole",
        "whisper",
        "whisper_worker",
        ("tiny.en", "whole", str(HOME)),
        is_live=False,
    ),
    Peer(
        "faster-whisper base, whole",
        "whisper",
        "whisper_worker",
        ("base", "whole", str(HOME)),
        is_live=False,
    ),
    Peer("faster-whisper base, again", "whisper", "whisper_worker", ("base", "again", str(HOME))),
    Peer("pocketsphinx", "sphinx", "sphinx_worker"),
)


def interpreter(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    if sys.platform == "win32":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def lock_of(environment: str) -> Path:
    """Return the lock file of an environment."""
    return HERE / f"requirements-{environment}.lock"


def is_made(environment: str) -> bool:
    """Return whether an environment holds what its lock file says."""
    stamp = HOME / environment / "made-from.lock"
    return stamp.is_file() and stamp.read_bytes() == lock_of(environment).read_bytes()
