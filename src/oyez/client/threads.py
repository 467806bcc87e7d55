"""Audio from a thread of its own."""

import threading
from collections.abc import Iterable

from oyez.client.frames import BytesLike
from oyez.client.sync_session import RealtimeSTTSession


class AudioThread(threading.Thread):
    """A thread that sends audio and loses no exception.

    When the audio source raises, the session ends and the receiving side raises an
    `OyezRealtimeError` caused by that exception. When nothing is left to receive, because the
    stream has ended already, the exception goes to `threading.excepthook`, which prints it. When
    the connection is lost, the thread ends, and the receiving side raises the loss.

    Attributes:
        exception: What the source or the session raised, or None.
    """

    def __init__(
        self,
        session: RealtimeSTTSession,
        chunks: BytesLike | Iterable[BytesLike],
        *,
        name: str | None,
        daemon: bool,
    ) -> None:
        super().__init__(name=name, daemon=daemon)
        self._session = session
        self._chunks = chunks
        self.exception: BaseException | None = None

    def run(self) -> None:
        """Send all audio and its end."""
        try:
            self._session.send_bytes(self._chunks)
        except BaseException as error:
            self.exception = error
            if error is not self._session.error and not self._session.abort(error):
                raise


def start_audio_thread(
    session: RealtimeSTTSession,
    chunks: BytesLike | Iterable[BytesLike],
    *,
    name: str | None = None,
    daemon: bool = True,
) -> AudioThread:
    """Send audio and its end in the background.

    Args:
        session: An entered session.
        chunks: Bytes, or an iterable of them such as `stream_audio(...)`.
        name: Name of the thread.
        daemon: Whether the program may end before the thread does.

    Returns:
        The started thread; see `AudioThread` for how exceptions of the source surface.

    Raises:
        OyezRealtimeError: The session was not entered.
    """
    session.send_bytes(b"", finish=False)  # sends nothing, refuses what was not entered
    thread = AudioThread(session, chunks, name=name, daemon=daemon)
    thread.start()
    return thread
