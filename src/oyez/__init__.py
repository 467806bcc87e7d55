"""Real-time speech to text on your own machine.

The names below are loaded when they are first used, so `import oyez` costs almost nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oyez.client.async_client import AsyncOyezClient
    from oyez.client.sync_client import OyezClient
    from oyez.errors import (
        OyezAuthenticationError,
        OyezConflictError,
        OyezConnectError,
        OyezConnectionLostError,
        OyezError,
        OyezInvalidRequestError,
        OyezMaxDurationError,
        OyezModelNotAvailableError,
        OyezNotFoundError,
        OyezPermissionDeniedError,
        OyezProtocolError,
        OyezQuotaError,
        OyezRealtimeError,
        OyezRequestError,
        OyezServerError,
        OyezTimeoutError,
        OyezUnavailableError,
        OyezValidationError,
    )
    from oyez.protocol.config import RealtimeSTTConfig

    __version__: str

__all__ = [
    "AsyncOyezClient",
    "OyezAuthenticationError",
    "OyezClient",
    "OyezConflictError",
    "OyezConnectError",
    "OyezConnectionLostError",
    "OyezError",
    "OyezInvalidRequestError",
    "OyezMaxDurationError",
    "OyezModelNotAvailableError",
    "OyezNotFoundError",
    "OyezPermissionDeniedError",
    "OyezProtocolError",
    "OyezQuotaError",
    "OyezRealtimeError",
    "OyezRequestError",
    "OyezServerError",
    "OyezTimeoutError",
    "OyezUnavailableError",
    "OyezValidationError",
    "RealtimeSTTConfig",
    "__version__",
]

_HOMES = {
    "AsyncOyezClient": "oyez.client.async_client",
    "OyezClient": "oyez.client.sync_client",
    "RealtimeSTTConfig": "oyez.protocol.config",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("oyez")
    elif name in __all__:
        value = getattr(import_module(_HOMES.get(name, "oyez.errors")), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
