"""The ways to present an API key."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oyez.errors import RemoteProtocolError

SUBPROTOCOL: Final = "soniox-api-key"
"""Subprotocol whose next entry is the key; the server selects it, or browsers would give up."""
BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Presented:
    """What a handshake says about the key."""

    key: str | None
    subprotocol: str | None
    """The subprotocol to select, if the client offered one."""
    problem: RemoteProtocolError | None = None
    """Why the handshake's key cannot be used; said in a frame once the socket is open."""


def from_handshake(authorization: str | None, subprotocols: Sequence[str]) -> Presented:
    """Read the key from a handshake's headers.

    Args:
        authorization: The `Authorization` header.
        subprotocols: The offered subprotocols, in order.
    """
    offered: str | None = None
    selected: str | None = None
    if SUBPROTOCOL in subprotocols:
        selected = SUBPROTOCOL
        position = subprotocols.index(SUBPROTOCOL) + 1
        offered = subprotocols[position] if position < len(subprotocols) else None
    if authorization is None:
        return Presented(offered, selected)
    if not authorization.lower().startswith(BEARER):
        problem = RemoteProtocolError(
            "unauthenticated", ["The Authorization header must have the form `Bearer KEY`."]
        )
        return Presented(None, selected, problem)
    if selected is not None:
        problem = RemoteProtocolError(
            "invalid_request", ["Present the key once: as a header or as a subprotocol, not both."]
        )
        return Presented(None, selected, problem)
    return Presented(authorization[len(BEARER) :].strip(), selected)


def the_key(presented: str | None, in_start: str | None) -> str:
    """Return the key of a connection.

    Args:
        presented: The key of the handshake.
        in_start: The key of the start message.

    Raises:
        RemoteProtocolError: There is none, or there are two that differ.
    """
    if presented is not None and in_start is not None and not is_same(presented, in_start):
        raise RemoteProtocolError(
            "invalid_request",
            ["The handshake and the start message present different keys: present one."],
        )
    key = presented if presented is not None else in_start
    if not key:
        raise RemoteProtocolError(
            "unauthenticated",
            ["No API key was presented: send it as `Authorization: Bearer KEY`."],
        )
    return key


def make_key() -> str:
    """Return a new random key: 128 bits, legal as a subprotocol token."""
    return f"oyez_{secrets.token_hex(16)}"


def is_same(left: str, right: str) -> bool:
    """Compare two keys in a time that tells nothing about them."""
    # A key from JSON may hold half a surrogate pair, which UTF-8 cannot say.
    pair = (key.encode("utf-8", "surrogatepass") for key in (left, right))
    return hmac.compare_digest(*pair)
