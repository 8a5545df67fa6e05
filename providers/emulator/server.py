"""HTTP/1.1 with connections that stay open, on Werkzeug's threaded server (whose own handler closes each)."""

import io
import socket
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .wire import HangUp


class Handler(WSGIRequestHandler):
    """Reads the whole request, sends head and body in one write, keeps the connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300

    def run_wsgi(self) -> None:
        """Answer one request; `HangUp` from the application closes the connection instead."""
        environ = self.make_environ()
        if not environ.get("wsgi.input_terminated"):
            length = int(self.headers.get("Content-Length") or 0)
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(length))
        head: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            head.update(status=status, headers=headers)

        try:
            chunks = self.server.app(environ, start_response)
            self._send(head, chunks)
        except (HangUp, ConnectionError, ClientDisconnected):  # the last: a client that died while it wrote
            self._hang_up()

    def _send(self, head: dict[str, Any], chunks: Iterable[bytes]) -> None:
        lines = [f"HTTP/1.1 {head['status']}", *(f"{name}: {value}" for name, value in head["headers"])]
        waiting = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if self.command == "HEAD":
            self.wfile.write(waiting)
            return
        for chunk in chunks:
            self.wfile.write(waiting + chunk)
            waiting = b""
        if waiting:
            self.wfile.write(waiting)
        if ("Connection", "close") in head["headers"]:
            self.close_connection = True

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was faster

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the ledger is the record of what was done."""

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Say nothing about clients that go away."""


class EmulatorServer:
    """The running server: `start()` in a thread for tests, or `serve()` for the program."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        self._server: BaseWSGIServer = make_server(host, port, app, threaded=True, request_handler=Handler)
        self._serving = False
        self._thread = threading.Thread(target=self.serve, name="emulator", daemon=True)
        self.port: int = self._server.server_port

    def serve(self) -> None:
        """Answer until `stop()`."""
        self._serving = True
        self._server.serve_forever(poll_interval=0.02)

    def start(self) -> None:
        """Answer in a thread of its own."""
        self._serving = True
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections and wait for the thread."""
        if self._serving:  # shutdown() waits for a loop, for ever when there never was one
            self._server.shutdown()
        if self._thread.ident is not None:
            self._thread.join()
        self._server.server_close()


def status_line(status: int) -> str:
    """`200 OK`, also for numbers without a name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"
