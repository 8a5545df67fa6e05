"""What is offered on an order (Klarna page, section 3), and the calls of a wish (section 9)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from providers.kinds import NotOffered, OperationKind, ProviderState, ResolutionClass
from providers.klarna.capabilities import UPDATE_PART_CAPTURED, KlarnaCapabilities
from providers.planning import Plan, Step, WishKind
from providers.port import Availability
from tests.providers.klarna.samples import REFUND_ID, facts, order, part_captured, untouched

CAPTURE, CANCEL, REFUND, UPDATE = OperationKind
NOW = datetime(2025, 3, 10, tzinfo=UTC)
CAPABILITIES = KlarnaCapabilities(lambda: NOW)
ALL_BACK = [{"refund_id": REFUND_ID, "refunded_amount": 50000, "refunded_at": "2025-03-05T13:40:10Z"}]
CAPTURED = part_captured(remaining_authorized_amount=0, status="CAPTURED")
REFUNDED = part_captured(remaining_authorized_amount=0, refunds=ALL_BACK, refunded_amount=50000)
CANCELLED = untouched(status="CANCELLED")
EXPIRED = untouched(status="EXPIRED")
LAPSED = untouched(expires_at="2025-03-10T00:00:00Z")
CHECKED = untouched(fraud_status="PENDING")
UNKNOWN = untouched(status="FROZEN")
CLOSED = part_captured(status="CLOSED")


def offered(kind: OperationKind, made, **settings) -> Availability:
    return CAPABILITIES.availability(kind, facts(made), settings)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (untouched(), None),
        (part_captured(), None),
        (CAPTURED, NotOffered.ALREADY_CAPTURED),
        (REFUNDED, NotOffered.ALREADY_CAPTURED),
        (CANCELLED, NotOffered.NOTHING_LEFT),
        (EXPIRED, NotOffered.HOLD_EXPIRED),
        (LAPSED, NotOffered.HOLD_EXPIRED),
        (CHECKED, NotOffered.PROVIDER_CHECKS),
        (untouched(fraud_status="REJECTED"), NotOffered.PROVIDER_CHECKS),
        (untouched(fraud_status="STOPPED"), NotOffered.PROVIDER_CHECKS),
        (untouched(fraud_status=None), NotOffered.PROVIDER_CHECKS),
        (UNKNOWN, NotOffered.STATE_FORBIDS),
        (CLOSED, NotOffered.STATE_FORBIDS),
    ],
)
def test_a_capture_by_section_3_1(made, why):
    available = offered(CAPTURE, made)
    assert (available.possible, available.partial, available.why_not) == (why is None, why is None, why)
    assert not available.releases_rest


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (untouched(), None),
        (CHECKED, None),
        (part_captured(), None),
        (CAPTURED, NotOffered.ALREADY_CAPTURED),
        (CANCELLED, NotOffered.NOTHING_LEFT),
        (EXPIRED, NotOffered.HOLD_EXPIRED),
        (UNKNOWN, NotOffered.STATE_FORBIDS),
        (CLOSED, NotOffered.STATE_FORBIDS),
    ],
)
def test_a_cancel_by_section_3_2_takes_the_whole_rest(made, why):
    available = offered(CANCEL, made)
    assert (available.possible, available.partial, available.why_not) == (why is None, False, why)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (part_captured(), None),
        (CAPTURED, None),
        (order(status="EXPIRED"), None),
        (untouched(), NotOffered.NOTHING_CAPTURED),
        (CANCELLED, NotOffered.NOTHING_CAPTURED),
        (REFUNDED, NotOffered.NOTHING_LEFT),
        (CLOSED, NotOffered.STATE_FORBIDS),
    ],
)
def test_a_refund_by_section_3_3_is_possible_in_part_for_every_method(made, why):
    for method in ("INVOICE", "CARD", "SWISH", "SOMETHING_NEW"):
        available = offered(REFUND, {**made, "initial_payment_method": {"type": method}})
        assert (available.possible, available.partial, available.why_not) == (why is None, why is None, why)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (untouched(), None),
        (part_captured(), NotOffered.ALREADY_CAPTURED),
        (CAPTURED, NotOffered.ALREADY_CAPTURED),
        (CANCELLED, NotOffered.NOTHING_LEFT),
        (EXPIRED, NotOffered.HOLD_EXPIRED),
        (CHECKED, NotOffered.PROVIDER_CHECKS),
        (UNKNOWN, NotOffered.STATE_FORBIDS),
    ],
)
def test_another_amount_by_section_3_4_only_before_the_first_capture(made, why):
    available = offered(UPDATE, made)
    assert (available.possible, available.needs_lines, available.why_not) == (why is None, why is None, why)


def test_a_setting_opens_another_amount_for_part_captured_orders():
    assert offered(UPDATE, part_captured(), **{UPDATE_PART_CAPTURED: True}).possible
    assert offered(UPDATE, CAPTURED, **{UPDATE_PART_CAPTURED: True}).why_not is NotOffered.ALREADY_CAPTURED
    assert not offered(UPDATE, part_captured(), **{UPDATE_PART_CAPTURED: "yes"}).possible


@pytest.mark.parametrize(
    ("method", "country", "can"),
    [
        ("INVOICE", "SE", True),
        ("B2B_INVOICE", "GB", True),
        ("BASE_ACCOUNT", "US", True),
        ("DIRECT_DEBIT", "DE", True),
        ("INVOICE", "CH", False),
        ("INVOICE", None, False),
        ("FIXED_AMOUNT", "SE", True),
        ("FIXED_AMOUNT", "FR", True),
        ("FIXED_AMOUNT", "GB", False),
        ("CARD", "SE", False),
        ("SOMETHING_NEW", "SE", False),
    ],
)
def test_the_amount_goes_up_only_where_that_is_documented(method, country, can):
    made = untouched(initial_payment_method={"type": method}, purchase_country=country)
    assert offered(UPDATE, made).can_raise is can
    total = CAPABILITIES.plan(WishKind.UPDATE, 80000, facts(made), {})
    assert total == (Plan((Step(UPDATE, 100),)) if can else Plan((), NotOffered.CANNOT_RAISE))


@pytest.mark.parametrize(
    ("made", "plan"),
    [
        (untouched(), Plan((Step(CANCEL, 79900),))),  # authorized
        (CHECKED, Plan((Step(CANCEL, 79900),))),  # on_hold
        (part_captured(), Plan((Step(CANCEL, 24900), Step(REFUND, 37500)))),  # released first, then refunded
        (CAPTURED, Plan((Step(REFUND, 37500),))),
        (CANCELLED, Plan((), NotOffered.NOTHING_LEFT)),
        (REFUNDED, Plan((), NotOffered.NOTHING_LEFT)),
        (EXPIRED, Plan((), NotOffered.HOLD_EXPIRED)),
        (LAPSED, Plan((), NotOffered.HOLD_EXPIRED)),
        (order(status="EXPIRED"), Plan((Step(REFUND, 37500),))),
        (UNKNOWN, Plan((), NotOffered.STATE_FORBIDS)),
        (CLOSED, Plan((), NotOffered.STATE_FORBIDS)),
    ],
)
def test_r6_cancel_or_refund_by_every_row_of_section_9(made, plan):
    assert CAPABILITIES.plan(WishKind.CANCEL_OR_REFUND, None, facts(made), {}) == plan


@pytest.mark.parametrize(
    ("wish", "amount", "made", "plan"),
    [
        (WishKind.CAPTURE, None, untouched(), Plan((Step(CAPTURE, 79900),))),
        (WishKind.CAPTURE, None, part_captured(), Plan((Step(CAPTURE, 24900),))),
        (WishKind.CAPTURE, 700, part_captured(), Plan((Step(CAPTURE, 700),))),
        (WishKind.CAPTURE, None, CAPTURED, Plan((), NotOffered.ALREADY_CAPTURED)),
        (WishKind.REFUND, 700, CAPTURED, Plan((Step(REFUND, 700),))),
        (WishKind.CANCEL, None, part_captured(), Plan((Step(CANCEL, 24900),))),
        (WishKind.UPDATE, 74900, untouched(), Plan((Step(UPDATE, 5000),))),
        (WishKind.UPDATE, 79900, untouched(), Plan((), NotOffered.NOTHING_LEFT)),
        (WishKind.UPDATE, 74900, part_captured(), Plan((), NotOffered.ALREADY_CAPTURED)),
    ],
)
def test_every_other_wish_is_one_call_or_a_reason(wish, amount, made, plan):
    assert CAPABILITIES.plan(wish, amount, facts(made), {}) == plan


def test_less_than_what_is_captured_is_no_new_amount():
    settings = {UPDATE_PART_CAPTURED: True}
    payment = facts(part_captured())
    assert CAPABILITIES.plan(WishKind.UPDATE, 49999, payment, settings).why_not is NotOffered.ALREADY_CAPTURED
    assert CAPABILITIES.plan(WishKind.UPDATE, 50000, payment, settings).steps == (Step(UPDATE, 24900),)


def test_nothing_is_offered_before_a_first_read_or_in_a_currency_without_hundredths():
    unread = replace(facts(), kept={})
    assert CAPABILITIES.availability(CAPTURE, unread, {}).why_not is NotOffered.STATE_FORBIDS
    yen = replace(facts(), currency="JPY")
    assert CAPABILITIES.availability(REFUND, yen, {}).why_not is NotOffered.NOT_SUPPORTED
    assert {"SEK", "EUR", "USD"} <= CAPABILITIES.currencies


def test_the_claim_is_c1_with_our_reference_in_captures_and_refunds():
    assert CAPABILITIES.resolution is ResolutionClass.KEY_AND_LOOK_UP
    assert [kind for kind in OperationKind if CAPABILITIES.keeps_reference(kind)] == [CAPTURE, REFUND]
    assert CAPABILITIES.payment_page("any", {}) is None


def test_a_lapse_seen_by_the_desk_closes_the_hold_also_where_the_words_are_ours():
    payment = replace(facts(), provider_state=ProviderState.EXPIRED)
    assert CAPABILITIES.availability(CAPTURE, payment, {}).why_not is NotOffered.HOLD_EXPIRED
    assert KlarnaCapabilities().availability(CAPTURE, facts(), {}).possible
