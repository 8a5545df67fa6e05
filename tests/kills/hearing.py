"""The desk hears its provider: gunicorn at an address to which the emulator sends what happens there."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.emulator import SECRET_KEY
from tests.kills.blows import Blow
from tests.kills.programs import Program, until
from tests.kills.world import World
from tests.mail_catcher import free_port
from tests.webapp.services.webhooks.hooks import SECRET, give_secret

FORGED = "0" * 64


@dataclass
class Ear:
    """The address of one world's web process."""

    world: World
    port: int

    def serve(self, blow: Blow | None = None) -> Program:
        """Start the web process and wait until its address is open."""
        program = self.world.start("web", blow, port=str(self.port))
        until(self._is_open, 20, "the web process listens")
        return program

    def _is_open(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def genuine(self) -> Sequence[dict[str, Any]]:
        """The deliveries that bear the provider's own signature, oldest first."""
        sent = self.world.desk.emulator.webhooks()
        return [each for each in sent if FORGED not in each["headers"].values()]

    def send_again(self) -> int:
        """What was lost or failed is sent once more, as from the provider's own page; answers how many."""
        missing = [each["n"] for each in self.genuine() if each["state"] in {"lost", "failed"}]
        for number in missing:
            self.world.desk.emulator.control("POST", f"webhooks/{number}", {"action": "send"})
        return len(missing)


def open_ear(world: World) -> Ear:
    """Let the emulator's account send to a web process that is still to be started."""
    give_secret(world.desk)
    port = free_port()
    address = f"http://127.0.0.1:{port}/webhooks/komoju/{world.desk.account().webhook_token}"
    world.desk.emulator.account(SECRET_KEY, webhook_url=address, webhook_secret=SECRET)
    return Ear(world, port)
