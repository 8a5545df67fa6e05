"""Servers that misbehave below HTTP, for tests of the client: each connection is given to a function."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class RawServer:
    """Listens on a free loopback port; counts connections and keeps the requests' heads."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.stopping = threading.Event()
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads[0].start()

    def head(self, connection: socket.socket) -> bytes:
        """Read one request (without looking at its length) and keep it."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return b""
            received += piece
        self.requests.append(received)
        return received

    def stop(self) -> None:
        """Close the listener and let the handlers end."""
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._handle(connection)
            except OSError:
                return  # the client hung up first, which several tests are about


@contextmanager
def serving(handle: Callable[["RawServer", socket.socket], None]) -> Iterator[RawServer]:
    """A server whose connections are handled by `handle(server, connection)`."""
    server: RawServer
    server = RawServer(lambda connection: handle(server, connection))
    try:
        yield server
    finally:
        server.stop()


def answering(*answers: bytes) -> Callable[["RawServer", socket.socket], None]:
    """One answer per request on the same connection, then the connection is closed."""

    def handle(server: RawServer, connection: socket.socket) -> None:
        for answer in answers:
            if not server.head(connection):
                return
            connection.sendall(answer)

    return handle
