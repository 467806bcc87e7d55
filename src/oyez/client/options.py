"""What a client is told once: the key and the addresses."""

import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from oyez.client.problems import problems_of
from oyez.errors import OyezValidationError
from oyez.protocol.config import RealtimeSTTConfig

DEFAULT_BASE_URL: Final = "ws://127.0.0.1:8484"
"""Where `oyez serve` listens unless told otherwise."""
WEBSOCKET_PATH: Final = "/transcribe-websocket"
DEFAULT_TIMEOUT_SEC: Final = 30.0
DEFAULT_MAX_RETRIES: Final = 2

_SCHEMES: Final[Mapping[str, tuple[str, str]]] = {
    "ws": ("ws", "http"),
    "http": ("ws", "http"),
    "wss": ("wss", "https"),
    "https": ("wss", "https"),
}


class ClientOptions:
    """Options of a client, filled in from the environment and checked.

    Attributes:
        api_key: The key that sessions are opened with.
        websocket_base_url: Complete address of the real-time endpoint.
        api_base_url: Address of the REST API.
        timeout_sec: Longest wait for a REST call, retries included.
        max_retries: How often a REST call is made again, when that is safe.

    Raises:
        OyezValidationError: The key is missing, or something is malformed.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        websocket_base_url: str | None = None,
        api_base_url: str | None = None,
        timeout_sec: float | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
    ) -> None:
        self.api_key = checked_key(api_key or os.environ.get("OYEZ_API_KEY"))
        websocket_url, api_url = addresses(
            base_url
            or _without_query(websocket_base_url)
            or api_base_url
            or os.environ.get("OYEZ_BASE_URL")
            or DEFAULT_BASE_URL
        )
        self.websocket_base_url = websocket_base_url or websocket_url
        self.api_base_url = api_base_url or api_url
        self.max_retries = checked_count("max_retries", max_retries)
        self.timeout_sec = (
            DEFAULT_TIMEOUT_SEC
            if timeout_sec is None
            else checked_seconds("timeout_sec", timeout_sec)
        )


def addresses(base_url: str) -> tuple[str, str]:
    """Return the WebSocket and the REST address of a server.

    Args:
        base_url: Its address with ws, wss, http or https, with or without the endpoint's path.

    Raises:
        OyezValidationError: It is no such address.
    """
    text = base_url.strip()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise OyezValidationError(f"Malformed server address {text!r}: {error}.") from error
    schemes = _SCHEMES.get(parts.scheme)
    if schemes is None or not host:
        raise OyezValidationError(
            f"Malformed server address {text!r}: write it like {DEFAULT_BASE_URL} "
            "(ws, wss, http or https, then the host and port)."
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise OyezValidationError(
            "A server address has no user, query or fragment; the key goes into OYEZ_API_KEY "
            "or api_key=."
        )
    path = parts.path.rstrip("/")
    path = path.removesuffix(WEBSOCKET_PATH).removesuffix("/v1")
    websocket_scheme, api_scheme = schemes
    return (
        f"{websocket_scheme}://{parts.netloc}{path}{WEBSOCKET_PATH}",
        f"{api_scheme}://{parts.netloc}{path}/v1",
    )


def _without_query(websocket_url: str | None) -> str | None:
    """Return what the REST address is made of; a query and a fragment are the endpoint's own."""
    return websocket_url and websocket_url.partition("#")[0].partition("?")[0]


def checked_key(key: str | None) -> str:
    """Return the key without surrounding space.

    Raises:
        OyezValidationError: There is none, or no header can hold it.
    """
    key = (key or "").strip()
    if not key:
        raise OyezValidationError(
            "An API key is missing: set OYEZ_API_KEY or pass api_key=. "
            "For your own server any key will do, as long as `oyez serve` was started "
            "with the same OYEZ_API_KEY."
        )
    if not (key.isascii() and key.isprintable()):
        raise OyezValidationError("The API key holds characters that no header can carry.")
    return key


def checked_seconds(name: str, value: float) -> float:
    """Return a duration.

    Raises:
        OyezValidationError: It is not above zero.
    """
    if not value > 0:
        raise OyezValidationError(f"{name} must be above zero, not {value!r}.")
    return value


def checked_count(name: str, value: int) -> int:
    """Return a number of times.

    Raises:
        OyezValidationError: It is below zero.
    """
    if value < 0:
        raise OyezValidationError(f"{name} must not be below zero, not {value!r}.")
    return value


def checked_config(config: RealtimeSTTConfig | Mapping[str, Any]) -> RealtimeSTTConfig:
    """Return a configuration given as one or as a dict.

    Raises:
        OyezValidationError: A field is unknown, out of range or missing.
    """
    if isinstance(config, RealtimeSTTConfig):
        return config
    if not isinstance(config, Mapping):
        raise OyezValidationError(
            f"config must be a RealtimeSTTConfig or a dict, not {type(config).__name__}."
        )
    unknown = sorted(set(config) - set(RealtimeSTTConfig.model_fields))
    if unknown:
        hint = " The key goes into connect(api_key=...)." if "api_key" in unknown else ""
        raise OyezValidationError(f"Unknown config fields: {', '.join(unknown)}.{hint}")
    try:
        return RealtimeSTTConfig.model_validate(config)
    except ValidationError as error:
        problems = problems_of(error, "config")
        raise OyezValidationError(f"The config is wrong: {problems}.") from error
