"""The ledger in one process, as the sandbox and the simulation use it."""

import pytest

from providers.emulator.records import Cause, Refused
from tests.providers.emulator.ledgers import API, BUYER, PORTAL, make, paid


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
