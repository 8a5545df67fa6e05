"""The exact bytes of every write (Klarna page, sections 2, 3, 5 and 10; R12, R25)."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from providers.errors import RequestNotPossible
from providers.kinds import NotOffered, OperationKind
from providers.klarna import requests
from providers.klarna.capabilities import UPDATE_PART_CAPTURED, KlarnaCapabilities
from providers.lines import LineKind, OrderLine
from providers.money import Money
from providers.port import MoneyRequest, WireCall
from tests.providers.klarna.samples import (
    KETTLE,
    KETTLE_LINE,
    KEY,
    MUG_LINE,
    MUGS,
    ORDER,
    PATH,
    facts,
    order,
    part_captured,
    untouched,
    wish,
)

CAPTURE, CANCEL, REFUND, UPDATE = OperationKind
CAPABILITIES = KlarnaCapabilities()
FRESH = facts()
PART = facts(part_captured())
MAY_UPDATE = {UPDATE_PART_CAPTURED: True}


def prepare(request: MoneyRequest) -> WireCall:
    return requests.prepare(request, CAPABILITIES)


def refused(request: MoneyRequest) -> NotOffered:
    with pytest.raises(RequestNotPossible) as refusal:
        prepare(request)
    return refusal.value.why


def update(total: int, *lines: OrderLine, **changed) -> MoneyRequest:
    payment = changed.pop("payment", FRESH)
    now = payment.authorised_minor - payment.cancelled_minor
    fields = {"new_total": Money(total, "SEK"), "lines": lines, "reason": "One mug less", **changed}
    return wish(UPDATE, abs(total - now), payment, **fields)


def body_of(call: WireCall):
    return json.loads(call.body or b"null")


def test_r12_example_a_a_part_capture_with_lines():
    call = prepare(wish(CAPTURE, 50000, FRESH, lines=[KETTLE_LINE]))
    assert body_of(call) == {
        "captured_amount": 50000,
        "reference": "op-7f3c",
        "description": "First parcel",
        "order_lines": [KETTLE],
    }
    assert replace(call, body=None) == WireCall(
        "POST", f"{PATH}/captures", None, KEY, "op-7f3c", CAPTURE, 50000, "SEK", ORDER
    )


def test_r12_example_b_a_part_refund_with_a_price_reduction():
    line = OrderLine("Kettle, price reduction", Decimal(1), 12500, 12500, 2500, 2500, reference="SKU-1")
    payment = facts(part_captured(refunds=[], refunded_amount=0))
    call = prepare(wish(REFUND, 12500, payment, operation_id="op-91aa", reason="Scratched lid", lines=[line]))
    assert call.path == f"{PATH}/refunds"
    assert body_of(call) == {
        "refunded_amount": 12500,
        "reference": "op-91aa",
        "description": "Scratched lid",
        "order_lines": [
            {
                "type": "physical",
                "reference": "SKU-1",
                "name": "Kettle, price reduction",
                "quantity": 1,
                "unit_price": 12500,
                "tax_rate": 2500,
                "total_amount": 12500,
                "total_discount_amount": 0,
                "total_tax_amount": 2500,
            }
        ],
    }


def test_r12_example_c_a_lower_amount_sends_all_the_lines_that_remain():
    call = prepare(update(74900, KETTLE_LINE, MUG_LINE))
    assert (call.method, call.path, call.amount_minor) == ("PATCH", f"{PATH}/authorization", 5000)
    assert body_of(call) == {"order_amount": 74900, "description": "One mug less", "order_lines": [KETTLE, MUGS]}


def test_example_d_before_a_capture_an_order_is_cancelled_and_after_it_the_rest_released():
    whole, rest = prepare(wish(CANCEL, 79900, FRESH)), prepare(wish(CANCEL, 24900, PART))
    assert (whole.method, whole.path, whole.body) == ("POST", f"{PATH}/cancel", None)
    assert (rest.method, rest.path, rest.body) == ("POST", f"{PATH}/release-remaining-authorization", None)


def test_r12_the_same_wish_gives_the_same_bytes():
    request = wish(CAPTURE, 50000, FRESH, lines=[KETTLE_LINE], reason="Grönt\nte ☕")
    assert prepare(request).to_bytes() == prepare(request).to_bytes()
    assert '"description":"Grönt te ☕"'.encode() in (prepare(request).body or b"")


def test_lines_and_a_reason_may_be_left_out_of_a_capture_and_a_refund():
    assert body_of(prepare(wish(CAPTURE, 1, FRESH, reason=" "))) == {"captured_amount": 1, "reference": "op-7f3c"}
    assert body_of(prepare(wish(REFUND, 37500, PART, reason=""))) == {
        "refunded_amount": 37500,
        "reference": "op-7f3c",
    }


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (wish(CAPTURE, 79901, FRESH), NotOffered.NOTHING_LEFT),
        (wish(CAPTURE, 0, FRESH), NotOffered.NOTHING_LEFT),
        (wish(CAPTURE, 24901, PART), NotOffered.NOTHING_LEFT),
        (wish(REFUND, 37501, PART), NotOffered.NOTHING_LEFT),
        (wish(REFUND, 1, FRESH), NotOffered.NOTHING_CAPTURED),
        (wish(CANCEL, 79899, FRESH), NotOffered.PART_NOT_SUPPORTED),
        (wish(CANCEL, 24899, PART), NotOffered.PART_NOT_SUPPORTED),
        (wish(CAPTURE, 100, FRESH, payment_ref="../orders"), NotOffered.NOT_SUPPORTED),
        (wish(CAPTURE, 100, FRESH, money=Money(100, "EUR")), NotOffered.NOT_SUPPORTED),
        (wish(CAPTURE, 100, facts(untouched(fraud_status="PENDING"))), NotOffered.PROVIDER_CHECKS),
        (wish(CAPTURE, 100, facts(untouched(expires_at="2025-03-29T00:00:00Z"))), NotOffered.HOLD_EXPIRED),
        (wish(CAPTURE, 50000, FRESH, lines=[MUG_LINE]), NotOffered.LINES_DO_NOT_SUM),
        (wish(REFUND, 12500, PART, lines=[KETTLE_LINE]), NotOffered.LINES_DO_NOT_SUM),
        (update(74900), NotOffered.LINES_NEEDED),
        (update(74901, KETTLE_LINE, MUG_LINE), NotOffered.LINES_DO_NOT_SUM),
        (update(79900, KETTLE_LINE), NotOffered.NOTHING_LEFT),
        (update(74900, KETTLE_LINE, MUG_LINE, new_total=None), NotOffered.NOT_SUPPORTED),
        (update(74900, KETTLE_LINE, MUG_LINE, new_total=Money(74900, "EUR")), NotOffered.NOT_SUPPORTED),
        (update(74900, KETTLE_LINE, MUG_LINE, money=Money(4999, "SEK")), NotOffered.STATE_FORBIDS),
        (update(50000, KETTLE_LINE, payment=PART), NotOffered.ALREADY_CAPTURED),
        (update(49999, KETTLE_LINE, payment=PART, settings=MAY_UPDATE), NotOffered.ALREADY_CAPTURED),
        (
            update(99800, KETTLE_LINE, payment=facts(untouched(initial_payment_method={"type": "CARD"}))),
            NotOffered.CANNOT_RAISE,
        ),
    ],
)
def test_what_klarna_would_refuse_is_refused_before_sending(request_, why):
    assert refused(request_) is why


def test_an_amount_over_klarnas_largest_is_refused():
    huge = facts(untouched(order_amount=300_000_000, remaining_authorized_amount=300_000_000))
    assert refused(wish(CAPTURE, 200_000_001, huge)) is NotOffered.NOT_SUPPORTED
    assert body_of(prepare(wish(CAPTURE, 200_000_000, huge)))["captured_amount"] == 200_000_000


def test_raising_is_sent_where_the_method_is_documented_for_it():
    call = prepare(
        update(99800, KETTLE_LINE, replace(MUG_LINE, quantity=Decimal(4), total_minor=49800, tax_minor=9960))
    )
    assert (call.amount_minor, body_of(call)["order_amount"]) == (19900, 99800)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (replace(KETTLE_LINE, quantity=Decimal("1.5")), NotOffered.WHOLE_UNITS_ONLY),
        (replace(KETTLE_LINE, quantity=Decimal(-1)), NotOffered.WHOLE_UNITS_ONLY),
        (replace(KETTLE_LINE, name=""), NotOffered.NOT_SUPPORTED),
        (replace(KETTLE_LINE, tax_rate_bp=-1), NotOffered.NOT_SUPPORTED),
        (replace(KETTLE_LINE, discount_minor=-1, unit_price_minor=49999), NotOffered.NOT_SUPPORTED),
        (replace(KETTLE_LINE, unit_price_minor=49999), NotOffered.LINES_DO_NOT_SUM),
        (replace(KETTLE_LINE, tax_minor=10002), NotOffered.LINES_DO_NOT_SUM),
        (replace(KETTLE_LINE, tax_minor=9998), NotOffered.LINES_DO_NOT_SUM),
    ],
)
def test_a_line_by_the_rules_of_section_2_2(line, why):
    assert refused(wish(CAPTURE, 50000, FRESH, lines=[line])) is why


@pytest.mark.parametrize("tax", [9999, 10000, 10001])
def test_the_tax_of_a_line_may_be_off_by_one(tax):
    assert prepare(wish(CAPTURE, 50000, FRESH, lines=[replace(KETTLE_LINE, tax_minor=tax)]))


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (LineKind.GOODS, "physical"),
        (LineKind.DIGITAL, "digital"),
        (LineKind.SHIPPING, "shipping_fee"),
        (LineKind.FEE, "surcharge"),
        (LineKind.DISCOUNT, "discount"),
        (LineKind.GIFT_CARD, "gift_card"),
    ],
)
def test_every_kind_of_line_has_its_word(kind, word):
    call = prepare(wish(CAPTURE, 50000, FRESH, lines=[replace(KETTLE_LINE, kind=kind)]))
    assert body_of(call)["order_lines"][0]["type"] == word


def test_a_discount_is_a_negative_line_and_the_sum_is_what_counts():
    off = OrderLine("Voucher", Decimal(1), -5000, -5000, 2500, -1000, kind=LineKind.DISCOUNT)
    call = prepare(wish(CAPTURE, 45000, FRESH, lines=[KETTLE_LINE, off]))
    assert [line["total_amount"] for line in body_of(call)["order_lines"]] == [50000, -5000]


def test_more_lines_than_klarna_takes_are_refused():
    assert refused(wish(CAPTURE, 50000, FRESH, lines=[KETTLE_LINE] * 1001)) is NotOffered.NOT_SUPPORTED


@pytest.mark.parametrize("key", ["", "op_42", KEY + "0", KEY.replace("-", "")])
def test_a_key_is_a_uuid(key):
    with pytest.raises(ValueError, match="UUID"):
        prepare(wish(CAPTURE, 100, FRESH, key=key))


def test_what_is_shown_of_a_call_holds_no_free_text():
    request = wish(CAPTURE, 50000, FRESH, lines=[KETTLE_LINE], reason="Ana Canary, Street 1")
    shown = requests.redact(prepare(request))
    assert "Canary" not in shown
    assert "Kettle" not in shown
    assert '"captured_amount": 50000' in shown
    assert '"order_lines": [50000]' in shown
    assert requests.redact(prepare(wish(CANCEL, 79900, FRESH))) == f"POST {PATH}/cancel"


def test_references_overwrite_what_is_given():
    assert requests.references("SO-1", None) == b'{"merchant_reference1":"SO-1"}'
    assert requests.references("SO-1", "x") == b'{"merchant_reference1":"SO-1","merchant_reference2":"x"}'
    for wrong in ((None, None), ("x" * 256, None)):
        with pytest.raises(ValueError, match="255"):
            requests.references(*wrong)


def test_an_order_that_is_over_takes_nothing():
    for made in (untouched(status="CANCELLED"), order(status="CLOSED"), untouched(status="FROZEN")):
        for kind in (CAPTURE, CANCEL, UPDATE):
            assert refused(wish(kind, 100, facts(made)))
