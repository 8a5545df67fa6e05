"""Tests lie in memory only where that works."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import room


@pytest.mark.parametrize(
    ("free", "flags", "good"),
    [(room.ENOUGH, 0, True), (room.ENOUGH - 1, 0, False), (room.ENOUGH, os.ST_NOEXEC, False)],
)
def test_memory_needs_room_and_the_right_to_run_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, flags: int, good: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=free))
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_flag=flags))
    assert room.is_good(tmp_path) is good
    assert not room.is_good(tmp_path / "not-there")


def test_sockets_get_a_short_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/" + "long" * 10)
    assert room.for_sockets() == "/tmp"
    monkeypatch.setattr(tempfile, "tempdir", "/short")
    assert room.for_sockets() == "/short"


def test_a_folder_that_somebody_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/chosen")
    room.move_in()
    assert os.environ["TMPDIR"] == "/chosen"
