"""A message makes the desk read the payment, once for many, and never more than that."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import func, select

from tests.desk import Desk
from tests.webapp.services.webhooks.hooks import body, give_secret, messages, tell
from webapp.models import LedgerMovement, Payment, WebhookMessage, WebhookState
from webapp.services import kill_points, runtime
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.kill_points import KillPoint
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction
from webapp.services.webhooks import keeping, processing

W = WebhookState


@pytest.fixture
def ear(desk: Desk) -> Desk:
    """A desk whose account has a webhook secret."""
    give_secret(desk)
    return desk


def refunded_elsewhere(desk: Desk, amount_minor: int = 700) -> uuid.UUID:
    """A payment that somebody refunded in the provider's own pages."""
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=amount_minor)
    desk.later(seconds=11)  # adding it has read it just now (R40)
    return payment


def refunds(payment: uuid.UUID) -> int:
    query = select(func.count()).where(LedgerMovement.payment_id == payment, LedgerMovement.kind == "refund")
    return in_transaction(lambda tx: tx.execute(query).scalar_one())


def only() -> WebhookMessage:
    (message,) = messages()
    return message


def test_the_payment_is_read_and_what_is_new_is_booked_I13(ear: Desk) -> None:
    payment = refunded_elsewhere(ear)
    tell(ear, body(ear, payment))
    assert processing.process(only().id)
    assert ear.row(payment).refunded_minor == 700
    assert (only().state, only().result, only().movements, only().due_at) == (W.DONE, "read", 1, None)
    assert not processing.process(only().id)


def test_what_the_message_says_is_never_believed_I13_R35(ear: Desk) -> None:
    payment = ear.payment(3300)
    ear.later(seconds=11)
    raw = body(ear, payment, data={"id": ear.row(payment).provider_ref, "status": "refunded", "amount_refunded": 3300})
    tell(ear, raw)
    processing.run_due()
    assert ear.row(payment).refunded_minor == 0
    assert (only().state, only().movements) == (W.DONE, 0)


def test_one_read_serves_all_messages_of_a_payment_R40(ear: Desk) -> None:
    payment = refunded_elsewhere(ear)
    for _ in range(5):
        tell(ear, body(ear, payment))
    ear.later(seconds=1)
    assert processing.run_due() == 1
    assert {message.state for message in messages()} == {W.DONE}
    assert refunds(payment) == 1


def test_a_payment_is_not_read_again_within_ten_seconds_R40(ear: Desk) -> None:
    payment = refunded_elsewhere(ear)
    tell(ear, body(ear, payment))
    processing.run_due()
    read_at = ear.row(payment).last_read_at
    tell(ear, body(ear, payment))
    assert not processing.process(messages()[1].id)
    assert ear.row(payment).last_read_at == read_at
    assert messages()[1].state is W.WAITING
    ear.later(seconds=11)
    assert processing.run_due() == 1
    assert messages()[1].state is W.DONE


def test_an_unknown_payment_is_waited_for_and_then_taken_in_R38(ear: Desk) -> None:
    ref = ear.emulator.payment(1200, order_number="LATE-1")
    tell(ear, body(ear, None, "payment.captured", data={"id": ref}))
    assert processing.process(only().id)
    assert (only().state, only().result, only().tries) == (W.WAITING, "unknown_payment", 1)
    for _ in range(40):
        if only().state is not W.WAITING:
            break
        ear.later(hours=1)
        processing.run_due()
    assert (only().state, only().result) == (W.DONE, "payment_added")
    row = in_transaction(lambda tx: tx.scalars(select(Payment).where(Payment.provider_ref == ref)).one())
    assert row.captured_minor == 1200


def test_a_message_that_beat_our_own_commit_finds_the_payment_at_the_next_try_R38(ear: Desk) -> None:
    ref = ear.emulator.payment(1200, order_number="RACE-1")
    tell(ear, body(ear, None, "payment.captured", data={"id": ref}))
    processing.run_due()
    assert only().state is W.WAITING
    addition = Addition(actor=ear.actor, shop_id=ear.shop_id, account_id=ear.account_id, provider_ref=ref)
    add_payment(addition)
    ear.later(seconds=31)
    assert processing.run_due() == 1
    assert (only().state, only().result) == (W.DONE, "read")


def test_a_payment_without_an_order_number_is_left_to_people_R38(ear: Desk) -> None:
    ref = ear.emulator.payment(1200, order_number=None)
    tell(ear, body(ear, None, "payment.captured", data={"id": ref}))
    ear.later(hours=25)
    processing.run_due()
    assert (only().state, only().result) == (W.FAILED, "no_order_number")


def test_a_provider_that_cannot_be_read_is_asked_again_and_given_up_after_a_day(ear: Desk) -> None:
    payment = refunded_elsewhere(ear)
    tell(ear, body(ear, payment))
    ear.emulator.fault("unauthorised", call="read", times=100)
    for _ in range(40):
        processing.run_due()
        if only().state is not W.WAITING:
            break
        ear.later(hours=1)
    assert (only().state, only().result, only().due_at) == (W.FAILED, "CredentialsRefused", None)
    ear.emulator.clear_faults()
    keeping.process_again(only().id, [ear.shop_id], ear.actor)
    processing.run_due()
    assert only().state is W.DONE
    assert refunds(payment) == 1


@pytest.mark.parametrize("nth", [1, 2])
def test_a_processor_that_dies_leaves_the_message_due_and_nothing_is_booked_twice_K14(ear: Desk, nth: int) -> None:
    payment, seen = refunded_elsewhere(ear), 0
    tell(ear, body(ear, payment))

    def die(point: KillPoint) -> None:
        nonlocal seen
        seen += point is KillPoint.PROCESSING_WEBHOOK
        if point is KillPoint.PROCESSING_WEBHOOK and seen == nth:
            raise SystemExit("killed")

    kill_points.observe(die)
    try:
        with pytest.raises(SystemExit):
            processing.run_due()
    finally:
        kill_points.observe(None)
    assert processing.run_due() == 0, "the dead one still holds it"
    ear.later(seconds=121)
    assert processing.run_due() == 1
    assert (only().state, refunds(payment)) == (W.DONE, 1)
    ear.assert_books_are_whole()


def test_polling_alone_finds_it_when_no_message_comes_R39(ear: Desk) -> None:
    payment = ear.payment(3300)
    operation = ear.ask(payment, 1100)
    ear.emulator.fault("timeout_after", call="refund", times=1, seconds=0.1)
    ear.run(operation)
    ear.later(minutes=2)
    ear.run_now(operation)
    assert ear.row(payment).refunded_minor == 1100
    assert messages() == []


def test_only_people_of_the_shop_have_it_read_again(ear: Desk) -> None:
    tell(ear, body(ear, None, "ping"))
    with pytest.raises(RuleBroken, match="nothing_to_fetch"):
        keeping.process_again(only().id, [ear.shop_id], ear.actor)
    with pytest.raises(NotFound):
        keeping.process_again(only().id, [], Actor(None, ear.actor.via))


def test_bodies_go_after_thirty_days_and_rows_after_ninety_R37(ear: Desk) -> None:
    tell(ear, body(ear, None, "ping"))

    def later(days: int) -> None:
        ear.later(days=days)
        in_transaction(lambda tx: keeping.forget_old(tx, runtime.current().clock.now(tx)))

    later(29)
    assert only().body is not None
    later(2)
    assert only().body is None
    later(60)
    assert messages() == []
