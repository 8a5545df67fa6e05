"""A comparison books what the portal did and opens a case for what does not add up, never too early (R28, R26)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from providers.kinds import OperationKind
from tests import klarna_desk
from tests.desk import Desk
from tests.webapp.services.cases import cases_desk
from tests.webapp.services.cases.cases_desk import compare, compare_twice, refunded, shows_the_past, standing
from webapp.domain.cases import CaseKind, CaseState
from webapp.domain.operations import OperationState
from webapp.models import Payment
from webapp.services.errors import RuleBroken

K, S = CaseKind, CaseState
AFTER_A_LOOK = cases_desk.PAST_SETTLING + 150  # before the send, which a look a minute later has confirmed


def captured_at_klarna(desk: Desk) -> uuid.UUID:
    klarna_desk.use_klarna(desk)
    return klarna_desk.order(desk, 3300, state="captured")


def captured_at_svea(desk: Desk) -> uuid.UUID:
    return cases_desk.svea(desk, 3300, state="captured", settled=True)


def captured_at_komoju(desk: Desk) -> uuid.UUID:
    return desk.payment(3300)


@pytest.mark.parametrize("make", [captured_at_komoju, captured_at_klarna, captured_at_svea])
def test_what_the_portal_did_is_booked_as_external_and_opens_no_case_R28(desk: Desk, make: Any) -> None:
    payment = make(desk)
    provider = desk_provider(desk, payment)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", provider=provider, amount_minor=500)
    assert compare(desk, payment).compared == 1
    (movement,) = cases_desk.movements(payment, "refund")
    assert (movement.amount_minor, movement.operation_id) == (500, None)
    assert (desk.row(payment).refunded_minor, desk.row(payment).frozen_at) == (500, None)
    compare_twice(desk, payment)
    assert standing(payment) == []
    desk.assert_books_are_whole()


def desk_provider(desk: Desk, payment: uuid.UUID) -> str:
    effect = desk.emulator.ledger(reference=desk.row(payment).provider_ref)["payments"][0]
    return str(effect["provider"])


def test_an_operation_that_the_provider_does_not_show_is_a_case_after_two_reads_R28(desk: Desk) -> None:
    payment, operation = refunded(desk)
    shows_the_past(desk)
    compare(desk, payment)
    assert standing(payment) == [(K.OURS_MISSING, S.SUSPECTED)]
    assert desk.row(payment).frozen_at is None
    compare(desk, payment)
    assert standing(payment) == [(K.OURS_MISSING, S.SUSPECTED)], "two reads within a minute are one"
    desk.later(seconds=61)
    compare(desk, payment)
    (case,) = cases_desk.cases(payment)
    assert case.state is S.OPEN
    assert [line["operation"] for line in case.facts["missing"]] == [str(operation)]
    assert (case.facts["ours"]["refunded"], case.facts["theirs"]["refunded"]) == (500, 0)
    assert desk.row(payment).frozen_reason == "difference"
    assert desk.operation(operation).state is OperationState.SUCCEEDED, "what ended never changes (I8)"
    with pytest.raises(RuleBroken, match="frozen"):
        desk.ask(payment, 100)
    assert len(desk.effects(payment)) == 1, "nothing is corrected by moving money"


def test_absence_is_not_believed_before_the_settle_window_R26(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    desk.run(desk.ask(payment, 500))
    shows_the_past(desk, seconds=60)
    compare_twice(desk, payment)
    desk.later(minutes=12)
    compare_twice(desk, payment)
    assert standing(payment) == []
    assert desk.row(payment).frozen_at is None


def test_one_old_read_is_forgotten_when_the_next_agrees(desk: Desk) -> None:
    payment, _operation = refunded(desk)
    shows_the_past(desk, times=1)
    compare_twice(desk, payment)
    assert standing(payment) == []


def test_a_movement_of_the_portal_that_is_gone_is_a_case_of_its_own(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=700)
    compare(desk, payment)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    shows_the_past(desk)
    compare_twice(desk, payment)
    assert standing(payment) == [(K.MOVEMENT_MISSING, S.OPEN)]


def test_a_movement_whose_amount_changed_is_a_case(desk: Desk) -> None:
    payment, _operation = refunded(desk)
    desk.drop_guards()
    desk.raw("update movements set amount_minor = 600 where kind = 'refund'")
    desk.change(Payment, payment, refunded_minor=600)
    compare_twice(desk, payment)
    (case,) = cases_desk.cases(payment)
    assert (case.kind, case.state) == (K.AMOUNT_DIFFERS, S.OPEN)
    assert (case.facts["ours"]["refunded"], case.facts["theirs"]["refunded"]) == (600, 500)


def test_a_payment_in_another_currency_is_never_booked(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    desk.change(Payment, payment, currency="EUR")
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=500)
    compare_twice(desk, payment)
    assert standing(payment) == [(K.CURRENCY_DIFFERS, S.OPEN)]
    assert cases_desk.movements(payment, "refund") == []


def test_a_payment_that_the_provider_does_not_know_any_more_is_a_case_and_closes_when_it_is_back(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    desk.emulator.fault("error_before", "read", status=404, code="not_found")
    compare_twice(desk, payment)
    assert standing(payment) == [(K.PAYMENT_GONE, S.OPEN)]
    assert desk.row(payment).frozen_reason == "difference"
    desk.emulator.clear_faults()
    compare(desk, payment)
    assert standing(payment) == [(K.PAYMENT_GONE, S.CLOSED)]
    assert desk.row(payment).frozen_at is None
    assert (cases_desk.audited("case.opened"), cases_desk.audited("case.closed")) == (1, 1)
    assert cases_desk.audited("payment.thawed") == 1
    desk.assert_books_are_whole()


def test_while_an_operation_is_in_doubt_nothing_is_said_of_the_sums(desk: Desk) -> None:
    payment, _operation = refunded(desk)
    desk.emulator.fault("timeout_before", "refund", seconds=0.05, times=1)
    open_one = desk.ask(payment, 300)
    desk.run(open_one)
    assert desk.operation(open_one).state is OperationState.UNKNOWN
    desk.later(seconds=cases_desk.PAST_SETTLING)
    shows_the_past(desk)
    compare_twice(desk, payment)
    assert standing(payment) == []


def test_more_given_back_than_was_captured_is_a_case_at_once_and_stays_frozen_I1(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 3000)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=1000)
    compare(desk, payment)
    (case,) = cases_desk.cases(payment)
    assert (case.kind, case.state, case.facts["minor"]) == (K.EXCESS, S.OPEN, 700)
    assert desk.row(payment).frozen_reason == "excess"
    desk.run(operation)
    desk.later(hours=1)
    compare(desk, payment)
    assert desk.operation(operation).state is not OperationState.SUCCEEDED
    desk.assert_books_are_whole()


def test_a_chargeback_is_a_case_at_once(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "dispute", amount_minor=3300)
    compare(desk, payment)
    (case,) = cases_desk.cases(payment)
    assert (case.kind, case.state, case.facts["minor"]) == (K.CHARGEBACK, S.OPEN, 3300)


def test_a_hold_that_ended_uncaptured_is_a_case_and_freezes_nothing(desk: Desk) -> None:
    payment = desk.payment(3300, capture="manual")
    desk.emulator.portal(desk.row(payment).provider_ref, "expire")
    compare(desk, payment)
    assert standing(payment) == [(K.HOLD_LAPSED, S.OPEN)]
    desk.later(hours=1)
    compare(desk, payment)
    assert standing(payment) == [(K.HOLD_LAPSED, S.OPEN)]
    assert desk.row(payment).frozen_at is None


def test_a_buyer_who_never_paid_left_no_hold(desk: Desk) -> None:
    payment = desk.payment(3300, method="konbini")
    desk.emulator.portal(desk.row(payment).provider_ref, "expire")
    compare(desk, payment)
    assert standing(payment) == []


def test_an_order_paid_twice_is_one_case_at_the_newer_payment(desk: Desk) -> None:
    first = desk.payment(3300, order_number="T-1")
    desk.later(seconds=5)
    second = desk.payment(3300, order_number="T-1")
    compare(desk, first)
    compare(desk, second)
    assert standing(first) == []
    (case,) = cases_desk.cases(second)
    assert (case.kind, case.facts["paid"], case.facts["total"]) == (K.ORDER_TOTAL, 6600, 3300)
    desk.run(desk.ask(second, 3300))
    desk.later(seconds=61)
    compare(desk, second)
    assert standing(second) == [(K.ORDER_TOTAL, S.CLOSED)]
    assert desk.row(second).frozen_at is None


def test_when_a_payment_is_compared_next_R28(desk: Desk) -> None:
    """Hourly while money is held, nightly for 90 days, then no more; what is booked is looked for once more."""
    held, taken = desk.payment(3300, capture="manual"), desk.payment(3300)
    for payment in (held, taken):
        assert in_minutes(desk, payment) == pytest.approx(15, abs=1)
        compare(desk, payment)
    assert in_minutes(desk, held) == pytest.approx(50, abs=1)
    at = desk.row(taken).compare_at
    assert at is not None
    assert at.astimezone(ZoneInfo("Asia/Tokyo")).hour == 2
    desk.later(days=91)
    compare(desk, taken)
    assert desk.row(taken).compare_at is None
    desk.emulator.portal(desk.row(taken).provider_ref, "refund", amount_minor=100)
    compare(desk, taken)
    assert desk.row(taken).compare_at is not None


def in_minutes(desk: Desk, payment: uuid.UUID) -> float:
    row, now = desk.row(payment), desk.clock.wall()
    assert row.compare_at is not None
    return (row.compare_at - now) / timedelta(minutes=1)


def test_klarnas_capture_of_ours_that_is_gone_is_a_case(desk: Desk) -> None:
    klarna_desk.use_klarna(desk)
    payment = klarna_desk.order(desk, 3300)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    operation = desk.ask(payment, 3300, kind=OperationKind.CAPTURE)
    desk.run(operation)
    desk.later(seconds=61)
    desk.run_now(operation)
    assert desk.row(payment).captured_minor == 3300
    desk.later(seconds=cases_desk.PAST_SETTLING)
    shows_the_past(desk, seconds=AFTER_A_LOOK)
    compare_twice(desk, payment)
    (case,) = cases_desk.cases(payment)
    assert (case.kind, case.state, case.facts["missing"][0]["operation"]) == (K.OURS_MISSING, S.OPEN, str(operation))


def test_sveas_credit_of_ours_that_is_gone_is_a_case(desk: Desk) -> None:
    """Svea shows only how much was given back in all."""
    payment = captured_at_svea(desk)
    desk.later(seconds=cases_desk.PAST_SETTLING)
    operation = desk.ask(payment, 3300)
    desk.run(operation)
    desk.later(seconds=61)
    desk.run_now(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    desk.later(seconds=cases_desk.PAST_SETTLING)
    shows_the_past(desk, seconds=AFTER_A_LOOK)
    compare_twice(desk, payment)
    assert standing(payment) == [(K.OURS_MISSING, S.OPEN)]
