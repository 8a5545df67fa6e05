"""An installation that is backed up, on each kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backups import site_of
from tests.webapp.services.conftest import desk, one_emulator
from webapp.services.backups.site import Site

__all__ = ["desk", "one_emulator"]


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Site:
    """The installation that the desk is."""
    return site_of(database_url, tmp_path)
