"""The bytes of each call: the worked exchanges of section 13, and what cannot be asked for."""

import json
from decimal import Decimal

import pytest

from providers.errors import RequestNotPossible
from providers.kinds import NotOffered, OperationKind
from providers.lines import LineKind, OrderLine
from providers.money import Money
from providers.port import MoneyRequest, WireCall
from providers.references import short_code
from providers.svea import requests
from tests.providers.svea import samples

CAPTURE, CANCEL, REFUND, UPDATE = (
    OperationKind.CAPTURE,
    OperationKind.CANCEL,
    OperationKind.REFUND,
    OperationKind.UPDATE,
)
OPERATION = "0b7a1d3c-6f1e-4b5a-9c55-0d5b4f7a1e2d"
CODE = short_code(OPERATION)


def line(ref, quantity="1", total=50000, unit=None, **changed):
    """A line of the order, by Svea's row id."""
    quantity = Decimal(quantity)
    unit = int(total / quantity) if unit is None else unit
    return OrderLine(f"Thing {ref}", quantity, unit, total, 2500, 0, provider_line_ref=ref, **changed)


def prepare(kind, body, minor, **changed):
    usual = {
        "kind": kind,
        "operation_id": OPERATION,
        "key": "k",
        "payment_ref": samples.ORDER_REF,
        "money": Money(minor, "SEK"),
        "whole_rest": False,
        "reason": "returned",
        "payment": samples.facts(body),
    }
    return requests.prepare(MoneyRequest(**{**usual, **changed}))


def sent(kind, body, minor, **changed):
    """Method, path after the order's address, and body."""
    call = prepare(kind, body, minor, **changed)
    assert call.path.startswith(f"/api/v1/orders/{samples.ORDER_REF}")
    return call.method, call.path.removeprefix(f"/api/v1/orders/{samples.ORDER_REF}"), json.loads(call.body)


def refused(kind, body, minor, **changed):
    with pytest.raises(RequestNotPossible) as refusal:
        prepare(kind, body, minor, **changed)
    return refusal.value.why


def test_bytes_are_compact_and_those_of_the_signed_examples():
    assert prepare(CAPTURE, samples.open_invoice(), 79900).body == b'{"OrderRowIds":[]}'
    assert prepare(CANCEL, samples.open_invoice(), 79900).body == b'{"IsCancelled":true}'
    settled = samples.delivered_card(["CanCreditAmount"], credited=10000)
    assert prepare(REFUND, settled, 5000, against="880020").body == b'{"CreditedAmount":15000}'


def test_a_one_of_two_rows_is_delivered():
    asked = sent(CAPTURE, samples.open_invoice(), 50000, lines=[line("1")])
    options = [{"OrderRowId": 1, "Quantity": 100}]
    assert asked == ("POST", "/deliveries", {"OrderRowIds": [1], "RowDeliveryOptions": options})


def test_a_part_of_a_row_is_delivered_in_hundredths_of_a_piece():
    _, _, body = sent(CAPTURE, samples.open_invoice(), 14950, lines=[line("2", "1", 14950)])
    assert body["RowDeliveryOptions"] == [{"OrderRowId": 2, "Quantity": 100}]


def test_b_a_settled_card_is_credited_to_a_total_that_a_repeat_does_not_raise():
    """Section 6.5: the target is in the stored bytes, so the same bytes go out again."""
    settled = samples.delivered_card(["CanCreditAmount"], credited=10000)
    call = prepare(REFUND, settled, 5000, against="880020")
    assert (call.method, call.path) == ("PATCH", "/api/v1/orders/4410021/deliveries/880020")
    assert WireCall.from_bytes(call.to_bytes()) == call
    assert b"Authorization" not in call.to_bytes()


def test_c_an_invoice_is_credited_by_a_new_row_that_carries_our_code():
    one_rate = samples.delivered(credit=["CanCreditNewRow"])
    one_rate["Deliveries"][0]["OrderRows"][1]["VatPercent"] = 2500
    row = {"Name": f"Refund {CODE} 25%", "UnitPrice": 12500, "VatPercent": 2500, "Quantity": 100}
    asked = sent(REFUND, one_rate, 12500, against="880017")
    assert asked == ("POST", "/deliveries/880017/credits", {"NewCreditOrderRow": row})


def test_r4_a_new_row_for_each_vat_rate_and_the_parts_sum_exactly():
    body = samples.delivered(credit=["CanCreditNewRow"])
    _, _, asked = sent(REFUND, body, 10001, against="880017")
    rows = asked["NewCreditOrderRows"]
    assert [(row["VatPercent"], row["UnitPrice"]) for row in rows] == [(2500, 6258), (1200, 3743)]
    assert sum(row["UnitPrice"] for row in rows) == 10001
    assert all(len(row["Name"]) <= 40 and CODE in row["Name"] for row in rows)


def test_r4_what_was_credited_under_a_rate_is_not_credited_again():
    body = samples.delivered(credit=["CanCreditNewRow"])
    body["Deliveries"][0] |= {"CreditedAmount": 50000, "Credits": [samples.coded_credit(50000, "Rows")]}
    _, _, asked = sent(REFUND, body, 29900, against="880017")
    assert asked == {
        "NewCreditOrderRow": {"Name": f"Refund {CODE} 12%", "UnitPrice": 29900, "VatPercent": 1200, "Quantity": 100}
    }


def test_a_fraction_of_a_percent_is_written_out_and_a_discount_of_another_rate_is_no_weight():
    rows = [samples.row(1, 60000, vat=550), samples.row(2, -10000, vat=0)]
    body = samples.delivered(
        Deliveries=[samples.delivery(880017, 50000, rows, Actions=["CanCreditNewRow"])], OrderAmount=50000
    )
    _, _, asked = sent(REFUND, body, 5000, against="880017")
    assert asked["NewCreditOrderRow"]["Name"] == f"Refund {CODE} 5.5%"


def test_d_a_part_of_a_card_is_released_by_a_total_or_captured_with_the_rest_released():
    assert sent(CANCEL, samples.open_card(), 20000) == ("PATCH", "", {"CancelledAmount": 20000})
    again = samples.open_card(CancelledAmount=20000)
    assert sent(CANCEL, again, 10000) == ("PATCH", "", {"CancelledAmount": 30000})
    asked = sent(CAPTURE, samples.open_card(), 59900)
    assert asked == ("POST", "/deliveries/DeliverAndLowerAmount", {"DeliveredAmount": 59900})
    assert sent(CAPTURE, again, 59900) == ("POST", "/deliveries", {"OrderRowIds": []})


def test_the_rest_of_a_part_delivered_order_is_cancelled_by_its_rows():
    asked = sent(CANCEL, samples.part_delivered(), 29900)
    assert asked == ("PATCH", "/rows/cancelOrderRows", {"OrderRowIds": [2]})


def test_a_chosen_row_is_cancelled_only_as_a_whole():
    assert sent(CANCEL, samples.open_invoice(), 50000, lines=[line("1")])[2] == {"OrderRowIds": [1]}
    assert refused(CANCEL, samples.open_invoice(), 14950, lines=[line("2", "1", 14950)]) is NotOffered.LINES_DO_NOT_SUM
    assert refused(CANCEL, samples.open_invoice(), 100) is NotOffered.LINES_NEEDED


def test_a_delivered_card_that_is_not_settled_is_refunded_by_cancelling():
    assert sent(REFUND, samples.delivered_card(), 79900) == ("PATCH", "", {"IsCancelled": True})
    assert sent(REFUND, samples.delivered_card(), 700) == ("PATCH", "", {"CancelledAmount": 700})
    again = samples.delivered_card(CancelledAmount=700)
    assert sent(REFUND, again, 300) == ("PATCH", "", {"CancelledAmount": 1000})


def test_a_delivery_is_credited_by_rows_when_all_of_them_go_or_some_are_chosen():
    body = samples.delivered()
    path = "/deliveries/880017/credits"
    assert sent(REFUND, body, 79900, against="880017") == ("POST", path, {"OrderRowIds": [1, 2]})
    assert sent(REFUND, body, 50000, against="880017", lines=[line("1")]) == ("POST", path, {"OrderRowIds": [1]})


def test_a_part_of_a_row_is_credited_as_such_on_an_invoice_only():
    lines = [line("2", "1", 14950)]
    _, _, asked = sent(REFUND, samples.delivered(), 14950, against="880017", lines=lines)
    assert asked == {"OrderRowIds": [2], "RowCreditingOptions": [{"OrderRowId": 2, "Quantity": 100}]}
    _, _, asked = sent(REFUND, samples.delivered("AccountCredit"), 14950, against="880017", lines=lines)
    assert "NewCreditOrderRows" in asked
    by_rows = samples.delivered("PaymentPlan", credit=["CanCreditOrderRows"])
    assert refused(REFUND, by_rows, 14950, against="880017", lines=lines) is NotOffered.LINES_DO_NOT_SUM


def test_lines_of_another_delivery_go_with_its_own_step():
    body = samples.delivered()
    elsewhere = line("77", "1", 100)
    asked = sent(REFUND, body, 50000, against="880017", lines=[line("1"), elsewhere])
    assert asked[2] == {"OrderRowIds": [1]}


def test_a_refund_that_names_no_delivery_goes_to_the_only_one_that_can_be_meant():
    assert sent(REFUND, samples.paid_at_once("Swish"), 700)[1:] == ("/deliveries/880030", {"CreditedAmount": 700})
    two = samples.paid_at_once("Swish")
    two["Deliveries"].append(samples.delivery(9, 100, Actions=["CanCreditAmount"]))
    assert refused(REFUND, two, 700) is NotOffered.NOT_ALLOWED_NOW


def test_new_rows_replace_the_old_ones_with_their_sums_and_lengths_kept():
    lines = [
        OrderLine("K" * 50, Decimal(2), 25500, 50000, 2500, 0, discount_minor=1000, reference="SKU-1", unit="pieces"),
        OrderLine("Freight", Decimal("0.5"), 10000, 5000, 2500, 0, kind=LineKind.SHIPPING),
    ]
    asked = sent(UPDATE, samples.open_invoice(), 24900, new_total=Money(55000, "SEK"), lines=lines)
    rows = [
        {"ArticleNumber": "SKU-1", "Name": "K" * 40, "Quantity": 200, "UnitPrice": 25500, "DiscountAmount": 1000}
        | {"VatPercent": 2500, "Unit": "piec"},
        {"Name": "Freight", "Quantity": 50, "UnitPrice": 10000, "VatPercent": 2500, "RowType": "ShippingFee"},
    ]
    assert asked == ("PUT", "/rows/replaceOrderRows", {"OrderRows": rows})


def test_without_row_actions_a_smaller_total_is_a_cancelled_amount():
    asked = sent(UPDATE, samples.open_card(CancelledAmount=10000), 9900, new_total=Money(60000, "SEK"))
    assert asked == ("PATCH", "", {"CancelledAmount": 19900})


def test_with_nothing_but_cancelling_rows_whole_rows_may_go():
    only = samples.open_invoice(Actions=["CanCancelOrderRow"])
    asked = sent(UPDATE, only, 29900, new_total=Money(50000, "SEK"), lines=[line("1")])
    assert asked == ("PATCH", "/rows/cancelOrderRows", {"OrderRowIds": [2]})
    part = [line("1"), line("2", "1", 14950)]
    assert refused(UPDATE, only, 14950, new_total=Money(64950, "SEK"), lines=part) is NotOffered.PART_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("kind", "body", "minor", "changed", "why"),
    [
        (CAPTURE, samples.open_invoice(), 80000, {}, NotOffered.NOTHING_LEFT),
        (CAPTURE, samples.open_invoice(), 50000, {}, NotOffered.LINES_NEEDED),
        (CAPTURE, samples.open_invoice(), 49000, {"lines": [line("1")]}, NotOffered.LINES_DO_NOT_SUM),
        (CAPTURE, samples.open_invoice(), 50000, {"lines": [line("9")]}, NotOffered.NOT_ALLOWED_NOW),
        (CAPTURE, samples.open_invoice(), 50000, {"lines": [line("1", "0.001")]}, NotOffered.WHOLE_UNITS_ONLY),
        (CAPTURE, samples.open_invoice(SystemStatus="Pending"), 79900, {}, NotOffered.PROVIDER_CHECKS),
        (CAPTURE, samples.open_card(Actions=["CanDeliverOrder"]), 100, {}, NotOffered.PART_NOT_SUPPORTED),
        (CANCEL, samples.open_card(), 80000, {}, NotOffered.NOTHING_LEFT),
        (CANCEL, samples.open_card(Actions=["CanCancelOrder"]), 100, {}, NotOffered.PART_NOT_SUPPORTED),
        (REFUND, samples.delivered(), 80000, {"against": "880017"}, NotOffered.NOTHING_LEFT),
        (REFUND, samples.delivered(), 100, {"against": "1"}, NotOffered.NOT_ALLOWED_NOW),
        (REFUND, samples.delivered(), 0, {}, NotOffered.NOT_SUPPORTED),
        (UPDATE, samples.open_invoice(), 100, {"new_total": Money(100, "SEK")}, NotOffered.NOT_ALLOWED_NOW),
        (UPDATE, samples.open_invoice(), 100, {}, NotOffered.NOT_SUPPORTED),
        (UPDATE, samples.open_invoice(), 100, {"new_total": Money(80000, "SEK")}, NotOffered.LINES_NEEDED),
        (UPDATE, samples.open_card(), 100, {"new_total": Money(80000, "SEK")}, NotOffered.CANNOT_RAISE),
        (
            UPDATE,
            samples.open_invoice(),
            100,
            {"new_total": Money(80000, "SEK"), "lines": [line("1", "1", 80000, unit=70000)]},
            NotOffered.LINES_DO_NOT_SUM,
        ),
        (CAPTURE, samples.open_invoice(), 79900, {"payment_ref": "1"}, NotOffered.NOT_SUPPORTED),
        (CAPTURE, samples.open_invoice(), 79900, {"money": Money(79900, "NOK")}, NotOffered.NOT_SUPPORTED),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_its_reason(kind, body, minor, changed, why):
    assert refused(kind, body, minor, **changed) is why


def test_a_delivery_without_rows_tells_no_vat_so_a_new_row_is_not_guessed():
    bare = samples.delivered(Deliveries=[samples.delivery(880017, 79900, None, Actions=["CanCreditNewRow"])])
    assert refused(REFUND, bare, 100, against="880017") is NotOffered.NOT_ALLOWED_NOW


def test_what_is_shown_of_a_call_has_figures_and_our_code_and_no_texts():
    new_row = prepare(REFUND, samples.delivered(credit=["CanCreditNewRow"]), 10000, against="880017")
    assert CODE in requests.redact(new_row)
    lines = [OrderLine("A present for Tess", Decimal(1), 50000, 50000, 2500, 0, reference="SKU-T")]
    call = prepare(UPDATE, samples.open_invoice(), 29900, new_total=Money(50000, "SEK"), lines=lines)
    shown = requests.redact(call)
    assert "Tess" not in shown
    assert "SKU-T" not in shown
    assert "50000" in shown
