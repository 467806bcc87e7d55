"""Those who knew the passphrase, remembered by a signed cookie. No I/O: the time is an argument.

A cookie says until when it holds, signed with a secret that this process made: nothing is kept for
each visitor, and a restart ends all visits.
"""

import hashlib
import hmac
import secrets
from typing import Final

COOKIE: Final = "oyez_page"
LIFE_S: Final = 12 * 3_600
MAX_COOKIE_CHARACTERS: Final = 200


class Visits:
    """Checks the passphrase, makes and checks cookies.

    Args:
        passphrase: What visitors must know.
    """

    def __init__(self, passphrase: str) -> None:
        self._passphrase = _digest(passphrase)
        self._secret = secrets.token_bytes(32)

    def knows(self, passphrase: str) -> bool:
        """Whether it is the passphrase; takes the same time whatever is wrong with it."""
        return hmac.compare_digest(_digest(passphrase), self._passphrase)

    def cookie(self, *, now_s: float) -> str:
        """Return the value of a cookie that holds for `LIFE_S`."""
        content = f"{int(now_s) + LIFE_S}.{secrets.token_urlsafe(16)}"
        return f"{content}.{self._signature(content)}"

    def is_known(self, cookie: str | None, *, now_s: float) -> bool:
        """Whether this process made the cookie and it still holds."""
        if cookie is None or len(cookie) > MAX_COOKIE_CHARACTERS or not cookie.isascii():
            return False
        content, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature, self._signature(content)):
            return False
        return now_s < int(content.partition(".")[0])

    def _signature(self, content: str) -> str:
        return hmac.new(self._secret, content.encode(), hashlib.sha256).hexdigest()


def _digest(passphrase: str) -> bytes:
    # Of equal length for every passphrase, so that a comparison tells no length either.
    return hashlib.sha256(passphrase.encode("utf-8", "surrogatepass")).digest()
