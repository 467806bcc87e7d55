"""A TCP proxy that can fail as networks do."""

import contextlib
import selectors
import socket
import struct
import threading
from typing import Final, Self
from urllib.parse import urlsplit

BUFFER_BYTES: Final = 16 * 1024
PATIENCE_S: Final = 20.0


class TcpProxy:
    """Forwards one connection after another to a server. A context manager.

    Args:
        url: The server's address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self.flows = threading.Event()
        """Cleared: nothing is read or forwarded, and nobody is told."""
        self.flows.set()
        self.connections = 0
        self._pair: tuple[socket.socket, socket.socket] | None = None
        self._thread = threading.Thread(target=self._serve, name="tcp-proxy")
        self._is_stopped = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._is_stopped = True
        self.flows.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        self._thread.join(PATIENCE_S)
        self._listener.close()
        assert not self._thread.is_alive()

    def cut(self) -> None:
        """End both connections, as when a process is killed."""
        for end in self._pair or ():
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Send the client a TCP reset: a socket without linger is closed so."""
        assert self._pair
        client, server = self._pair
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.shutdown(socket.SHUT_RDWR)
        self.flows.set()

    def _serve(self) -> None:
        while not self._is_stopped:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(self._target) as server:
                self._pair = (client, server)
                self.connections += 1
                self._forward(client, server)
                self._pair = None

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    self.flows.wait()
                    try:
                        data = key.fileobj.recv(BUFFER_BYTES)  # type: ignore[union-attr]
                        key.data.sendall(data)
                    except OSError:
                        return
                    if not data:
                        return
