"""A desk for tasks, on each kind of database."""

from tests.webapp.services.conftest import desk, one_emulator

__all__ = ["desk", "one_emulator"]
