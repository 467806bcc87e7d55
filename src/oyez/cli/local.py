"""Where a command's speech is recognised: at a running server, or at one of its own."""

import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oyez.cli.options import DEFAULT_MODEL
from oyez.cli.problems import Misuse, server_parts

if TYPE_CHECKING:
    from oyez.client.sync_client import OyezClient


@dataclass(frozen=True, slots=True)
class Place:
    """A server to transcribe at."""

    api_key: str
    url: str
    """Complete address of the real-time endpoint, or a base address."""
    model: str
    """What the start message names."""
    load_s: float | None = None
    """How long the models took to load, when the server is ours."""

    def client(self) -> "OyezClient":
        """Return a client of this server."""
        from oyez.client.sync_client import OyezClient

        return OyezClient(api_key=self.api_key, base_url=self.url)


@contextmanager
def place(
    url: str | None, api_key: str | None, model: str | None, languages: Sequence[str] = ()
) -> Iterator[Place]:
    """Give a server: the one at `url`, or else one that lives as long as the block.

    Args:
        url: Address of a running server, or None.
        api_key: Its key.
        model: Name of a model, or None for the default.
        languages: Languages that must be among the model's; a running server is not asked.

    Raises:
        Misuse: A language is not served.
        Problem: The server's parts are not installed.
        EngineError: The model cannot be loaded.
    """
    if url is None:
        with local_server(model or DEFAULT_MODEL, languages) as own:
            yield own
        return
    from oyez.client.options import addresses, checked_key
    from oyez.protocol.models import REAL_TIME_MODEL

    addresses(url)
    yield Place(checked_key(api_key), url, model or REAL_TIME_MODEL)


@contextmanager
def local_server(model: str, languages: Sequence[str] = ()) -> Iterator[Place]:
    """Start a server on a free port of this machine, with a key that nobody else knows.

    Raises:
        Misuse: A language is not served.
        Problem: The server's parts are not installed.
        EngineError: The model cannot be loaded.
    """
    with server_parts():
        from oyez.server.run import ServerThread
        from oyez.server.settings import Settings
    from oyez.protocol.models import REAL_TIME_MODEL

    for name in ("oyez", "uvicorn"):
        logging.getLogger(name).addHandler(logging.NullHandler())  # the command itself reports
    key = secrets.token_hex(16)
    began_s = time.perf_counter()
    with ServerThread(Settings(api_key=key, port=0, model=model)) as server:
        load_s = time.perf_counter() - began_s
        served = server.hub.model.languages
        unknown = [language for language in languages if language not in served]
        if unknown:
            raise Misuse(
                f"The model {model} does not know {', '.join(unknown)}; it knows "
                f"{', '.join(served)}. See `oyez models`."
            )
        yield Place(key, server.websocket_url, REAL_TIME_MODEL, load_s)
