"""The bytes of deliveries, releases and changes: the worked exchanges of section 13, and what cannot be asked for."""

from decimal import Decimal

import pytest

from providers.kinds import NotOffered
from providers.lines import LineKind, OrderLine
from providers.money import Money
from providers.port import WireCall
from providers.svea import requests
from tests.providers.svea import samples
from tests.providers.svea.asking import CANCEL, CAPTURE, CODE, OPERATION, REFUND, UPDATE, line, prepare, refused, sent


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
        (CAPTURE, samples.open_invoice(), 50000, {"lines": [line("1", "0.001")]}, NotOffered.NOT_SUPPORTED),
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


def test_with_nothing_but_cancelling_rows_what_goes_has_to_be_allowed_and_to_sum():
    only = samples.open_invoice(Actions=["CanCancelOrderRow"])
    kettle, mugs = line("1"), line("2", "2", 29900)
    both = {"new_total": Money(79800, "SEK"), "lines": [kettle, mugs]}
    assert refused(UPDATE, only, 100, **both) is NotOffered.NOT_ALLOWED_NOW
    one = {"new_total": Money(70000, "SEK"), "lines": [kettle]}
    assert refused(UPDATE, only, 9900, **one) is NotOffered.LINES_DO_NOT_SUM
    assert refused(UPDATE, only, 9900, new_total=Money(70000, "SEK")) is NotOffered.LINES_NEEDED


def test_an_order_takes_a_thousand_rows_and_a_total_above_zero():
    many = [line(None, total=1, unit=1)] * 1001
    assert (
        refused(UPDATE, samples.open_invoice(), 78899, new_total=Money(1001, "SEK"), lines=many)
        is NotOffered.NOT_SUPPORTED
    )
    wrong = {"new_total": Money(50000, "SEK"), "lines": [line("1", total=49999)]}
    assert refused(UPDATE, samples.open_invoice(), 29900, **wrong) is NotOffered.LINES_DO_NOT_SUM


def test_all_that_is_open_is_cancelled_by_rows_where_the_order_cannot_be_cancelled():
    only = samples.open_invoice(Actions=["CanCancelOrderRow"])
    assert sent(CANCEL, only, 79900)[2] == {"OrderRowIds": [1, 2]}
    some = samples.open_invoice(Actions=["CanCancelOrderRow"])
    some["OrderRows"][0]["Actions"] = []
    assert sent(CANCEL, some, 29900)[2] == {"OrderRowIds": [2]}


def test_a_call_without_a_body_is_shown_too():
    call = WireCall("POST", "/x", None, "k", OPERATION, REFUND, 1, "SEK", samples.ORDER_REF)
    assert requests.redact(call) == "POST /x"


def test_what_is_shown_of_a_call_has_figures_and_our_code_and_no_texts():
    new_row = prepare(REFUND, samples.delivered(credit=["CanCreditNewRow"]), 10000, against="880017")
    assert CODE in requests.redact(new_row)
    lines = [OrderLine("A present for Tess", Decimal(1), 50000, 50000, 2500, 0, reference="SKU-T")]
    call = prepare(UPDATE, samples.open_invoice(), 29900, new_total=Money(50000, "SEK"), lines=lines)
    shown = requests.redact(call)
    assert "Tess" not in shown
    assert "SKU-T" not in shown
    assert "50000" in shown
