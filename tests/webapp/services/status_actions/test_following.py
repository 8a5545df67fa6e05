"""The order follows its payment; a change that the desk makes itself fires nothing."""

from __future__ import annotations

import uuid

from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from tests.webapp.services.imports import files
from tests.webapp.services.status_actions.actions_desk import authorised, fired, follows, status, table
from webapp.domain.status_actions import FollowedState, StatusAct
from webapp.models import Via
from webapp.services.payments.reading import read_payment

F = FollowedState


def portal(desk: Desk, payment: uuid.UUID, action: str, **fields: object) -> None:
    """What staff do at the provider, and the desk's next read."""
    desk.emulator.portal(desk.row(payment).provider_ref, action, **fields)
    read_payment(payment)


def test_a_new_order_is_paid_once_its_payment_is_captured_and_that_fires_nothing(desk: Desk) -> None:
    table(desk, paid=StatusAct.CANCEL_OR_REFUND)
    payment = authorised(desk)
    assert status(desk, payment) == "new"
    portal(desk, payment, "capture")
    assert (status(desk, payment), list(fired())) == ("paid", [])
    change = files.changes(desk.row(payment).order_id)[-1]
    assert (change.via, change.acts, change.changed_by) == (Via.SYSTEM, False, None)
    portal(desk, payment, "refund", amount_minor=3300)
    assert status(desk, payment) == "paid", "refunded: by default the order keeps its status"
    desk.assert_books_are_whole()


def test_an_order_that_is_no_longer_new_keeps_its_status_when_captured(desk: Desk) -> None:
    follows(desk, F.CAPTURED, "completed")
    follows(desk, F.REFUNDED, "cancelled")
    one, two = authorised(desk), authorised(desk)
    desk.change(files.Order, desk.row(one).order_id, status_id=files.status_of(desk, "shipped"))
    for payment in (one, two):
        portal(desk, payment, "capture")
    assert [status(desk, each) for each in (one, two)] == ["shipped", "completed"]
    portal(desk, one, "refund", amount_minor=300)
    assert status(desk, one) == "shipped", "a part is not refunded"
    portal(desk, one, "refund", amount_minor=3000)
    assert status(desk, one) == "cancelled"
    assert files.orders()[_number(desk, one)].undo_change_id is None, "the desk's own change asks no job to act"


def test_an_order_of_two_payments_follows_them_together(desk: Desk) -> None:
    follows(desk, F.CANCELLED, "cancelled")
    one, two = authorised(desk, order_number="A-1"), authorised(desk, 1100, order_number="A-1")
    portal(desk, one, "cancel")
    assert status(desk, one) == "new"
    portal(desk, two, "cancel")
    assert status(desk, one) == "cancelled"


def test_an_order_is_not_refunded_while_a_part_of_its_payment_is_still_reserved(desk: Desk) -> None:
    """What was captured was given back, but the rest can still be taken."""
    follows(desk, F.REFUNDED, "cancelled")
    payment = order(use_klarna(desk))
    portal(desk, payment, "capture", provider="klarna", amount_minor=400)
    portal(desk, payment, "refund", provider="klarna", amount_minor=400)
    assert status(desk, payment) == "new"
    desk.later(seconds=61)
    portal(desk, payment, "release", provider="klarna")
    assert status(desk, payment) == "cancelled"
    desk.assert_books_are_whole()


def _number(desk: Desk, payment: uuid.UUID) -> str:
    order_id = desk.row(payment).order_id
    return next(number for number, order in files.orders().items() if order.id == order_id)
