"""An emulator that runs: world, application, server, sender and mail catcher together."""

from .app import Application
from .mails import smtp_catcher
from .sender import Sender
from .server import EmulatorServer
from .world import World


class RunningEmulator:
    """`start()` for tests, `serve()` for the program; `stop()` ends every wait and closes the file."""

    def __init__(self, data: str = ":memory:", host: str = "127.0.0.1", port: int = 0, smtp_port: int | None = None):
        self.world = World(data)
        self.application = Application(self.world)
        self.server = EmulatorServer(self.application, host, port)
        self._sender = Sender(self.world, self.application.run_late)
        self._catcher = None if smtp_port is None else smtp_catcher(self.world.mails, host, smtp_port)
        self.base_url = f"http://{host}:{self.server.port}"

    def start(self) -> None:
        """Answer in background threads."""
        self._begin()
        self.server.start()

    def serve(self) -> None:
        """Answer in this thread until it is interrupted."""
        self._begin()
        self.server.serve()

    def stop(self) -> None:
        """End everything and wait for it."""
        self.world.stopping.set()
        self.server.stop()
        self._sender.join()
        if self._catcher is not None:
            self._catcher.stop()
        self.world.close()

    def _begin(self) -> None:
        if self._catcher is not None:
            self._catcher.start()
        self._sender.start()
