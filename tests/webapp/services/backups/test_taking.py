"""Taking a backup, also while others write; and the drill that says whether one is whole."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.backups import site_of, upgrade
from tests.desk import Desk
from webapp.models import LedgerMovement
from webapp.services.backups import checking, taking
from webapp.services.backups.errors import BackupError
from webapp.services.backups.site import Site
from webapp.services.unit_of_work import in_transaction


def test_a_backup_under_load_is_whole_and_holds_up_no_writer(desk: Desk, site: Site, tmp_path: Path) -> None:
    payment = desk.payment(100_000)
    stop, slowest, written = threading.Event(), [0.0], [0]

    def write() -> None:
        while not stop.is_set():
            started = time.monotonic()
            desk.run(desk.ask(payment, 1))
            slowest[0] = max(slowest[0], time.monotonic() - started)
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while written[0] < 3:
            time.sleep(0.01)
        before = written[0]
        made = [taking.take(site, tmp_path / "0.backup")]
        while written[0] == before:  # a quick backup may fit between two writes
            made.append(taking.take(site, tmp_path / f"{len(made)}.backup"))
    finally:
        stop.set()
        writer.join()
    assert slowest[0] < 5  # SQLite's busy timeout and PostgreSQL's lock timeout: no write was turned away
    for path in made:
        assert checking.check(site, path, upgrade).problems == []


def test_a_backup_is_dated_its_owners_alone_and_old_ones_go(desk: Desk, site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("paydesk-20200101T000000Z.backup", "paydesk-20210101T000000Z.backup", "paydesk-old.txt"):
        (folder / name).write_bytes(b"")
    path = taking.take(site, folder, keep=2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in folder.iterdir()) == [
        "paydesk-20210101T000000Z.backup",
        path.name,
        "paydesk-old.txt",
    ]
    with pytest.raises(BackupError, match="is there already"):
        taking.take(site, path)
    with pytest.raises(BackupError, match="--keep counts"):
        taking.take(site, folder / "one.backup", keep=2)


def test_nothing_is_left_of_a_backup_that_failed(desk: Desk, tmp_path: Path, site: Site) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    gone = site_of(
        site.database_url if desk.is_postgresql else f"sqlite:///{tmp_path}/none.sqlite3",
        tmp_path,
        pg_programs=str(tmp_path),
    )
    words = "PAYDESK_PG_PROGRAMS" if desk.is_postgresql else "There is no database"
    with pytest.raises(BackupError, match=words):
        taking.take(gone, folder)
    assert list(folder.iterdir()) == []


def test_a_password_is_in_no_command_line() -> None:
    words, environ = taking.programs.connection_words("postgresql+psycopg://desk:h%40sh@db/paydesk?sslmode=require")
    assert "h@sh" not in words
    assert environ["PGPASSWORD"] == "h@sh"
    assert {"host=db", "user=desk", "dbname=paydesk", "sslmode=require"} == set(words.split())
    assert not [name for name in environ if name.startswith("PAYDESK_")]


def test_the_drill_names_what_is_wrong_with_the_books_and_leaves_the_desk_alone(
    desk: Desk, site: Site, tmp_path: Path
) -> None:
    payment = desk.payment(3300)
    desk.raw("update payments set refunded_minor = 99")
    path = taking.take(site, tmp_path / "wrong.backup")
    desk.raw("update payments set refunded_minor = 0")
    found = checking.check(site, path, upgrade)
    assert found.problems == [f"I9: the refunded sum of payment {payment} is not that of its movements"]
    assert found.header.kind == site.kind
    assert in_transaction(lambda tx: tx.scalar(select(func.count()).select_from(LedgerMovement)))
    desk.assert_books_are_whole()
