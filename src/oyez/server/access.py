"""What a key opens: the server's own, a stored one, a temporary one."""

from dataclasses import dataclass
from typing import Final

from oyez.errors import RemoteProtocolError
from oyez.store.base import (
    DEFAULT_PROJECT,
    ApiKey,
    KeyProblem,
    Permission,
    TemporaryKey,
    UsageType,
)

FoundKey = ApiKey | TemporaryKey | KeyProblem
"""What a store says of a secret."""

STREAMING: Final[UsageType] = "transcribe_websocket"

PERMISSION_OF_USAGE: Final = {
    "transcribe_websocket": Permission.STT_REAL_TIME,
    "tts_rt": Permission.TTS_REAL_TIME,
}
"""What a key must be allowed itself to make temporary keys for it."""

PROBLEMS: Final = {
    KeyProblem.UNKNOWN: "The API key is wrong: use the key that this server was given.",
    KeyProblem.EXPIRED: "The API key has expired: get a new one.",
    KeyProblem.REVOKED: "The API key was revoked: get a new one.",
    KeyProblem.USED: "The temporary key is for one stream, which was opened: get a new one.",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What whoever presented a key may do. The server's own key: everything."""

    project: str = DEFAULT_PROJECT
    """Whose usage and limits count."""
    api_key: ApiKey | None = None
    temporary: TemporaryKey | None = None

    @property
    def is_own(self) -> bool:
        """Whether it is the server's own key, which needs no store."""
        return self.api_key is None and self.temporary is None

    @property
    def api_key_id(self) -> str | None:
        """The stored key behind it."""
        if self.temporary is not None:
            return self.temporary.api_key_id
        return self.api_key.id if self.api_key is not None else None

    @property
    def session_limit_s(self) -> float | None:
        """Longest stream, from the opening of its socket."""
        return self.temporary.max_session_duration_s if self.temporary is not None else None

    def check(self, permission: Permission) -> None:
        """Refuse what the key may not do.

        Raises:
            RemoteProtocolError: `permission_denied`, which names the permission.
        """
        if self.api_key is not None and not self.api_key.may(permission):
            raise RemoteProtocolError(
                "permission_denied",
                [f"The API key lacks the permission {permission.value}: use one that has it."],
            )


def grant_for_stream(found: FoundKey) -> Grant:
    """Return what a key opens on a WebSocket.

    Raises:
        RemoteProtocolError: Nothing.
    """
    match found:
        case KeyProblem():
            raise unauthenticated(found)
        case TemporaryKey(usage_type=usage) if usage != STREAMING:
            raise RemoteProtocolError(
                "unauthenticated",
                [f"The temporary key was made for {usage}: make one for {STREAMING}."],
            )
        case TemporaryKey():
            return Grant(found.project, temporary=found)
        case ApiKey():
            grant = Grant(found.project, api_key=found)
            grant.check(Permission.STT_REAL_TIME)
            return grant


def grant_for_request(found: FoundKey) -> Grant:
    """Return what a key may ask of the REST API; each request checks its own permission.

    Raises:
        RemoteProtocolError: Nothing.
    """
    match found:
        case KeyProblem():
            raise unauthenticated(found)
        case TemporaryKey():
            raise RemoteProtocolError(
                "unauthenticated",
                ["A temporary key opens streams only: use the key that made it."],
            )
        case ApiKey():
            return Grant(found.project, api_key=found)


def unauthenticated(problem: KeyProblem) -> RemoteProtocolError:
    """Return the refusal that says why a key opens nothing."""
    return RemoteProtocolError("unauthenticated", [PROBLEMS[problem]])
