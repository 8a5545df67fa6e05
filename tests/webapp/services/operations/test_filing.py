"""Filing: what is refused, what is reserved, and that one form makes one operation."""

from __future__ import annotations

import uuid
from collections import namedtuple
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import object_session

from providers.kinds import NotOffered, OperationKind
from providers.planning import WishKind
from providers.port import BankDetails
from tests import factories
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import AuditEntry, Operation, Payment, ProviderAccount, RefundReason, Shop, WakeUp
from webapp.services import runtime
from webapp.services.errors import AvailableChanged, NotAvailable, NotEnough, NotFound, RuleBroken
from webapp.services.operations import filing, planning
from webapp.services.unit_of_work import in_transaction

BANK = BankDetails("ﾔﾏﾀﾞ", "Mizuho", "0001", "Shibuya", "123", "normal", "0012345", include_payment_method_fee=False)
Usage = namedtuple("Usage", "total used free")


def operations(desk: Desk) -> int:
    """How many there are."""
    return in_transaction(lambda tx: tx.execute(select(func.count()).select_from(Operation)).scalar_one())


def refusal(desk: Desk, payment: uuid.UUID, amount: int | None = 1100, **more: object) -> str:
    """The code of the refusal; nothing was reserved and nothing was made."""
    before = operations(desk)
    with pytest.raises(RuleBroken) as refused:
        desk.ask(payment, amount, **more)
    assert operations(desk) == before
    desk.assert_books_are_whole()
    return refused.value.code


@pytest.mark.parametrize("amount", [0, -1, 3301, 10**15])
def test_zero_negative_and_more_than_there_is_are_refused_with_what_there_is_R1_R31(desk: Desk, amount: int) -> None:
    payment = desk.payment(3300)
    with pytest.raises(NotEnough) as refused:
        desk.ask(payment, amount)
    assert (refused.value.available_minor, refused.value.facts["currency"]) == (3300, "JPY")
    assert desk.row(payment).refund_reserved_minor == 0


def test_what_others_hold_reserved_is_not_available_I3(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.ask(payment, 3000)
    with pytest.raises(NotEnough) as refused:
        desk.ask(payment, 301)
    assert refused.value.available_minor == 300


def test_no_amount_means_the_whole_rest_R4(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.ask(payment, 1000)
    rest = desk.operation(desk.ask(payment))
    assert (rest.amount_minor, rest.whole_rest) == (2300, True)
    assert desk.row(payment).refund_reserved_minor == 3300


def test_the_same_request_id_finds_the_first_operation_R16_K2(desk: Desk) -> None:
    payment, request = desk.payment(3300), uuid.uuid4()
    first = desk.ask(payment, 1100, request_id=request)
    assert desk.ask(payment, 2200, request_id=request) == first
    assert operations(desk) == 1
    assert desk.row(payment).refund_reserved_minor == 1100


def test_a_request_id_serves_one_payment_and_one_kind_R16(desk: Desk) -> None:
    payment, other, request = desk.payment(3300), desk.payment(3300), uuid.uuid4()
    desk.ask(payment, 1100, request_id=request)
    assert refusal(desk, other, request_id=request) == "request_id_taken"


def test_a_changed_available_amount_gives_fresh_numbers_R16(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.ask(payment, 300)
    with pytest.raises(AvailableChanged) as changed:
        desk.ask(payment, 1000, expected_available_minor=3300)
    assert changed.value.available_minor == 3000
    assert desk.ask(payment, 1000, expected_available_minor=3000)


def test_a_frozen_payment_takes_no_new_operation_R28(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.change(Payment, payment, frozen_at=factories.LONG_AGO, frozen_reason="chargeback")
    assert refusal(desk, payment) == "frozen"


def test_another_shops_payment_does_not_exist_I18(desk: Desk) -> None:
    payment, other = desk.payment(3300), factories.shop("coffee")
    with pytest.raises(NotFound):
        desk.ask(payment, 1100, shop_id=other.id, reason_id=factories.reason(other.id))
    with pytest.raises(NotFound):
        desk.ask(uuid.uuid4(), 1100)


def test_a_kind_that_the_state_forbids_says_why(desk: Desk) -> None:
    with pytest.raises(NotAvailable) as refused:
        desk.ask(desk.payment(3300), kind=OperationKind.CANCEL)
    assert refused.value.why is NotOffered.ALREADY_CAPTURED


def test_a_part_where_only_the_whole_is_offered_says_why(desk: Desk) -> None:
    with pytest.raises(NotAvailable) as refused:
        desk.ask(desk.payment(3300, capture="manual"), 100, kind=OperationKind.CANCEL)
    assert refused.value.why is NotOffered.PART_NOT_SUPPORTED


def test_a_refund_needs_a_reason_of_the_shop_that_is_in_use(desk: Desk) -> None:
    payment = desk.payment(3300)
    other = factories.shop("coffee")
    assert refusal(desk, payment, reason_id=None) == "reason_missing"
    assert refusal(desk, payment, reason_id=factories.reason(other.id)) == "reason_missing"
    retired = factories.reason(desk.shop_id)
    desk.change(RefundReason, retired, retired_at=factories.LONG_AGO)
    assert refusal(desk, payment, reason_id=retired) == "reason_missing"


def test_a_cancel_needs_no_reason(desk: Desk) -> None:
    assert desk.ask(desk.payment(3300, capture="manual"), kind=OperationKind.CANCEL, reason_id=None)


def test_a_comment_has_a_limit_and_some_reasons_need_one(desk: Desk) -> None:
    payment, other = desk.payment(3300), factories.reason(desk.shop_id, "other")
    assert refusal(desk, payment, comment="x" * 1001) == "comment_too_long"
    assert refusal(desk, payment, reason_id=other, comment="  ") == "comment_missing"
    made = desk.operation(desk.ask(payment, 1100, reason_id=other, comment=" torn box "))
    assert made.comment == "torn box"


def test_konbini_needs_bank_details_and_keeps_them_encrypted(desk: Desk) -> None:
    payment = desk.payment(3300, method="konbini", state="captured")
    assert refusal(desk, payment) == "bank_details_missing"
    made = desk.operation(desk.ask(payment, 1100, bank_details=BANK))
    assert made.bank_details is not None
    assert "0012345" not in made.bank_details


def test_operation_audit_wake_up_and_reservation_come_together_I16_I17(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100, comment="by phone: 0900-1234")
    words = in_transaction(lambda tx: tx.scalars(select(WakeUp).where(WakeUp.row_id == operation)).all())
    entry = in_transaction(lambda tx: tx.scalars(select(AuditEntry).where(AuditEntry.subject_id == operation)).one())
    assert len(words) == 1
    assert (entry.action, entry.actor_id, entry.via) == ("operation.filed", desk.user_id, "web")
    assert entry.details["amount_minor"] == 1100
    assert "0900" not in str(entry.details)  # free text stands there as a keyed digest only
    row = desk.operation(operation)
    assert (row.state, row.fence, row.stop_until) == (OperationState.QUEUED, 0, None)
    assert row.key != str(operation)  # R11: random, not derived
    assert desk.row(payment).refund_reserved_minor == 1100


def test_a_stop_window_puts_off_the_send(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.change(Shop, desk.shop_id, stop_window_s=600)
    by_shop = desk.operation(desk.ask(payment, 100))
    by_wish = desk.operation(desk.ask(payment, 100, stop_window=timedelta(seconds=30)))
    assert by_shop.stop_until is not None
    assert by_shop.stop_until - by_shop.created_at == timedelta(minutes=10)
    assert by_shop.due_at == by_shop.stop_until
    assert by_wish.due_at == by_wish.created_at + timedelta(seconds=30)
    assert not desk.run(by_shop.id)
    desk.later(minutes=11)
    assert desk.run(by_shop.id)


@pytest.mark.parametrize(("free", "taken"), [(4, False), (5, True)])
def test_a_full_disk_takes_no_new_operation_R24(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: object, free: int, taken: bool
) -> None:
    payment = desk.payment(3300)
    here = replace(runtime.current(), data_dir=f"{tmp_path}/not/made/yet")
    monkeypatch.setattr(filing.shutil, "disk_usage", lambda _folder: Usage(100, 100 - free, free))
    with runtime.using(here):
        if taken:
            assert desk.ask(payment, 100)
        else:
            assert refusal(desk, payment, 100) == "disk_full"


def test_a_reservation_that_another_took_meanwhile_is_not_enough_R31(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compare-and-set decides, not the sum that was read before it."""
    payment_id, plan = desk.payment(3300), planning.foresee

    def planned_before_another(kind: WishKind, minor: int | None, payment: Payment, account: ProviderAccount) -> Any:
        planned = plan(kind, minor, payment, account)
        session = object_session(payment)
        assert session is not None
        session.execute(update(Payment).where(Payment.id == payment.id).values(refund_reserved_minor=1))
        return planned

    monkeypatch.setattr(planning, "foresee", planned_before_another)
    assert refusal(desk, payment_id, 3300) == "not_enough"
    assert desk.row(payment_id).refund_reserved_minor == 0


def test_one_request_id_for_two_payments_at_once_files_one_operation_R16(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look for an earlier operation finds nothing yet: the unique key has the last word."""
    request_id = uuid.uuid4()
    first, second = desk.payment(3300), desk.payment(3300)
    desk.ask(first, 100, request_id=request_id)
    monkeypatch.setattr(planning, "_seen_before", lambda _tx, _wish: None)
    with pytest.raises(RuleBroken, match="request_id_taken"):
        desk.ask(second, 100, request_id=request_id)
    assert desk.row(second).refund_reserved_minor == 0
