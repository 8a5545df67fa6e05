"""Whether the ports of the local installation are free."""

from __future__ import annotations

import socket
from collections.abc import Mapping

HOST = "127.0.0.1"


def taken_ports(ports: Mapping[str, int]) -> list[str]:
    """One line for each port that another program listens on; empty when all are free."""
    return [
        f"Port {port} ({name}) is taken. Set PAYDESK_PORT to another number; all ports follow from it."
        for name, port in ports.items()
        if not _is_free(port)
    ]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed server's rests do not count
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
