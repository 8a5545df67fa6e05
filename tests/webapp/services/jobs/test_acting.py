"""The order-status job carries out what changes of status left, with a row and its reason for each."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import codes, outcomes, run, run_and_send, the_run
from tests.webapp.services.status_actions.actions_desk import authorised, fired, give, operations, table
from webapp.domain.outcomes import RowOutcome
from webapp.domain.status_actions import FiringState, StatusAct
from webapp.models import AuditEntry, Mode, Payment
from webapp.services import runtime
from webapp.services.jobs import acting
from webapp.services.jobs.catalogue import ORDER_STATUS
from webapp.services.jobs.runs import Run
from webapp.services.operations import filing
from webapp.services.status_actions import carrying, foreseeing
from webapp.services.unit_of_work import in_transaction, reading

R, S = RowOutcome, FiringState


def freeze(desk: Desk, payment: uuid.UUID, *, frozen: bool) -> None:
    at = desk.row(payment).created_at if frozen else None
    desk.change(Payment, payment, frozen_at=at, frozen_reason="chargeback" if frozen else None)


def test_what_could_not_be_filed_is_taken_by_the_job_when_it_is_due(desk: Desk) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = authorised(desk)
    freeze(desk, payment, frozen=True)
    give(desk, payment, "shipped")
    assert outcomes(run(desk, ORDER_STATUS)) == [], "its next try is a minute away"
    desk.later(minutes=2)
    skipped = run(desk, ORDER_STATUS)
    assert (outcomes(skipped), codes(skipped)) == ([R.SKIPPED], ["frozen"])
    assert [each.tries for each in fired(payment)] == [2]
    freeze(desk, payment, frozen=False)
    desk.later(minutes=6)
    with reading() as tx:
        rehearsal = foreseeing.rehearse(tx, desk.shop_id, Mode.TEST)
    assert (rehearsal.taken, rehearsal.skipped, dict(rehearsal.sums_minor)) == (1, 0, {"JPY": 3300})
    assert list(operations(payment)) == [], "a rehearsal writes nothing"
    assert outcomes(run_and_send(desk, ORDER_STATUS)) == [R.DONE]
    assert desk.row(payment).captured_minor == 3300
    assert outcomes(run(desk, ORDER_STATUS)) == [], "it is carried out, and never again (R17)"
    desk.assert_books_are_whole()


def test_a_full_disk_and_an_error_of_ours_leave_the_status_and_are_tried_again_R24(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    full, broken = authorised(desk), authorised(desk)
    with monkeypatch.context() as patch:
        patch.setattr(filing, "LEAST_DISK_FREE", 2.0)
        runtime.install(replace(runtime.current(), data_dir=str(tmp_path)))
        give(desk, full, "shipped")
    with monkeypatch.context() as patch:
        patch.setattr(carrying, "file_wish_within", lambda _tx, _wish, _held: 1 // 0)
        give(desk, broken, "shipped")
    assert [(each.state, each.code) for each in (*fired(full), *fired(broken))] == [
        (S.DUE, "disk_full"),
        (S.DUE, "not_filed"),
    ]
    desk.later(minutes=2)
    run(desk, ORDER_STATUS)
    assert [each.state for each in (*fired(full), *fired(broken))] == [S.FILED, S.FILED]


def test_a_run_counts_no_row_for_what_was_over_before_it_came_to_it_K15(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = authorised(desk)
    freeze(desk, payment, frozen=True)
    give(desk, payment, "shipped")
    desk.later(minutes=2)
    announce = acting.announce

    def announced(held: Run, rest: int) -> None:
        announce(held, rest)
        give(desk, payment, "completed")  # somebody changes the status once more, which ends what is open

    monkeypatch.setattr(acting, "announce", announced)
    done = the_run(run(desk, ORDER_STATUS))
    assert (done.found, done.ended_at is not None, outcomes(done.id)) == (0, True, [])


def test_the_last_try_gives_up_visibly_and_a_person_may_try_again(desk: Desk) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = authorised(desk)
    freeze(desk, payment, frozen=True)
    give(desk, payment, "shipped")
    desk.later(days=7)
    given_up = run(desk, ORDER_STATUS)
    assert (outcomes(given_up), codes(given_up)) == ([R.FAILED], ["frozen"])
    (row,) = fired(payment)
    assert (row.state, row.due_at) == (S.GIVEN_UP, None)
    freeze(desk, payment, frozen=False)
    carrying.try_again(row.order_id, row.id, [desk.shop_id])
    assert (len(operations(payment)), fired(payment)[0].state) == (1, S.FILED)
    told = in_transaction(lambda tx: list(tx.scalars(select(AuditEntry.action))))
    assert (told.count("status_action.not_done"), told.count("status_action.given_up")) == (1, 1)
