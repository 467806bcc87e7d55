"""Every exception oyez raises, in one tree.

    OyezError
    ├── OyezValidationError(ValueError)      an argument was refused before anything was sent
    ├── OyezRealtimeError                    a real-time session or a REST request failed
    │   ├── OyezConnectError                 no session: nothing answered, or the handshake failed
    │   ├── OyezConnectionLostError          the socket closed before the server said `finished`
    │   ├── OyezRequestError                 a REST request got no answer
    │   ├── OyezServerError                  the server refused or failed
    │   │   ├── OyezInvalidRequestError      400: configuration, control message or audio
    │   │   │   └── OyezModelNotAvailableError
    │   │   ├── OyezAuthenticationError      401: key missing, wrong or expired
    │   │   ├── OyezPermissionDeniedError    403: the key may not do this, or its session is over
    │   │   ├── OyezNotFoundError            404: REST: nothing has this name
    │   │   ├── OyezConflictError            409: REST: its state does not allow this now
    │   │   ├── OyezQuotaError               402, 429: a limit; wait or raise it
    │   │   ├── OyezTimeoutError             408: nothing was sent for too long
    │   │   ├── OyezMaxDurationError         413: the stream reached its longest duration
    │   │   └── OyezUnavailableError         500, 503: start again
    │   └── OyezProtocolError                a message broke the rules of the protocol
    │       ├── LocalProtocolError           ours: a bug in the calling code
    │       └── RemoteProtocolError          theirs: what to answer is in `problems`
    ├── AudioError(ValueError)               bytes that are not the promised audio
    ├── EngineError
    │   ├── EngineNotFoundError(LookupError) no engine of that name is installed
    │   ├── ModelNotInstalledError           the engine is known, its weights are not here
    │   ├── EngineBusyError                  the work waited past its deadline and was dropped
    │   └── EngineClosedError                the runtime was shut down
    ├── ManifestError(ValueError)            the benchmark's list of recordings
    └── StoreError                           keys, usage and limits: the database
        ├── StoreUnavailableError            it did not answer in time
        ├── StoreVersionError                another version of oyez made it
        ├── KeyNotFoundError(LookupError)    no key has this id
        └── InvalidCursorError(ValueError)   the next page of another query, or of none

Exceptions carry facts as attributes and build their text from them.
"""

from oyez.errors.account import (
    HeardToken,
    StreamAccount,
)
from oyez.errors.base import (
    NextStep,
    OyezError,
    OyezValidationError,
)
from oyez.errors.hearing import (
    AudioError,
    EngineBusyError,
    EngineClosedError,
    EngineError,
    EngineNotFoundError,
    ModelNotInstalledError,
)
from oyez.errors.measuring import ManifestError
from oyez.errors.realtime import (
    FieldProblem,
    LocalProtocolError,
    OyezAuthenticationError,
    OyezConnectError,
    OyezConnectionLostError,
    OyezInvalidRequestError,
    OyezMaxDurationError,
    OyezModelNotAvailableError,
    OyezPermissionDeniedError,
    OyezProtocolError,
    OyezQuotaError,
    OyezRealtimeError,
    OyezServerError,
    OyezTimeoutError,
    OyezUnavailableError,
    RemoteProtocolError,
)
from oyez.errors.rest import OyezConflictError, OyezNotFoundError, OyezRequestError
from oyez.errors.store import (
    InvalidCursorError,
    KeyNotFoundError,
    StoreError,
    StoreUnavailableError,
    StoreVersionError,
)

__all__ = [
    "AudioError",
    "EngineBusyError",
    "EngineClosedError",
    "EngineError",
    "EngineNotFoundError",
    "FieldProblem",
    "HeardToken",
    "InvalidCursorError",
    "KeyNotFoundError",
    "LocalProtocolError",
    "ManifestError",
    "ModelNotInstalledError",
    "NextStep",
    "OyezAuthenticationError",
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
    "RemoteProtocolError",
    "StoreError",
    "StoreUnavailableError",
    "StoreVersionError",
    "StreamAccount",
]
