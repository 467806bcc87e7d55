"""Reading what the suite wrote: its verdicts by section, and how each socket was closed."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

VERDICTS: Final = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED")
SECTIONS: Final[Mapping[str, str]] = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing",
    "9": "limits and performance",
    "10": "auto-fragmentation",
    "12": "compression",
    "13": "compression, parameters",
}
CLOSE_CODES: Final = (None, 1000, 1002, 1007, 1009)
"""Codes with which a stream may be closed whatever its client does; None: it had been closed by the
client, or the connection was broken off."""


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one case."""

    case: str
    behavior: str
    closing: str
    details: Path

    @property
    def section(self) -> str:
        """The number before the first dot."""
        return self.case.split(".")[0]

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`: closing wrongly fails a case as well."""
        is_bad = self.behavior not in VERDICTS or self.closing not in VERDICTS
        return "FAILED" if is_bad or self.closing == "FAILED" else self.behavior

    def read(self) -> dict[str, Any]:
        """Return everything that the suite wrote about it."""
        found: dict[str, Any] = json.loads(self.details.read_text("utf-8", errors="replace"))
        return found


def results(folder: Path, agent: str) -> list[Result]:
    """Return the verdicts on an agent, in the order of the cases."""
    index = json.loads((folder / "index.json").read_text("utf-8"))
    found = [
        Result(case, entry["behavior"], entry["behaviorClose"], folder / entry["reportfile"])
        for case, entry in index.get(agent, {}).items()
    ]
    return sorted(found, key=lambda result: [int(part) for part in result.case.split(".")])


def rows(found: list[Result]) -> list[list[str]]:
    """Return the rows of a table: a section, its cases, and how many had each verdict."""
    lines = []
    for section in dict.fromkeys(result.section for result in found):
        counts = Counter(result.verdict for result in found if result.section == section)
        title = f"{section} {SECTIONS.get(section, '')}".strip()
        numbers = (counts.total(), *(counts[verdict] for verdict in VERDICTS))
        lines.append([title, *map(str, numbers)])
    return lines


def problem_of_stream(found: Result) -> str | None:
    """Return what a stream's endpoint did wrong in a case, or None.

    The suite wants its messages back, and a stream answers them with one error instead: its
    verdicts mean nothing here. What must hold is that the socket was closed, in time, by a code
    that belongs to a server.
    """
    details = found.read()
    if details["wasServerConnectionDropTimeout"] or details["wasCloseHandshakeTimeout"]:
        return "the server did not close its end in time"
    if details["wasOpenHandshakeTimeout"]:
        return "no handshake"
    code = details["remoteCloseCode"]
    is_echo = code == details["localCloseCode"]
    if code not in CLOSE_CODES and not is_echo and details["closedByMe"] is False:
        return f"closed with {code}"
    texts = [entry for entry in details["wirelog"] if entry[0] == "RF" and entry[2] == 1]
    return "more than one message" if len(texts) > 1 else None
