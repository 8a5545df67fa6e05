"""A file is stored once, whole, or not at all; what is checked and not wanted goes away."""

from __future__ import annotations

import io
import uuid

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.imports import files
from tests.webapp.services.imports.files import checked, text, the, upload, work
from webapp.models import ImportChunk, ImportRow, ImportState, Mode, OrderImport
from webapp.services.errors import RuleBroken
from webapp.services.imports import deciding, running, staging, uploading
from webapp.services.imports.uploading import Upload
from webapp.services.jobs import upkeep

S = ImportState


class Breaking(io.BytesIO):
    """A connection that breaks off after its first piece."""

    def read(self, size: int | None = -1) -> bytes:
        """One piece, then nothing comes any more."""
        if self.tell():
            raise ConnectionResetError
        return super().read(size)


def test_the_same_form_twice_is_one_import_and_its_id_nobody_elses_R16(desk: Desk) -> None:
    import_id = upload(desk, text("A-1,JPY,1,"))
    assert upload(desk, text("A-2,JPY,1,"), id=import_id) == import_id
    assert files.count(OrderImport) == 1
    with pytest.raises(RuleBroken, match="request_id_taken"):
        upload(desk, text("A-1,JPY,1,"), id=import_id, shop_id=factories.shop("other").id)


def test_an_upload_that_broke_off_is_dropped_after_an_hour(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "PIECE", 16)
    wish = Upload(id=uuid.uuid4(), actor=desk.actor, shop_id=desk.shop_id, mode=Mode.TEST, file_name="x.csv")
    with pytest.raises(ConnectionResetError):
        uploading.take_in(wish, Breaking(text("A-1,JPY,1,")))
    assert not running.run()
    assert files.count(ImportChunk) == 1
    desk.later(minutes=61)
    work()
    assert (the(wish.id).state, files.count(ImportChunk)) == (S.DISCARDED, 0)


def test_who_discards_it_while_it_comes_in_is_heard(desk: Desk) -> None:
    wish = Upload(id=uuid.uuid4(), actor=desk.actor, shop_id=desk.shop_id, mode=Mode.TEST, file_name="x.csv")

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            deciding.discard(wish.id, [desk.shop_id], desk.actor)
            return super().read(size)

    uploading.take_in(wish, Slow(text("A-1,JPY,1,")))
    work()
    assert the(wish.id).state is S.DISCARDED
    upkeep.sweep_out()
    assert files.count(ImportChunk) == 0


def test_what_nobody_decides_on_goes_after_a_week(desk: Desk) -> None:
    row = checked(desk, text("A-1,JPY,1,paid"))
    upkeep.sweep_out()
    assert (the(row.id).state, files.count(ImportRow)) == (S.READY, 1)
    desk.later(days=8)
    upkeep.sweep_out()
    assert (the(row.id).state, files.count(ImportRow)) == (S.DISCARDED, 0)


def test_a_discarded_file_leaves_no_buyer_behind(desk: Desk) -> None:
    row = checked(desk, text("A-1,JPY,1,paid"))
    deciding.discard(row.id, [desk.shop_id], desk.actor)
    running.run(row.id)
    assert files.count(ImportRow) == 0


def test_a_decision_before_the_checker_has_let_go_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(import_id: uuid.UUID) -> None:
        deciding.confirm(import_id, [desk.shop_id], desk.actor)

    monkeypatch.setattr(staging, "clean", quick)
    row = checked(desk, text("A-1,JPY,1,paid"))
    assert row.state is S.DONE
    assert set(files.orders()) == {"A-1"}


def test_a_file_over_the_limit_is_dropped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "LARGEST_FILE", 10)
    with pytest.raises(RuleBroken, match="file_too_large"):
        upload(desk, text("A-1,JPY,1,"))
    work()
    assert files.count(ImportChunk) == 0


@pytest.mark.parametrize("raw", [b"", b"\xff\x81", b"number\n", b'number,currency,total\n"'])
def test_a_file_that_cannot_be_read_is_refused_with_its_reason(desk: Desk, raw: bytes) -> None:
    row = checked(desk, raw)
    assert (row.state, row.faults, len(files.faults(row.id))) == (S.REFUSED, 1, 1)
    assert files.count(ImportChunk) == 0


def test_a_number_twice_is_named_with_its_first_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "AT_ONCE", 2)
    row = checked(desk, text("A-1,JPY,1,", "A-1,JPY,1,", "A-2,JPY,1,", "A-1,JPY,1,"))
    assert files.faults(row.id) == [(3, "number", "number_twice"), (5, "number", "number_twice")]


def test_only_the_first_thousand_faults_are_kept_and_all_are_counted(desk: Desk) -> None:
    row = checked(desk, text(*(f"A-{n},JPY,x," for n in range(1200))))
    assert (row.state, row.faults, row.rows_wrong, len(files.faults(row.id))) == (S.REFUSED, 1200, 1200, 1000)
