"""What a client sent and nobody has dealt with yet: in order, bounded by its bytes."""

import asyncio
from collections import deque
from typing import Final

from oyez.protocol.messages import Audio, ClientMessage

MESSAGE_BYTES: Final = 128
"""What a message takes beside its audio, so that many small ones fill the inbox too."""


class Inbox:
    """A queue between the socket's reader and the stream's listener.

    Args:
        max_bytes: Bytes of messages from which on the reader is made to wait.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._messages: deque[ClientMessage] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    @property
    def is_full(self) -> bool:
        """Whether the reader should wait."""
        return self._bytes >= self._max_bytes

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._messages

    def put(self, message: ClientMessage) -> None:
        """Add a message. The caller waits for room before it reads the next from the socket."""
        self._bytes += _weight(message)
        self._messages.append(message)
        self._filled.set()
        if self.is_full:
            self._drained.clear()

    async def room(self) -> None:
        """Wait until there is room. Cancelling is safe."""
        await self._drained.wait()

    async def take(self, *, max_bytes: int) -> ClientMessage:
        """Wait for the next message and return it. Cancelling is safe.

        Audio comes in pieces of at most `max_bytes`; small pieces that follow one another are
        joined, since each costs a hop to another thread.
        """
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        message = self._popleft()
        if isinstance(message, Audio):
            message = self._joined(message, max_bytes)
        if not self.is_full:
            self._drained.set()
        return message

    def _joined(self, first: Audio, max_bytes: int) -> Audio:
        pieces = [first.data]
        size = len(first.data)
        while size < max_bytes and self._messages and isinstance(self._messages[0], Audio):
            following = self._popleft()
            assert isinstance(following, Audio)
            pieces.append(following.data)
            size += len(following.data)
        data = b"".join(pieces) if len(pieces) > 1 else pieces[0]
        if len(data) > max_bytes:
            # All at once: cutting off one piece at a time would copy the rest again and again.
            rest = [
                Audio(data[at : at + max_bytes]) for at in range(max_bytes, len(data), max_bytes)
            ]
            self._messages.extendleft(reversed(rest))
            self._bytes += sum(map(_weight, rest))
            data = data[:max_bytes]
        return Audio(data)

    def _popleft(self) -> ClientMessage:
        message = self._messages.popleft()
        self._bytes -= _weight(message)
        return message


def _weight(message: ClientMessage) -> int:
    return MESSAGE_BYTES + (len(message.data) if isinstance(message, Audio) else 0)
