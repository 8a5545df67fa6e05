"""A change of status fires what the shop's table says, once per payment (R17), and never undoes the status."""

from __future__ import annotations

import threading
import uuid

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from providers.kinds import NotOffered, OperationKind
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from tests.webapp.services.imports import files
from tests.webapp.services.jobs.jobs_desk import run
from tests.webapp.services.status_actions.actions_desk import (
    authorised,
    cell,
    fired,
    give,
    operations,
    send,
    status,
    table,
)
from webapp.domain.status_actions import FiringState, StatusAct
from webapp.models import FiredAction, Order, Payment, Shop, Via
from webapp.models.base import new_id
from webapp.services.jobs.catalogue import CANCEL, ORDER_STATUS, REFUND
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import in_transaction

A, S, K = StatusAct, FiringState, OperationKind


def test_the_capture_is_filed_in_the_transaction_of_the_change_and_happens_R17(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    payment = authorised(desk)
    change = give(desk, payment, "shipped")
    (made,), (row,) = operations(payment), fired(payment)
    assert (made.kind, made.amount_minor, made.status_change_id) == (K.CAPTURE, 3300, change)
    assert (made.requested_by, made.requested_via) == (desk.user_id, Via.JOB), "the shop's rule asks, for the person"
    assert (row.state, row.wish_id, row.act, row.change_id) == (S.FILED, made.wish_id, A.CAPTURE, change)
    assert give(desk, payment, "shipped") is None, "the same again is no change"
    send()
    assert (len(operations(payment)), desk.row(payment).captured_minor) == (1, 3300)
    assert status(desk, payment) == "shipped", "shipped is later than paid: the order does not follow"
    give(desk, payment, "paid")
    give(desk, payment, "shipped")
    assert [each.state for each in fired(payment)] == [S.FILED, S.AS_WISHED], "a new change, and nothing left to do"
    assert len(desk.effects(payment, "capture")) == 1
    desk.assert_books_are_whole()


def test_two_changes_at_once_fire_once_R17(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    payment = authorised(desk)
    made: list[uuid.UUID | None] = []
    threads = [threading.Thread(target=lambda: made.append(give(desk, payment, "shipped"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len([each for each in made if each])) == (6, 1)
    assert (len(fired(payment)), len(operations(payment))) == (1, 1)


def test_changes_to_two_statuses_at_once_leave_one_open_operation_R17(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE, cancelled=A.CANCEL_OR_REFUND)
    payment = authorised(desk)
    threads = [threading.Thread(target=give, args=(desk, payment, code)) for code in ("shipped", "cancelled")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.state for each in fired(payment)].count(S.FILED) == 1, "the other met money that is promised"
    assert len(operations(payment)) == 1
    assert len(files.changes(desk.row(payment).order_id)) == 3


def test_what_was_not_carried_out_is_over_with_the_next_change(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    payment = authorised(desk)
    desk.change(Payment, payment, frozen_at=desk.row(payment).created_at, frozen_reason="chargeback")
    give(desk, payment, "shipped")
    (row,) = fired(payment)
    assert (row.state, row.code, row.tries) == (S.DUE, "frozen", 1)
    assert status(desk, payment) == "shipped", "a failed action does not undo the status"
    give(desk, payment, "completed")
    assert [each.state for each in fired(payment)] == [S.SUPERSEDED]
    desk.change(Payment, payment, frozen_at=None, frozen_reason=None)
    desk.later(hours=1)
    run(desk, ORDER_STATUS)
    assert operations(payment) == [], "nothing is captured for a status that the order has left"


def test_a_job_and_the_status_action_make_one_operation_of_one_change_R17(desk: Desk) -> None:
    table(desk, cancelled=A.CANCEL_OR_REFUND)
    reserved, paid = authorised(desk), desk.payment(2000)
    for payment in (reserved, paid):
        give(desk, payment, "cancelled")
    for job in (CANCEL, REFUND):
        run(desk, job)
    send()
    for job in (CANCEL, REFUND, ORDER_STATUS):
        run(desk, job)
    assert [each.kind for each in operations(reserved)] == [K.CANCEL]
    assert [each.kind for each in operations(paid)] == [K.REFUND]
    desk.assert_books_are_whole()


def test_a_job_that_was_quicker_answers_the_change_R17(desk: Desk) -> None:
    table(desk, cancelled=A.CANCEL_OR_REFUND)
    payment = desk.payment(2000)
    desk.change(Payment, payment, frozen_at=desk.row(payment).created_at, frozen_reason="chargeback")
    give(desk, payment, "cancelled")
    desk.change(Payment, payment, frozen_at=None, frozen_reason=None)
    run(desk, REFUND)
    desk.later(minutes=2)
    run(desk, ORDER_STATUS)
    assert [each.state for each in fired(payment)] == [S.ANSWERED]
    assert len(operations(payment)) == 1


def test_a_provider_may_differ(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    cell(desk, "shipped", "komoju", A.NOTHING)
    cell(desk, "completed", "klarna", A.CAPTURE)
    payment = authorised(desk)
    give(desk, payment, "shipped")
    give(desk, payment, "completed")
    assert fired() == []


def test_only_payments_that_are_alive_are_acted_on_and_each_by_a_wish_of_its_own(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE, completed=A.UPDATE)
    one = authorised(desk, order_number="A-1")
    two = authorised(desk, 1100, order_number="A-1")
    dead = desk.payment(700, order_number="A-1", state="failed")
    give(desk, one, "shipped")
    assert [len(operations(each)) for each in (one, two, dead)] == [1, 1, 0]
    give(desk, one, "completed")
    assert [(each.state, each.code) for each in fired(one)][1:] == [(S.GIVEN_UP, "several_payments")]


def test_a_payment_whose_captured_part_was_given_back_is_alive_while_the_rest_is_reserved_R17(desk: Desk) -> None:
    """It is one of two; the action would have left the rest of it reserved for ever."""
    table(desk, cancelled=A.CANCEL_OR_REFUND)
    other = authorised(desk, order_number="A-1")
    one = order(use_klarna(desk))
    desk.change(Payment, one, order_id=desk.row(other).order_id)
    for action in ("capture", "refund"):
        desk.emulator.portal(desk.row(one).provider_ref, action, provider="klarna", amount_minor=400)
        read_payment(one)
    give(desk, one, "cancelled")
    assert [[each.state for each in fired(payment)] for payment in (one, other)] == [[S.FILED], [S.FILED]]
    assert [(each.kind, each.amount_minor) for each in operations(one)] == [(K.CANCEL, 600)]


def test_a_dead_payment_alone_says_so_and_is_not_tried_again(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    payment = desk.payment(700, state="failed")
    give(desk, payment, "shipped")
    (row,) = fired(payment)
    assert (row.state, row.code, row.due_at) == (S.GIVEN_UP, "not_available", None)


def test_the_amount_follows_the_order_where_the_provider_can_R17(desk: Desk) -> None:
    table(desk, completed=A.UPDATE)
    refused = authorised(desk)
    desk.change(Order, desk.row(refused).order_id, total_minor=3000)
    give(desk, refused, "completed")
    assert [(each.state, each.why) for each in fired(refused)] == [(S.GIVEN_UP, NotOffered.NOT_SUPPORTED)]
    payment = order(use_klarna(desk))
    desk.change(Order, desk.row(payment).order_id, total_minor=800)
    give(desk, payment, "completed")
    (row,) = fired(payment)
    made = [(each.kind, each.new_total_minor) for each in operations(payment)]
    assert (row.state, made) in [(S.FILED, [(K.UPDATE, 800)]), (S.GIVEN_UP, [])], row.why


def test_the_stop_window_of_the_shop_holds(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    desk.change(Shop, desk.shop_id, stop_window_s=600)
    payment = authorised(desk)
    give(desk, payment, "shipped")
    send()
    assert desk.row(payment).captured_minor == 0
    desk.later(minutes=11)
    send()
    assert desk.row(payment).captured_minor == 3300


def test_an_action_waits_for_a_payment_that_comes_later(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    files.applied(desk, files.text("A-1,JPY,3300,shipped"), act=True)
    (waiting,) = fired()
    assert (waiting.state, waiting.payment_id, waiting.due_at) == (S.WAITING, None, None)
    payment = authorised(desk, order_number="A-1")
    assert [each.state for each in fired(payment)] == [S.DUE]
    run(desk, ORDER_STATUS)
    assert [each.kind for each in operations(payment)] == [K.CAPTURE]


def test_an_import_fires_once_and_a_first_status_only_when_asked_R17(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    payment = authorised(desk, order_number="A-1")
    raw = files.text("A-1,JPY,3300,shipped", "B-1,JPY,100,shipped")
    files.applied(desk, raw)
    files.applied(desk, raw)
    assert [each.kind for each in operations(payment)] == [K.CAPTURE], "the worker of the import carries it out"
    assert [each.payment_id for each in fired()] == [payment], "the new order's first status fires nothing"


def test_the_database_itself_refuses_a_second_firing_R17(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE)
    payment = authorised(desk)
    give(desk, payment, "shipped")
    (row,) = fired(payment)
    values = {name: getattr(row, name) for name in FiredAction.__mapper__.columns.keys()}  # noqa: SIM118 - no mapping
    with pytest.raises(IntegrityError, match="change_id"):
        in_transaction(lambda tx: tx.execute(insert(FiredAction).values(values | {"id": new_id()})))
    assert in_transaction(lambda tx: tx.get_one(Order, row.order_id)).version == 2
