"""What all exceptions have in common."""

from enum import StrEnum


class NextStep(StrEnum):
    """What to do about a session that failed."""

    RETRY_NOW = "retry_now"
    """Open a new session and do the same again: the fault was not in what you sent."""
    NEW_SESSION = "new_session"
    """Open a new session and go on with the audio that is not final yet."""
    WAIT = "wait"
    """Try again later, or end other sessions first: a limit was reached."""
    FIX_REQUEST = "fix_request"
    """Correct what was sent or set; the same again fails the same way."""
    NEW_KEY = "new_key"
    """Get a key that is valid, has the permission, or has session time left."""


class OyezError(Exception):
    """Base of every exception oyez raises."""


class OyezValidationError(OyezError, ValueError):
    """An argument was refused before anything was sent."""
