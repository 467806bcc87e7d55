"""Where a page of usage records begins, as an opaque text that URLs can hold."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from oyez.store.records import UsageOrder

MAX_LENGTH: Final = 512
MAX_INTEGER: Final = 2**63 - 1
_LETTERS: Final[dict[UsageOrder, str]] = {"end_time_asc": "a", "end_time_desc": "d"}


@dataclass(frozen=True, slots=True)
class Position:
    """The last record of the page before."""

    order: UsageOrder
    end_ms: int
    uuid: str

    def encode(self) -> str:
        """Return the cursor."""
        facts = [_LETTERS[self.order], self.end_ms, self.uuid]
        packed = json.dumps(facts, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(cursor: str, order: UsageOrder) -> Position | None:
    """Return the position; None when the cursor is no cursor, or one of another order."""
    if len(cursor) > MAX_LENGTH:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        facts = json.loads(base64.b64decode(padded.encode("ascii"), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    match facts:
        case [str(letter), int(end_ms), str(uuid)] if (
            letter == _LETTERS[order]
            and not isinstance(end_ms, bool)
            and 0 <= end_ms <= MAX_INTEGER
            and "\0" not in uuid
            and uuid.isascii()
        ):
            return Position(order, end_ms, uuid)
        case _:
            return None
