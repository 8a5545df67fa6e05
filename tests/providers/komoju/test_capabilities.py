"""What can be done with a KOMOJU payment, and why not (KOMOJU page, sections 4, 5, 6, 12)."""

import pytest

from providers.kinds import NotOffered, OperationKind, ProviderState, ResolutionClass
from providers.komoju.capabilities import KomojuCapabilities
from providers.money import exponent
from providers.port import Availability
from tests.providers.komoju.samples import AUTHORISED, facts

CAPTURE, CANCEL, REFUND = OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND
WAITING = facts(provider_state=ProviderState.WAITING, captured_minor=0, method="konbini")
CANCELLED = facts(provider_state=ProviderState.CANCELLED, captured_minor=0, cancelled_minor=2200)
EXPIRED = facts(provider_state=ProviderState.EXPIRED, captured_minor=0, cancelled_minor=2200)
FAILED = facts(provider_state=ProviderState.FAILED, authorised_minor=0, captured_minor=0)
REFUNDED = facts(provider_state=ProviderState.REFUNDED, refunded_minor=2200)
TAXED = {"tax": 200}


def ask(kind, payment, settings=None) -> Availability:
    return KomojuCapabilities().availability(kind, payment, settings or {})


def test_r13_the_class_is_c1_and_the_key_is_trusted_one_hour_less_than_its_window():
    able = KomojuCapabilities()
    assert (able.resolution, able.key_window_s) == (ResolutionClass.KEY_AND_LOOK_UP, 23 * 3600)
    assert (able.settle_s, able.fetch_before_send) == (900, False)
    assert [kind for kind in OperationKind if able.keeps_reference(kind)] == [REFUND]
    assert able.payment_page("7h2m9q4w1e8r5t2y9u6i3o0p7", {}) is None


def test_r2_the_zero_decimal_currencies_are_those_of_the_page():
    accepted = KomojuCapabilities().currencies
    assert len(accepted) == 20
    assert {code for code in accepted if exponent(code) == 0} == {"JPY", "KRW", "VND"}
    assert {code for code in accepted if exponent(code) not in (0, 2)} == set()


@pytest.mark.parametrize(
    ("kind", "payment", "why"),
    [
        (CAPTURE, WAITING, NotOffered.BUYER_HAS_TO_PAY),
        (CAPTURE, facts(), NotOffered.ALREADY_CAPTURED),
        (CAPTURE, REFUNDED, NotOffered.ALREADY_CAPTURED),
        (CAPTURE, CANCELLED, NotOffered.NOTHING_LEFT),
        (CAPTURE, EXPIRED, NotOffered.NOTHING_LEFT),
        (CAPTURE, FAILED, NotOffered.NOTHING_AUTHORISED),
        (CAPTURE, facts(provider_state=ProviderState.AUTHORISED), NotOffered.NOTHING_LEFT),
        (CANCEL, facts(), NotOffered.ALREADY_CAPTURED),
        (CANCEL, CANCELLED, NotOffered.NOTHING_LEFT),
        (CANCEL, FAILED, NotOffered.NOTHING_AUTHORISED),
        (REFUND, WAITING, NotOffered.BUYER_HAS_TO_PAY),
        (REFUND, AUTHORISED, NotOffered.NOTHING_CAPTURED),
        (REFUND, CANCELLED, NotOffered.NOTHING_CAPTURED),
        (REFUND, FAILED, NotOffered.NOTHING_CAPTURED),
        (REFUND, REFUNDED, NotOffered.NOTHING_LEFT),
        (REFUND, facts(refunded_minor=2200), NotOffered.NOTHING_LEFT),
        (REFUND, facts(currency="SEK"), NotOffered.NOT_SUPPORTED),
        (REFUND, facts(method="konbini", kept=TAXED), NotOffered.PART_WITH_TAX),
    ],
)
def test_what_is_not_possible_says_why(kind, payment, why):
    assert ask(kind, payment) == Availability(possible=False, why_not=why)


def test_a_capture_may_take_a_part_where_the_tax_is_known():
    assert ask(CAPTURE, AUTHORISED) == Availability(possible=True, partial=True)
    unknown = facts(provider_state=ProviderState.AUTHORISED, captured_minor=0, kept={})
    assert ask(CAPTURE, unknown).why_not_partial is NotOffered.PART_WITH_TAX


@pytest.mark.parametrize("payment", [WAITING, AUTHORISED])
def test_a_cancel_takes_everything(payment):
    expected = Availability(possible=True, why_not_partial=NotOffered.PART_NOT_SUPPORTED)
    assert ask(CANCEL, payment) == expected


@pytest.mark.parametrize("method", ["konbini", "bank_transfer", "pay_easy"])
def test_a_refund_of_a_cash_method_needs_bank_details(method):
    expected = Availability(possible=True, partial=True, needs_bank_details=True)
    assert ask(REFUND, facts(method=method)) == expected


def test_a_part_of_a_payment_with_tax_is_refunded_only_behind_the_accounts_setting():
    only_all = Availability(possible=True, why_not_partial=NotOffered.PART_WITH_TAX)
    switched = {"partial_refund_with_tax": True}
    for kept in (TAXED, {}):
        payment = facts(kept=kept)
        assert ask(REFUND, payment) == ask(REFUND, payment, {"partial_refund_with_tax": "yes"}) == only_all
        assert ask(REFUND, payment, switched) == Availability(possible=True, partial=True)
    konbini = facts(method="konbini", kept=TAXED)
    assert ask(REFUND, konbini, switched).needs_bank_details


def test_an_unknown_method_is_refunded_as_a_card_is():
    assert ask(REFUND, facts(method="brand_new_pay")) == Availability(possible=True, partial=True)
