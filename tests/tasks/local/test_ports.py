"""Taken ports are named before anything starts."""

import socket

from tasks.local.ports import taken_ports
from webapp.config import local_ports


def free_port(count: int) -> int:
    """The first of `count` neighbouring ports that were free just now."""
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 65_000 and not taken_ports({str(step): port + step for step in range(count)}):
            return port
    raise AssertionError("no free neighbouring ports")


def test_free_ports_are_no_trouble() -> None:
    assert taken_ports(local_ports(free_port(5))) == []


def test_a_taken_port_is_named_with_the_variable_that_moves_it() -> None:
    port = free_port(5)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 2))
        other.listen()

        lines = taken_ports(local_ports(port))

    assert len(lines) == 1
    assert f"Port {port + 2} (emulator) is taken" in lines[0]
    assert "PAYDESK_PORT" in lines[0]
