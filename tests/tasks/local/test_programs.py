"""What `make run` starts."""

from collections.abc import Callable

from tasks.local.programs import programs
from webapp.config import Settings


def test_each_queue_has_a_worker_of_its_own(make_settings: Callable[..., Settings]) -> None:
    """R19: one queue per worker."""
    commands = [program.command for program in programs(make_settings()) if "tasks.worker" in program.command]

    assert sorted(command[-1] for command in commands) == ["default", "money"]
    assert all(command[-2] == "tasks.worker" for command in commands)


def test_what_others_need_to_finish_ends_last(make_settings: Callable[..., Settings]) -> None:
    last = {program.name for program in programs(make_settings()) if program.last}

    assert last == {"redis", "emulator"}


def test_two_copies_share_no_port(make_settings: Callable[..., Settings]) -> None:
    first, second = (make_settings(port=port) for port in ("8000", "8100"))

    assert not set(first.local_ports.values()) & set(second.local_ports.values())
    words = {word for program in programs(second) for word in program.command}
    assert {"127.0.0.1:8100", "8101", "8102", "8103"} <= words


def test_metrics_have_a_program_unless_their_port_is_switched_off(make_settings: Callable[..., Settings]) -> None:
    on, off = make_settings(port="8000"), make_settings(metrics_port="0")

    assert (on.metrics_port, on.metrics_host) == (8004, "127.0.0.1")
    assert "metrics" in {program.name for program in programs(on)}
    assert "metrics" not in {program.name for program in programs(off)}
