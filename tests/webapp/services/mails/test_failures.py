"""Failures are noted with the end of the operation and mailed once, with their neighbours (R44)."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.mail_catcher import Catcher
from tests.webapp.services.mails.letters import all_mails
from webapp.domain.mails import MailState
from webapp.domain.operations import OperationState
from webapp.models import FailureNotice, Mode, Operation, Order, Shop
from webapp.services import recovery
from webapp.services.mails import failures, sending
from webapp.services.operations import outcomes
from webapp.services.unit_of_work import Tx, in_transaction

TWO = ["ana@shop.test", "ben@shop.test"]


def address(desk: Desk, *addresses: str, shop_id: uuid.UUID | None = None) -> None:
    desk.change(Shop, shop_id or desk.shop_id, failure_emails=list(addresses))


def expire(desk: Desk, payment_id: uuid.UUID, kind: OperationKind = OperationKind.REFUND, **more: object) -> uuid.UUID:
    """An operation that ends without effect."""
    operation_id = desk.ask(payment_id, 100, kind, **more)

    def work(tx: Tx) -> None:
        payment = outcomes.locked_payment(tx, payment_id)
        outcomes.expire(tx, outcomes.locked_operation(tx, operation_id), "no_more_tries", desk.clock.now(tx))
        assert payment.mode is Mode.TEST

    in_transaction(work)
    return operation_id


def notices() -> Sequence[FailureNotice]:
    return in_transaction(lambda tx: tx.scalars(select(FailureNotice).order_by(FailureNotice.failed_at)).all())


def number_of(payment_id: uuid.UUID, desk: Desk) -> str:
    order_id = desk.row(payment_id).order_id
    return in_transaction(lambda tx: tx.get_one(Order, order_id)).number


def test_a_refusal_of_the_provider_is_mailed_to_each_address_once(desk: Desk, catcher: Catcher) -> None:
    """R44, R45: order number, amount, reason and a link that starts with the public address; nothing personal."""
    address(desk, *TWO, TWO[0])
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "dispute")
    operation = desk.ask(payment, 1100, comment="Ms Buyer is angry")
    for _ in range(6):
        desk.run_now(operation)
        desk.later(minutes=1)
    assert desk.operation(operation).state is OperationState.REJECTED
    assert failures.make_due() == 2
    assert sending.run_due() == 2
    for recipient in TWO:
        (got,) = catcher.mails(recipient)
        for needed in (number_of(payment, desk), "¥1,100", f"https://desk.test/orders/{desk.row(payment).order_id}"):
            assert needed in got["text"]
        assert "angry" not in got["text"]
        assert "buyer@" not in got["text"]
    desk.later(hours=1)
    assert failures.make_due() == 0
    assert len(all_mails()) == 2


def test_what_is_done_withdrawn_or_in_doubt_is_not_mailed(desk: Desk) -> None:
    payment = desk.payment(3300)
    done = desk.ask(payment, 100)
    desk.run(done)
    assert desk.operation(done).state is OperationState.SUCCEEDED
    assert notices() == []


def test_neighbours_of_a_minute_share_a_mail_and_the_next_comes_fifteen_minutes_later(desk: Desk) -> None:
    """R44: batched per shop per 15 minutes."""
    address(desk, "ana@shop.test")
    payments = [desk.payment(3300) for _ in range(3)]
    expire(desk, payments[0])
    desk.later(seconds=50)
    expire(desk, payments[1])
    assert failures.make_due() == 0
    desk.later(seconds=11)
    assert failures.make_due() == 1
    expire(desk, payments[2])
    desk.later(minutes=14)
    assert failures.make_due() == 0
    desk.later(minutes=2)
    assert failures.make_due() == 1
    first, second = all_mails()
    assert [number_of(one, desk) in (first.body or "") for one in payments] == [True, True, False]
    assert number_of(payments[2], desk) in (second.body or "")


def test_two_batchers_at_once_write_each_mail_once_R44(desk: Desk) -> None:
    address(desk, "ana@shop.test")
    for _ in range(4):
        expire(desk, desk.payment(3300))
    desk.later(minutes=2)
    made: list[int] = []
    batchers = [threading.Thread(target=lambda: made.append(failures.make_due())) for _ in range(3)]
    for batcher in batchers:
        batcher.start()
    for batcher in batchers:
        batcher.join()
    assert sorted(made) == [0, 0, 1]
    assert len(all_mails()) == 1
    assert len({notice.batch_id for notice in notices()}) == 1


def test_a_shop_that_wants_no_mail_gets_none_later_either(desk: Desk) -> None:
    """Decided when it would be mailed: the notice is kept, and switching on brings no old ones."""
    address(desk, "ana@shop.test")
    desk.change(Shop, desk.shop_id, failure_mails_on=False)
    operation = expire(desk, desk.payment(3300))
    desk.later(minutes=2)
    assert failures.make_due() == 0
    desk.change(Shop, desk.shop_id, failure_mails_on=True)
    desk.later(hours=1)
    assert failures.make_due() == 0
    (notice,) = notices()
    assert (notice.operation_id, notice.batch_id, notice.handled_at is not None) == (operation, None, True)
    assert all_mails() == []


def test_test_and_live_never_share_a_mail_and_shops_neither(desk: Desk) -> None:
    other = factories.shop("print", language="en", failure_emails=["pia@print.test"])
    address(desk, "ana@shop.test")
    for mode, shop_id in ((Mode.TEST, desk.shop_id), (Mode.LIVE, desk.shop_id), (Mode.LIVE, other.id)):
        operation = expire(desk, desk.payment(3300))
        row = update(FailureNotice).where(FailureNotice.operation_id == operation)
        moved = row.values(mode=mode, shop_id=shop_id)
        in_transaction(lambda tx, moved=moved: tx.execute(moved))
    desk.later(minutes=2)
    assert failures.make_due() == 3
    found = {(row.recipient, row.mode, row.subject.startswith("[Test] Tea")) for row in all_mails()}
    assert found == {
        ("ana@shop.test", Mode.TEST, True),
        ("ana@shop.test", Mode.LIVE, False),
        ("pia@print.test", Mode.LIVE, False),
    }


def test_an_address_that_is_none_is_kept_as_failed_and_the_others_are_mailed(desk: Desk) -> None:
    address(desk, "no address\r\nBcc: all@evil.test", "ana@shop.test")
    expire(desk, desk.payment(3300))
    desk.later(minutes=2)
    assert failures.make_due() == 2
    assert {row.state for row in all_mails()} == {MailState.FAILED, MailState.QUEUED}


def test_a_shop_name_with_line_ends_makes_no_header(desk: Desk, catcher: Catcher) -> None:
    address(desk, "ana@shop.test")
    desk.change(Shop, desk.shop_id, name="Tea\r\nBcc: all@evil.test\r\n\r\nHi")
    expire(desk, desk.payment(3300))
    desk.later(minutes=2)
    failures.make_due()
    sending.run_due()
    (got,) = catcher.mails()
    assert got["recipients"] == ["ana@shop.test"]
    assert got["subject"].startswith("[Test] Tea Bcc: all@evil.test Hi: 1 refund")


def test_a_long_list_is_cut_with_the_count_of_the_rest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    address(desk, "ana@shop.test")
    payments = [desk.payment(3300) for _ in range(3)]
    for payment in payments:
        expire(desk, payment)
    desk.later(minutes=2)
    monkeypatch.setattr(failures, "MOST_LINES", 2)
    failures.make_due()
    (row,) = all_mails()
    assert [number_of(one, desk) in (row.body or "") for one in payments] == [True, True, False]
    assert "1 more stands here:\nhttps://desk.test/orders?attention=1" in (row.body or "")
    assert "3 refunds" in row.subject


def test_failures_that_may_have_been_mailed_before_a_restore_are_left_to_people_R29_K20(desk: Desk) -> None:
    address(desk, "ana@shop.test")
    waiting = expire(desk, desk.payment(3300))
    payment = desk.payment(3300)
    under_way = desk.ask(payment, 100)
    recovery.enter(factories.LONG_AGO, desk.actor)
    assert desk.operation(under_way).restored

    def end(tx: Tx) -> None:
        outcomes.locked_payment(tx, payment)
        row = outcomes.locked_operation(tx, under_way)
        outcomes.expire(tx, row, "no_more_tries", desk.clock.now(tx))

    in_transaction(end)
    desk.later(minutes=2)
    assert failures.make_due() == 1
    (row,) = all_mails()
    assert (row.state, row.result, row.due_at) == (MailState.MAYBE_SENT, "restored", None)
    assert {notice.operation_id for notice in notices() if notice.batch_id == row.subject_id} == {waiting, under_way}


def test_a_notice_is_there_once_for_an_operation(desk: Desk) -> None:
    operation = expire(desk, desk.payment(3300))
    row = in_transaction(lambda tx: tx.get_one(Operation, operation))
    (notice,) = notices()
    assert (notice.operation_id, notice.failed_at, notice.doubtful) == (row.id, row.ended_at, False)
