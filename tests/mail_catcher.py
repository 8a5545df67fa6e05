"""The emulator's mail catcher for tests: a real SMTP server in this process, and what came."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from providers.emulator.mail_faults import read_mail_fault
from providers.emulator.mails import MailBox, smtp_catcher


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Catcher:
    """One running mail server."""

    box: MailBox
    address: str

    def fault(self, kind: str, **fields: Any) -> None:
        """Let something go wrong."""
        self.box.faults.add(read_mail_fault({"kind": kind, **fields}))

    def well_again(self) -> None:
        """Let nothing go wrong."""
        self.box.faults.clear()

    def empty(self) -> None:
        """As new."""
        self.box.clear()
        self.box.faults.clear()

    def mails(self, recipient: str | None = None) -> list[dict[str, Any]]:
        """What came, oldest first; only to one address when it is given."""
        return [mail for mail in reversed(self.box.listing()) if recipient in (None, *mail["recipients"])]


@contextmanager
def running_catcher() -> Iterator[Catcher]:
    """A mail server on a free port."""
    box, port = MailBox(), free_port()
    server = smtp_catcher(box, "127.0.0.1", port)
    server.start()
    try:
        yield Catcher(box, f"smtp://127.0.0.1:{port}")
    finally:
        server.stop()
