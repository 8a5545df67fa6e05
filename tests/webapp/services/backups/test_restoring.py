"""Restoring: into recovery mode, never over what is there unasked, and not at all when something is wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from tests import factories
from tests.backups import site_of, upgrade
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Installation, Shop
from webapp.services import recovery, runtime
from webapp.services.backups import restoring, taking
from webapp.services.backups.errors import BackupError
from webapp.services.backups.site import Site
from webapp.services.unit_of_work import in_transaction


def codes() -> list[str]:
    return in_transaction(lambda tx: list(tx.scalars(select(Shop.code).order_by(Shop.code))))


def test_the_restored_desk_is_in_recovery_from_the_backups_own_moment_K20(
    desk: Desk, site: Site, tmp_path: Path
) -> None:
    operation = desk.ask(desk.payment(3300), 100)
    before = in_transaction(runtime.current().clock.now)
    path = taking.take(site, tmp_path / "one.backup")
    after = in_transaction(runtime.current().clock.now)
    factories.shop("later")
    with pytest.raises(BackupError, match="--replace"):
        restoring.restore(site, path, desk.actor, upgrade, replace=False)
    assert codes() == ["later", "tea"]
    done = restoring.restore(site, path, desk.actor, upgrade, replace=True)
    assert codes() == ["tea"]
    standing = recovery.standing()
    assert standing.backup_taken_at is not None
    assert before <= standing.backup_taken_at <= after
    assert (done.in_doubt, standing.in_doubt, standing.is_begun) == (1, 1, True)
    assert desk.operation(operation).state is OperationState.UNKNOWN
    assert done.kept is not None
    kept = done.kept.removeprefix("schema ")
    if desk.is_postgresql:
        assert in_transaction(lambda tx: tx.scalar(select(Shop.code).from_statement(_later(kept)))) == "later"
    else:
        with closing(sqlite3.connect(kept)) as old:
            assert old.execute("select count(*) from shops").fetchone() == (2,)
    again = taking.take(site, tmp_path / "two.backup")  # what was kept is no part of the next backup
    assert restoring.restore(site, again, desk.actor, upgrade, replace=True).header.revision == site.newest
    desk.assert_books_are_whole()


def _later(schema: str):  # type: ignore[no-untyped-def]
    from sqlalchemy import text

    return text(f"select code from {schema}.shops where code = 'later'").columns(Shop.code)


def test_while_anybody_uses_the_database_it_is_not_replaced(desk: Desk, site: Site, tmp_path: Path) -> None:
    path = taking.take(site, tmp_path / "one.backup")
    factories.shop("later")
    program = (
        "import sys\nfrom sqlalchemy import create_engine, text\n"
        "connection = create_engine(sys.argv[1]).connect()\n"
        "connection.execute(text('select 1 from shops')).all()\nconnection.rollback()\n"
        "print('open', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, site.database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "open\n"
        with pytest.raises(BackupError, match="Stop the web server"):
            restoring.restore(site, path, desk.actor, upgrade, replace=True)
        user.communicate("")
    assert codes() == ["later", "tea"]
    assert recovery.standing().since is None


def test_what_does_not_open_changes_nothing(desk: Desk, site: Site, tmp_path: Path) -> None:
    path = taking.take(site, tmp_path / "one.backup")
    cut = tmp_path / "cut.backup"
    cut.write_bytes(path.read_bytes()[:-1])
    other = site_of("sqlite:////nowhere" if desk.is_postgresql else "postgresql+psycopg://nowhere/desk", tmp_path)
    newer = tmp_path / "newer.backup"
    desk.raw("update alembic_version set version_num = '9999'")
    taking.take(site, newer)
    desk.raw(f"update alembic_version set version_num = '{site.newest}'")
    for where, what, words in (
        (site, cut, "damaged"),
        (other, path, "PAYDESK_DATABASE_URL names"),
        (site, newer, "does not know"),
        (site_of(site.database_url, tmp_path, key="A" * 43 + "="), path, "not in PAYDESK_KEYRING"),
    ):
        with pytest.raises(BackupError, match=words):
            restoring.restore(where, what, desk.actor, upgrade, replace=True)
    assert codes() == ["tea"]
    assert in_transaction(lambda tx: tx.get_one(Installation, 1)).recovery_since is None
    assert not [left for left in tmp_path.iterdir() if left.name.startswith((".", "restore-"))]


def test_a_database_that_is_broken_or_gone_is_replaced_by_the_backup(desk: Desk, tmp_path: Path, site: Site) -> None:
    path = taking.take(site, tmp_path / "one.backup")
    runtime.current().engine.dispose()
    if desk.is_postgresql:
        desk.raw("drop schema public cascade", "create schema public")
        runtime.current().engine.dispose()
        assert restoring.restore(site, path, desk.actor, upgrade, replace=False).kept is None
    else:
        site.sqlite_path.write_bytes(b"rubbish" * 1000)
        done = restoring.restore(site, path, desk.actor, upgrade, replace=True)
        assert Path(done.kept or "").read_bytes() == b"rubbish" * 1000
    assert codes() == ["tea"]
