"""Whether a socket is let in, before its key is looked at."""

from starlette.datastructures import Headers

from oyez.errors import RemoteProtocolError
from oyez.server.origins import is_allowed
from oyez.server.settings import Settings


def door_problem(
    headers: Headers, settings: Settings, *, is_crowded: bool
) -> RemoteProtocolError | None:
    """Return why a socket is refused, or None.

    It is told in a frame, as a wrong key is: a browser hides from a page, and so from the people
    who run it, why a handshake failed.
    """
    if is_crowded:
        limit = settings.connection_limit
        return RemoteProtocolError(
            "max_concurrent_connections_reached",
            [f"This server holds {limit} connections at a time. Close others or wait."],
        )
    if not is_allowed(headers, settings):
        return RemoteProtocolError(
            "permission_denied",
            ["Pages of this origin may not use the server: its operator can allow the origin."],
        )
    return None
