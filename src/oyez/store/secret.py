"""Secrets: how they are made, and the hash that is kept of them."""

import hashlib
import hmac
import secrets
from typing import Final

PREFIX: Final = "oyez_"
TEMPORARY_PREFIX: Final = "oyez_temp_"
"""No key's secret begins so: hexadecimal digits follow the shorter prefix."""
RANDOM_BYTES: Final = 20
HINT_LENGTH: Final = 9


def make_secret(prefix: str) -> str:
    """Return a new secret: a prefix and 160 random bits, all letters, digits and underscores."""
    return prefix + secrets.token_hex(RANDOM_BYTES)


def hash_of(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal digits. Any string has one."""
    # A key from JSON may hold half a surrogate pair, which UTF-8 cannot say.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_same(left: str, right: str) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
