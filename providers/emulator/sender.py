"""The thread that does what is due without being asked: deliveries, and late effects whose time has come."""

import threading
from collections.abc import Callable

import httpx

from .webhooks import Delivery
from .world import World

PAUSE_SECONDS = 0.05
RECEIVER_SECONDS = 10.0


class Sender:
    """Sends one delivery after the other, so that their order is the order in which they fell due."""

    def __init__(self, world: World, run_late: Callable[[], None]) -> None:
        self._world = world
        self._run_late = run_late
        self._thread = threading.Thread(target=self._run, name="emulator-sender", daemon=True)

    def start(self) -> None:
        """Begin to work in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end; `World.stopping` has to be set."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        client: httpx.Client | None = None
        while not self._world.stopping.wait(PAUSE_SECONDS):
            self._run_late()
            with self._world.lock:
                due = self._world.outbox.due()
            if due and client is None:  # made late: loading certificates would slow every start
                client = httpx.Client(timeout=RECEIVER_SECONDS, trust_env=False)
            for delivery in due:
                if client is not None and not self._world.stopping.is_set():
                    self._deliver(client, delivery)
        if client is not None:
            client.close()

    def _deliver(self, client: httpx.Client, delivery: Delivery) -> None:
        try:
            status = client.post(
                delivery.url or "", content=delivery.body.encode(), headers=delivery.headers
            ).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = 0
        with self._world.lock:
            if delivery.n in self._world.outbox.deliveries:
                self._world.outbox.note(delivery.n, status)
