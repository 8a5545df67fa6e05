"""The ledger in one process, as the sandbox and the simulation use it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from providers.emulator.ledger import Ledger
from providers.emulator.records import Account, Cause, Payment, Refused

API, PORTAL, BUYER = Cause("api"), Cause("portal"), Cause("buyer")
START = datetime(2026, 1, 15, 3, tzinfo=UTC)


class HandClock:
    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger(HandClock(), Random(1))
    ledger.open_account(Account("acc", "komoju", "test", "sk"))
    return ledger


def make(ledger: Ledger, **fields: object) -> str:
    payment = Payment("", "komoju", "acc", "credit_card", "JPY", 1000, START)
    return ledger.add_payment(replace(payment, **fields)).reference


def paid(ledger: Ledger, **fields: object) -> str:
    reference = make(ledger, **fields)
    ledger.pay(reference, BUYER)
    return reference


def test_two_ledgers_with_the_same_seed_give_the_same_references():
    first, second = (Ledger(HandClock(), Random(5)) for _ in range(2))
    assert [first.new_ref() for _ in range(3)] == [second.new_ref() for _ in range(3)]
    assert len(first.new_ref()) == 25


def test_partial_refunds_leave_captured_until_the_last_one(ledger):
    reference = paid(ledger)
    ledger.refund(reference, API, 400)
    assert ledger.get(reference).status == "captured"
    ledger.refund(reference, API)
    assert ledger.get(reference).status == "refunded"
    assert [entry.amount_minor for entry in ledger.get(reference).refunds] == [400, 600]


def test_a_refund_over_the_rest_is_refused_and_changes_nothing(ledger):
    reference = paid(ledger)
    before = ledger.get(reference)
    with pytest.raises(Refused) as refusal:
        ledger.refund(reference, API, 1001)
    assert refusal.value.code == "bad_amount"
    assert ledger.get(reference) is before
    assert len(ledger.effects) == 1


def test_the_buyers_fee_stays_with_the_provider(ledger):
    reference = paid(ledger, fee_minor=190)
    ledger.refund(reference, API)
    payment = ledger.get(reference)
    assert (payment.captured_minor, payment.refunded_minor, payment.status) == (1190, 1000, "refunded")


def test_a_partial_capture_releases_the_rest(ledger):
    reference = make(ledger, manual_capture=True)
    ledger.authorise(reference, BUYER)
    ledger.capture(reference, API, 700)
    payment = ledger.get(reference)
    assert (payment.captured_minor, payment.cancelled_minor, payment.released_minor) == (700, 300, 300)


@pytest.mark.parametrize(
    ("move", "code"),
    [("capture", "not_capturable"), ("cancel", "not_cancellable"), ("expire", "not_expirable")],
)
def test_a_captured_payment_is_neither_captured_nor_cancelled_nor_expired(ledger, move, code):
    reference = paid(ledger)
    with pytest.raises(Refused) as refusal:
        getattr(ledger, move)(reference, API)
    assert refusal.value.code == code


def test_a_payment_that_waits_for_the_buyer_cannot_be_captured_by_us(ledger):
    reference = make(ledger, awaits_buyer=True)
    ledger.authorise(reference, BUYER)
    with pytest.raises(Refused, match="cannot be captured"):
        ledger.capture(reference, API)
    ledger.pay(reference, BUYER)
    assert ledger.get(reference).status == "captured"


def test_cancelling_releases_what_was_reserved(ledger):
    reference = make(ledger, manual_capture=True)
    ledger.authorise(reference, BUYER)
    ledger.cancel(reference, API)
    payment = ledger.get(reference)
    assert (payment.status, payment.cancelled_minor) == ("cancelled", 1000)


def test_a_refund_request_holds_its_money_and_finishes_later(ledger):
    reference = paid(ledger, refund_by_request=True, fee_minor=100)
    ledger.request_refund(reference, Cause("api", description="op_1 why"), 600, {}, with_fee=True)
    assert ledger.get(reference).refunded_minor == 0
    with pytest.raises(Refused):
        ledger.request_refund(reference, API, 500, {})
    ledger.finish_request(reference, PORTAL)
    payment = ledger.get(reference)
    assert payment.refund_requests[0].status == "completed"
    assert payment.refunds[0].amount_minor == 700
    assert payment.refunds[0].description == "op_1 why"


def test_a_rejected_refund_request_moves_nothing_and_frees_its_money(ledger):
    reference = paid(ledger, refund_by_request=True)
    ledger.request_refund(reference, API, 1000, {})
    ledger.reject_request(reference, PORTAL)
    payment = ledger.get(reference)
    assert (payment.refund_requests[0].status, payment.refunded_minor) == ("rejected", 0)
    assert payment.refundable_minor == 1000


def test_a_chargeback_may_follow_a_full_refund_and_breaks_no_rule(ledger):
    reference = paid(ledger)
    ledger.refund(reference, API)
    ledger.dispute(reference, PORTAL)
    payment = ledger.get(reference)
    assert (payment.refunded_minor, payment.charged_back_minor) == (2000, 1000)
    assert payment.refunds[-1].chargeback
    assert ledger.watch.broken == []


def test_sums_over_are_reported_as_i1_when_the_provider_does_not_cap(ledger):
    ledger.open_account(Account("acc", "komoju", "test", "sk", switches={"cap": False}))
    reference = paid(ledger)
    ledger.refund(reference, API, 700)
    ledger.refund(reference, API, 700)
    assert [entry["rule"] for entry in ledger.watch.broken] == ["I1"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Cause("api", key="k1", description="op_1 a"), Cause("api", key="k2", description="op_1 b")),
        (Cause("api", key="k1"), Cause("api", key="k1")),
    ],
)
def test_a_second_effect_of_one_operation_or_key_is_reported_as_i2(ledger, first, second):
    reference = paid(ledger)
    ledger.refund(reference, first, 100)
    ledger.refund(reference, Cause("portal", description="op_1 by hand"), 100)
    assert ledger.watch.broken == []
    ledger.refund(reference, second, 100)
    assert [entry["rule"] for entry in ledger.watch.broken] == ["I2"]


def test_effects_carry_who_what_and_when(ledger):
    reference = paid(ledger)
    effect = ledger.refund(reference, Cause("api", "key-1", "digest", "op_9 late delivery"), 250)
    assert (effect.seq, effect.at, effect.kind, effect.amount_minor) == (2, START, "refund", 250)
    assert (effect.key, effect.request_digest, effect.operation, effect.source) == (
        "key-1",
        "digest",
        "op_9",
        "api",
    )


def test_an_earlier_state_can_be_read(ledger):
    reference = paid(ledger)
    ledger.clock.moment = START + timedelta(seconds=90)
    ledger.refund(reference, API)
    assert ledger.as_of(reference, START + timedelta(seconds=30)).status == "captured"
    assert ledger.as_of(reference, START - timedelta(days=1)).status == "pending"


def test_the_same_secret_key_is_the_same_account(ledger):
    again = ledger.open_account(Account("", "komoju", "test", "sk", webhook_url="http://127.0.0.1/x"))
    assert again.id == "acc"
    assert ledger.find_account("komoju", "sk") == again
    assert ledger.find_account("klarna", "sk") is None
