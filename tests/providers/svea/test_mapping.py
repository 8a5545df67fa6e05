"""From Svea's order to the snapshot: each type of section 2.2, the sums, and what is never kept."""

import json
from decimal import Decimal

import pytest

from providers.kinds import MovementKind, ProviderState, RequestState
from providers.money import Money
from providers.reading import Unreadable
from providers.svea import answers, kept
from tests.providers.svea import samples
from tests.providers.svea.samples import snapshot

CODE = "R-7Q2M9"


def sums(seen):
    """Authorised, captured, cancelled, refunded, and the level."""
    parts = (seen.authorised, seen.captured, seen.cancelled, seen.refunded, seen.open_authorised)
    return tuple(one.minor for one in parts)


def totals(seen):
    """The running totals by their ids."""
    return {one.id: one.money.minor for one in seen.totals}


def check(seen):
    """The sums of a snapshot are those of its movements and totals, and of its level."""
    captured = sum(one.money.minor for one in seen.movements if one.kind is MovementKind.CAPTURE)
    assert seen.captured.minor == captured
    assert seen.refunded.minor == sum(totals(seen).values())
    assert seen.open_authorised == seen.authorised - seen.cancelled
    assert {one.kind for one in seen.movements} <= {MovementKind.CAPTURE}


TYPES = [
    (samples.open_invoice(), ProviderState.AUTHORISED, "invoice", (79900, 0, 0, 0, 79900)),
    (
        samples.open_invoice(PaymentType="AccountCredit"),
        ProviderState.AUTHORISED,
        "account_credit",
        (79900, 0, 0, 0, 79900),
    ),
    (
        samples.open_invoice(PaymentType="PaymentPlan"),
        ProviderState.AUTHORISED,
        "payment_plan",
        (79900, 0, 0, 0, 79900),
    ),
    (samples.part_delivered(), ProviderState.AUTHORISED, "invoice", (79900, 50000, 0, 0, 79900)),
    (samples.delivered(), ProviderState.CAPTURED, "invoice", (79900, 79900, 0, 0, 79900)),
    (samples.open_card(), ProviderState.AUTHORISED, "card", (79900, 0, 0, 0, 79900)),
    (samples.open_card(CancelledAmount=20000), ProviderState.AUTHORISED, "card", (79900, 0, 20000, 0, 59900)),
    (samples.delivered_card(), ProviderState.CAPTURED, "card", (79900, 79900, 0, 0, 79900)),
    (samples.delivered_card(PaymentType="Vipps"), ProviderState.CAPTURED, "vipps", (79900, 79900, 0, 0, 79900)),
    (samples.paid_at_once("Swish"), ProviderState.CAPTURED, "swish", (79900, 79900, 0, 0, 79900)),
    (samples.paid_at_once("DirectBank", "Trustly"), ProviderState.CAPTURED, "trustly", (79900, 79900, 0, 0, 79900)),
    (samples.open_card(OrderStatus="Cancelled", Actions=[]), ProviderState.CANCELLED, "card", (79900, 0, 79900, 0, 0)),
    (samples.open_card(OrderStatus="Expired", Actions=[]), ProviderState.EXPIRED, "card", (79900, 0, 79900, 0, 0)),
    (samples.order(OrderStatus="Processing", PaymentType=None), ProviderState.WAITING, "", (0, 0, 0, 0, 0)),
    (samples.order(OrderStatus="Failed"), ProviderState.FAILED, "invoice", (0, 0, 0, 0, 0)),
    (samples.order(OrderStatus="Somewhere"), ProviderState.AUTHORISED, "invoice", (79900, 0, 0, 0, 79900)),
]


@pytest.mark.parametrize(("body", "state", "method", "expected"), TYPES)
def test_each_type_has_its_state_and_sums(body, state, method, expected):
    seen = snapshot(body)
    assert (seen.state, seen.method, sums(seen)) == (state, method, expected)
    assert seen.asked == Money(79900, "SEK")
    check(seen)


@pytest.mark.parametrize(("payment_type", "status"), [("Invoice", "Delivered"), ("AccountCredit", "Cancelled")])
def test_all_credited_is_refunded_whether_svea_calls_the_order_delivered_or_cancelled(payment_type, status):
    body = samples.delivered(payment_type, credit=[], OrderStatus=status)
    body["Deliveries"][0]["CreditedAmount"] = 79900
    seen = snapshot(body)
    assert (seen.state, sums(seen)) == (ProviderState.REFUNDED, (79900, 79900, 0, 79900, 79900))
    check(seen)


def test_i1_a_cancelled_card_that_was_delivered_was_refunded():
    seen = snapshot(samples.delivered_card(OrderStatus="Cancelled", Actions=[]))
    assert (seen.state, totals(seen)) == (ProviderState.REFUNDED, {"credited:880020": 79900})
    check(seen)


def test_i1_an_amount_cancelled_after_delivery_is_a_refund_and_one_before_it_a_release():
    after = snapshot(samples.delivered_card(CancelledAmount=5000))
    assert (totals(after), sums(after)) == ({"credited:880020": 5000}, (79900, 79900, 0, 5000, 79900))
    before = samples.delivered_card(CancelledAmount=5000)
    before["Deliveries"][0]["DeliveryAmount"] = 74900
    assert sums(snapshot(before)) == (79900, 74900, 5000, 0, 74900)


def test_a_cancelled_order_whose_delivery_may_be_credited_still_holds_its_money():
    seen = snapshot(samples.delivered("AccountCredit", OrderStatus="Cancelled"))
    assert (seen.state, totals(seen)) == (ProviderState.CAPTURED, {})


def test_r33_what_was_given_back_never_shrinks_when_the_order_is_cancelled_at_last():
    body = samples.delivered_card(["CanCreditAmount"], CancelledAmount=20000, Actions=["CanCancelOrder"])
    assert totals(snapshot(body)) == {"credited:880020": 20000}
    body["OrderStatus"] = "Cancelled"
    assert totals(snapshot(body)) == {"credited:880020": 20000}
    body["CancelledAmount"] = 79900
    assert totals(snapshot(body)) == {"credited:880020": 79900}


def test_a_credit_that_lags_behind_the_cancelled_order_is_booked_once():
    """The same total before and after `CreditedAmount` follows, so the books grow once."""
    body = samples.delivered("AccountCredit", credit=[], OrderStatus="Cancelled")
    before = totals(snapshot(body))
    body["Deliveries"][0]["CreditedAmount"] = 79900
    assert before == totals(snapshot(body)) == {"credited:880017": 79900}


def test_a_fee_that_svea_added_on_delivery_was_not_given_back():
    body = samples.delivered_card()
    body["Deliveries"][0]["DeliveryAmount"] = 82400
    assert sums(snapshot(body)) == (82400, 82400, 0, 0, 82400)


def test_an_open_order_whose_whole_amount_was_cancelled_is_cancelled_and_an_order_of_nothing_is_paid():
    assert snapshot(samples.open_card(CancelledAmount=79900)).state is ProviderState.CANCELLED
    nothing = snapshot(samples.order(OrderStatus="Delivered", PaymentType="ZeroSum", OrderAmount=0))
    assert (nothing.state, nothing.method, sums(nothing)) == (ProviderState.CAPTURED, "zero_sum", (0, 0, 0, 0, 0))


def test_a_moment_without_a_value_is_none():
    seen = snapshot(samples.open_invoice(CreationDate=None, ExpirationDate="2025-04-01T00:00:00+02:00"))
    assert (seen.created_at, seen.hold_expires_at.isoformat()) == (None, "2025-03-31T22:00:00+00:00")


def test_rounding_of_cancelled_rows_was_not_given_back():
    rows = [samples.row(2, 14950, 200, IsCancelled=True)]
    body = samples.part_delivered(OrderRows=rows, CancelledAmount=29901, OrderStatus="Delivered", Actions=[])
    assert totals(snapshot(body)) == {}


def test_an_amount_cancelled_on_several_deliveries_is_taken_from_the_oldest_first():
    parts = [samples.delivery(2, 30000, CreationDate="2025-03-03T00:00:00"), samples.delivery(1, 49900)]
    seen = snapshot(samples.delivered_card(Deliveries=parts, CancelledAmount=60000))
    assert totals(seen) == {"credited:1": 49900, "credited:2": 10100}
    check(seen)


def test_a_cancelled_row_releases_whether_or_not_cancelled_amount_counts_it():
    rows = [samples.row(1, 50000), samples.row(2, 14950, 200, IsCancelled=True)]
    for counted in (0, 29900):
        seen = snapshot(samples.order(OrderRows=rows, Actions=samples.FULL, CancelledAmount=counted))
        assert sums(seen) == (79900, 0, 29900, 0, 50000)


@pytest.mark.parametrize(("shown", "level"), [(79900, 60000), (60000, 60000)])
def test_replaced_rows_set_the_level_whether_or_not_order_amount_follows(shown, level):
    rows = [samples.row(3, 60000, Actions=samples.ROW_OPEN)]
    seen = snapshot(samples.order(OrderRows=rows, Actions=samples.FULL, OrderAmount=shown))
    assert seen.open_authorised == Money(level, "SEK")


def test_rounding_of_rows_gives_way_to_sveas_sum():
    rows = [samples.row(1, 333, 133, DiscountPercent=1250), samples.row(2, 79513)]
    assert snapshot(samples.order(OrderRows=rows)).open_authorised == Money(79900, "SEK")


def test_r33_null_empty_and_missing_lists_are_the_same():
    bodies = []
    for value in (None, []):
        bodies.append(samples.order(OrderRows=value, Deliveries=value, Actions=value))
    missing = samples.order()
    for name in ("OrderRows", "Deliveries", "Actions"):
        del missing[name]
    assert snapshot(bodies[0]) == snapshot(bodies[1]) == snapshot(missing)


def test_names_are_read_whatever_their_case_and_after_a_byte_order_mark():
    body = samples.part_delivered()
    camel = json.loads(json.dumps(body), object_hook=lambda one: {k[0].lower() + k[1:]: v for k, v in one.items()})
    raw = b"\xef\xbb\xbf" + json.dumps(camel).encode()
    assert samples.mapping.snapshot(answers.read(raw)) == snapshot(body)


def test_i9_a_capture_has_the_id_of_its_delivery():
    assert [(one.id, one.money.minor) for one in snapshot(samples.part_delivered()).movements] == [("880017", 50000)]


@pytest.mark.parametrize("entries", [None, [samples.coded_credit(12500, f"Refund {CODE} 25%")]])
def test_r25_a_total_carries_no_reference_because_nobody_knows_which_credit_made_it_grow(entries):
    body = samples.delivered()
    body["Deliveries"][0] |= {"Credits": entries, "CreditedAmount": 12500}
    (total,) = snapshot(body).totals
    assert (total.id, total.money.minor, total.reference) == ("credited:880017", 12500, None)


def test_r25_a_credit_with_our_code_stands_as_finished_even_while_the_sum_lags():
    body = samples.delivered()
    body["Deliveries"][0]["Credits"] = [samples.coded_credit(12500, f"Refund {CODE} 25%")]
    seen = snapshot(body)
    (effect,) = seen.pending
    assert (effect.reference, effect.state, effect.money) == (CODE, RequestState.COMPLETED, Money(12500, "SEK"))
    assert seen.totals == []


def test_pending_is_held_and_an_ended_order_is_not():
    assert snapshot(samples.open_invoice(SystemStatus="Pending")).held
    assert snapshot(samples.order(OrderStatus="Pending")).held
    assert not snapshot(samples.open_invoice()).held
    assert not snapshot(samples.order(OrderStatus="Cancelled", SystemStatus="Pending")).held


def test_lines_are_those_of_the_order_and_of_its_deliveries():
    mugs, kettle = snapshot(samples.part_delivered()).lines
    assert (mugs.name, mugs.quantity, mugs.total_minor, mugs.provider_line_ref) == ("Thing 2", Decimal(2), 29900, "2")
    assert (kettle.tax_rate_bp, kettle.tax_minor, kettle.reference) == (2500, 10000, "SKU-1")


def test_open_lines_are_the_rows_that_may_be_delivered_by_themselves():
    (mugs,) = snapshot(samples.part_delivered()).open_lines
    assert (mugs.name, mugs.provider_line_ref) == ("Thing 2", "2")
    assert snapshot(samples.open_card()).open_lines == []
    assert snapshot(samples.delivered()).open_lines == []


def test_dates_without_a_zone_are_taken_for_utc_and_the_hold_ends_only_while_something_is_open():
    seen = snapshot(samples.open_invoice())
    assert (seen.created_at.isoformat(), seen.hold_expires_at.isoformat()) == (
        "2025-03-01T11:20:05+00:00",
        "2025-04-01T00:00:00+00:00",
    )
    assert snapshot(samples.delivered()).hold_expires_at is None
    assert snapshot(samples.order(CreationDate="soon")).created_at is None


def test_nothing_that_is_kept_names_a_person():
    body = samples.part_delivered()
    text = json.dumps(snapshot(body).kept)
    for private in ("buyer@", "Tess", "Testgatan", "1946", "+467", "Thing"):
        assert private not in text


@pytest.mark.parametrize("body", [each[0] for each in TYPES])
def test_what_is_kept_gives_the_same_figures_back(body):
    order, again = samples.read(body), kept.load(json.loads(json.dumps(snapshot(body).kept)))
    assert again is not None
    assert (again.open, again.left, again.given_back, again.actions) == (
        order.open,
        order.left,
        order.given_back,
        order.actions,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"Currency": "JPY"},
        {"Currency": "XXQ"},
        {"OrderAmount": "79900"},
        {"OrderAmount": 799.0},
        {"CancelledAmount": None},
        {"Id": None},
        {"Deliveries": [{"Id": 1, "DeliveryAmount": -1, "CreditedAmount": 0}]},
        {"Deliveries": [{"Id": 1, "DeliveryAmount": 100}]},
        {"OrderRows": {}},
        {"OrderAmount": 10**16},
    ],
)
def test_what_cannot_be_understood_is_not_guessed(changed):
    with pytest.raises(Unreadable):
        snapshot(samples.order(**changed))
