"""What a client sent and nobody has dealt with yet: in order, bounded by its audio bytes."""

import asyncio
from collections import deque

from oyez.protocol.messages import Audio, ClientMessage


class Inbox:
    """A queue between the socket's reader and the stream's listener.

    Args:
        max_bytes: Audio bytes from which on the reader is made to wait.
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

    def put(self, message: ClientMessage) -> None:
        """Add a message. The caller waits for room before it reads the next from the socket."""
        if isinstance(message, Audio):
            self._bytes += len(message.data)
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
        message = self._messages.popleft()
        if not isinstance(message, Audio):
            return message
        pieces = [message.data]
        size = len(message.data)
        while size < max_bytes and self._messages and isinstance(self._messages[0], Audio):
            following = self._messages.popleft()
            assert isinstance(following, Audio)
            pieces.append(following.data)
            size += len(following.data)
        data = b"".join(pieces) if len(pieces) > 1 else pieces[0]
        if len(data) > max_bytes:
            # The view shares memory: cutting a large message into pieces copies each byte once.
            self._messages.appendleft(Audio(data[max_bytes:]))
            data = data[:max_bytes]
        self._bytes -= len(data)
        if not self.is_full:
            self._drained.set()
        return Audio(data)
