"""Booking: each movement once, sums that follow movements, excess and freezing (I1, I9, R33)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select

from providers.kinds import MovementKind, OperationKind, ProviderState
from providers.money import Money
from providers.snapshots import Movement, PaymentSnapshot
from tests import factories
from tests.desk import Desk
from webapp.models import AuditEntry, LedgerMovement
from webapp.services import accounts, runtime
from webapp.services.accounts import account_of
from webapp.services.operations.outcomes import locked_payment
from webapp.services.payments.applying import apply_snapshot
from webapp.services.payments.booking import book
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import Tx, in_transaction


def fetched(desk: Desk, payment: uuid.UUID) -> PaymentSnapshot:
    """What the provider shows now."""
    return accounts.adapter(account_of(desk.account())).fetch_payment(desk.row(payment).provider_ref)


def take_in(payment: uuid.UUID, movements: Sequence[Movement]) -> int:
    """Book as foreign movements; answers how many were new."""
    return in_transaction(lambda tx: len(book(tx, locked_payment(tx, payment), movements, {}, factories.LONG_AGO)))


def apply(desk: Desk, payment: uuid.UUID, snapshot: PaymentSnapshot) -> int:
    """Take a read over; answers how many movements were new."""
    able, at = account_of(desk.account()).capabilities, runtime.current().clock
    count = select(func.count()).select_from(LedgerMovement).where(LedgerMovement.payment_id == payment)

    def work(tx: Tx) -> int:
        before, now = tx.execute(count).scalar_one(), at.now(tx)
        apply_snapshot(tx, locked_payment(tx, payment), snapshot, able, now, read_at=now)
        return tx.execute(count).scalar_one() - before

    return in_transaction(work)


def movements(desk: Desk, payment: uuid.UUID, kind: MovementKind) -> list[int]:
    query = select(LedgerMovement.amount_minor).where(LedgerMovement.payment_id == payment, LedgerMovement.kind == kind)
    return sorted(in_transaction(lambda tx: tx.scalars(query).all()))


def test_reading_twice_books_once_I9_R33(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=300)
    read_payment(payment)
    read_payment(payment)
    row = desk.row(payment)
    assert (row.authorised_minor, row.captured_minor, row.refunded_minor) == (3300, 3300, 300)
    assert movements(desk, payment, MovementKind.REFUND) == [300]
    desk.assert_books_are_whole()


def test_a_movement_made_elsewhere_is_booked_as_external_and_told_R28(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=300)
    read_payment(payment)
    entries = in_transaction(lambda tx: tx.scalars(select(AuditEntry).where(AuditEntry.subject_id == payment)).all())
    assert "payment.external" in [entry.action for entry in entries]
    assert desk.row(payment).frozen_at is None  # it fits beside what we hold


def test_a_portal_refund_beside_our_reservation_is_excess_and_freezes_I1(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 2000)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=2300)
    read_payment(payment)
    row = desk.row(payment)
    assert (row.refunded_minor, row.refund_reserved_minor, row.excess_minor) == (2300, 2000, 1000)
    assert row.frozen_reason == "excess"
    desk.assert_books_are_whole()
    desk.run(operation)  # the provider refuses, which one later look-up believes
    desk.later(seconds=61)
    desk.run_now(operation)
    row = desk.row(payment)
    assert (row.refund_reserved_minor, row.excess_minor, row.frozen_at) == (0, 0, None)
    desk.assert_books_are_whole()


def test_a_portal_cancel_beside_our_reservation_is_excess_I1(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    operation = desk.ask(payment, kind=OperationKind.CANCEL)
    desk.emulator.portal(desk.row(payment).provider_ref, "cancel")
    read_payment(payment)
    assert (desk.row(payment).cancelled_minor, desk.row(payment).excess_minor) == (5000, 5000)
    desk.run(operation)
    desk.later(seconds=61)
    desk.run_now(operation)
    row = desk.row(payment)
    assert (row.cancelled_minor, row.cancel_reserved_minor, row.excess_minor) == (5000, 0, 0)
    assert len(desk.effects(payment, "cancel")) == 1
    desk.assert_books_are_whole()


def test_a_chargeback_after_a_refund_is_excess_and_freezes_for_good_I1_I8(desk: Desk) -> None:
    payment = desk.payment(3300)
    movement = Movement(MovementKind.REFUND, "cb1", Money(3300, "JPY"), chargeback=True)
    desk.run(desk.ask(payment, 1100))
    assert take_in(payment, [movement]) == 1
    row = desk.row(payment)
    assert (row.refunded_minor, row.excess_minor, row.frozen_reason) == (4400, 1100, "chargeback")
    desk.assert_books_are_whole()


def test_a_credit_that_failed_after_it_was_booked_comes_back_as_a_movement_of_its_own_I8(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    before = desk.operation(operation)
    back = Movement(MovementKind.REFUND_REVERSED, "rev1", Money(1100, "JPY"))
    assert take_in(payment, [back]) == 1
    assert take_in(payment, [back]) == 0
    assert desk.row(payment).refunded_minor == 0
    assert desk.operation(operation).state_since == before.state_since
    desk.assert_books_are_whole()


def test_an_authorisation_is_booked_by_how_much_it_grew_I9(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    more = Movement(MovementKind.AUTHORISE, "ignored", Money(6000, "JPY"))
    seen = replace(fetched(desk, payment), movements=[more], authorised=more.money)
    assert apply(desk, payment, seen) == 1
    assert apply(desk, payment, seen) == 0
    assert movements(desk, payment, MovementKind.AUTHORISE) == [1000, 5000]
    desk.assert_books_are_whole()


def test_a_capture_of_a_part_books_the_rest_as_released_I1(desk: Desk) -> None:
    """The wire shows the captured figure as the whole."""
    payment = desk.payment(5000, capture="manual")
    desk.emulator.portal(desk.row(payment).provider_ref, "capture", amount_minor=3000)
    read_payment(payment)
    read_payment(payment)
    row = desk.row(payment)
    assert (row.authorised_minor, row.captured_minor, row.cancelled_minor) == (5000, 3000, 2000)
    assert row.excess_minor == 0
    desk.assert_books_are_whole()


def test_an_old_read_takes_no_state_back_R33_R26(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    old = fetched(desk, payment)
    desk.emulator.portal(desk.row(payment).provider_ref, "capture")
    read_payment(payment)
    kept = desk.row(payment).kept
    assert apply(desk, payment, old) == 0
    row = desk.row(payment)
    assert (row.provider_state, row.captured_minor, row.kept) == (ProviderState.CAPTURED, 5000, kept)


def test_a_hold_keeps_its_end_when_a_later_read_does_not_tell_it(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    snapshot = fetched(desk, payment)
    apply(desk, payment, replace(snapshot, hold_expires_at=factories.LONG_AGO))
    apply(desk, payment, replace(snapshot, hold_expires_at=None))
    assert desk.row(payment).hold_expires_at == factories.LONG_AGO
