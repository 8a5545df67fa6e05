"""From the order object to the snapshot (Klarna page, sections 2.1 and 3)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers.kinds import MovementKind, ProviderState
from providers.klarna.mapping import snapshot
from providers.lines import LineKind
from providers.money import Money
from providers.reading import Unreadable
from providers.snapshots import Movement
from tests.providers.klarna.samples import (
    CAPTURE_ID,
    KETTLE,
    KETTLE_LINE,
    MUG_LINE,
    MUGS,
    ORDER,
    REFUND_ID,
    order,
    untouched,
)


def sek(minor: int) -> Money:
    return Money(minor, "SEK")


def test_the_example_of_the_page():
    seen = snapshot(order())
    assert (seen.provider_ref, seen.state, seen.method) == (ORDER, ProviderState.CAPTURED, "invoice")
    assert (seen.authorised, seen.captured, seen.cancelled, seen.refunded) == (
        sek(79900),
        sek(50000),
        sek(5000),
        sek(12500),
    )
    assert seen.open_authorised == sek(74900)
    assert seen.asked == sek(79900)
    assert seen.movements == [
        Movement(MovementKind.CAPTURE, CAPTURE_ID, sek(50000), "op-7f3c", datetime(2025, 3, 3, 8, 0, 1, tzinfo=UTC)),
        Movement(MovementKind.REFUND, REFUND_ID, sek(12500), "op-91aa", datetime(2025, 3, 5, 13, 40, 10, tzinfo=UTC)),
    ]
    assert (seen.pending, seen.totals, seen.held) == ((), (), False)
    assert seen.order_number == "SO-10045"
    assert seen.created_at == datetime(2025, 3, 1, 9, 12, 33, 120000, tzinfo=UTC)
    assert seen.hold_expires_at == datetime(2025, 3, 29, tzinfo=UTC)
    assert seen.lines == (KETTLE_LINE, MUG_LINE)
    assert seen.kept["klarna_reference"] == "QX7PT2AB"


GONE = {"captured_amount": 50000, "refunded_amount": 50000, "remaining_authorized_amount": 0}
WHOLE_REFUND = [{"refunded_amount": 50000, "refund_id": REFUND_ID, "refunded_at": "2025-03-05T13:40:10Z"}]


@pytest.mark.parametrize(
    ("made", "state", "open_minor"),
    [
        (untouched(status="CANCELLED", remaining_authorized_amount=0), ProviderState.CANCELLED, 0),
        (untouched(status="CANCELLED"), ProviderState.CANCELLED, 0),  # whatever it shows as remaining
        (order(refunds=WHOLE_REFUND, **GONE), ProviderState.REFUNDED, 50000),
        (order(refunds=WHOLE_REFUND, **{**GONE, "remaining_authorized_amount": 1}), ProviderState.CAPTURED, 50001),
        (order(), ProviderState.CAPTURED, 74900),  # partially_refunded
        (order(refunds=[], refunded_amount=0, remaining_authorized_amount=0), ProviderState.CAPTURED, 50000),
        (order(refunds=[], refunded_amount=0), ProviderState.CAPTURED, 74900),  # partially_captured
        (order(status="EXPIRED"), ProviderState.CAPTURED, 50000),  # what was captured stays so
        (untouched(status="EXPIRED"), ProviderState.EXPIRED, 0),
        (untouched(fraud_status="PENDING"), ProviderState.AUTHORISED, 79900),  # on_hold
        (untouched(), ProviderState.AUTHORISED, 79900),
        (order(status="CAPTURED", remaining_authorized_amount=0), ProviderState.CAPTURED, 50000),  # after a release
    ],
)
def test_every_row_of_the_table_of_states_amounts_before_words(made, state, open_minor):
    seen = snapshot(made)
    assert (seen.state, seen.open_authorised) == (state, sek(open_minor))
    assert seen.authorised.minor - seen.cancelled.minor == open_minor
    assert not seen.kept["unknown"]


@pytest.mark.parametrize("status", ["CLOSED", "FROZEN", None, ...])
def test_an_unknown_status_is_kept_as_such_with_its_raw_words(status):
    seen = snapshot(untouched(status=status))
    assert seen.kept["unknown"] is True
    assert seen.kept["status"] == (status if isinstance(status, str) else "")


@pytest.mark.parametrize(
    ("made", "held"),
    [
        (untouched(), False),
        (untouched(fraud_status="PENDING"), True),
        (untouched(fraud_status="REJECTED"), True),
        (untouched(fraud_status="STOPPED"), True),
        (untouched(fraud_status=None), True),
        (order(fraud_status="STOPPED"), True),
        (order(fraud_status=None), False),  # it was captured, so it was accepted
        (untouched(fraud_status="REJECTED", status="CANCELLED"), False),
        (untouched(fraud_status="accepted"), False),
    ],
)
def test_what_klarna_has_not_accepted_is_held_as_long_as_something_is_open(made, held):
    assert snapshot(made).held is held


def test_currency_codes_may_be_lower_case_and_dates_vary_in_form():
    seen = snapshot(
        order(
            purchase_currency="sek",
            purchase_country="se",
            created_at="2025-03-01T10:12:33.1234567+01:00",
            expires_at="2025-03-29T00:00:00Z",
        )
    )
    assert seen.captured == sek(50000)
    assert seen.kept["country"] == "SE"
    assert seen.created_at == datetime(2025, 3, 1, 9, 12, 33, 123456, tzinfo=UTC)
    assert seen.hold_expires_at == datetime(2025, 3, 29, tzinfo=UTC)


OPTIONAL = [
    "original_order_amount",
    "captured_amount",
    "refunded_amount",
    "remaining_authorized_amount",
    "created_at",
    "expires_at",
    "klarna_reference",
    "merchant_reference1",
    "order_lines",
    "initial_payment_method",
    "fraud_status",
    "purchase_country",
]


@pytest.mark.parametrize("name", OPTIONAL)
def test_null_and_missing_are_the_same_and_unknown_fields_are_ignored(name):
    assert snapshot(order(**{name: None})) == snapshot(order(**{name: ...}))
    assert snapshot(order(brand_new={"a": 1})) == snapshot(order())


def test_what_is_missing_is_worked_out_from_the_rest():
    gaps = dict.fromkeys(("captured_amount", "refunded_amount", "remaining_authorized_amount"), ...)
    assert snapshot(order(**gaps)).open_authorised == sek(74900)
    assert snapshot(order(original_order_amount=...)).asked == sek(74900)
    assert snapshot(order(initial_payment_method=...)).method == "klarna"


def test_an_amount_that_was_raised_counts_as_authorised():
    seen = snapshot(untouched(order_amount=90000, remaining_authorized_amount=90000))
    assert (seen.authorised, seen.cancelled, seen.open_authorised) == (sek(90000), sek(0), sek(90000))


def test_i9_entries_without_an_id_get_stable_ones_from_the_total_up_to_them():
    rows = [
        {"refunded_amount": 300, "refunded_at": "2025-03-06T00:00:00Z"},
        {"refunded_amount": 200, "refunded_at": "2025-03-05T00:00:00Z", "refund_id": None},
    ]
    refunds = snapshot(order(refunds=rows, refunded_amount=500)).movements[1:]
    assert [(one.id, one.money.minor) for one in refunds] == [
        (f"{ORDER}:refund:200", 200),
        (f"{ORDER}:refund:500", 300),
    ]
    later = [{"refunded_amount": 7, "refunded_at": "2025-03-07T00:00:00Z", "refund_id": REFUND_ID}, *rows]
    more = snapshot(order(refunds=later, refunded_amount=507)).movements[1:]
    assert [one.id for one in more] == [f"{ORDER}:refund:200", f"{ORDER}:refund:500", REFUND_ID]


@pytest.mark.parametrize(
    "changed",
    [
        {"order_id": None},
        {"order_amount": None},
        {"order_amount": 74900.0},
        {"order_amount": "74900"},
        {"order_amount": True},
        {"purchase_currency": "KRONA"},
        {"purchase_currency": None},
        {"captured_amount": 50001},
        {"refunded_amount": 12501},
        {"captures": {}},
        {"captures": None},
        {"refunds": [7]},
        {"captures": [{"captured_amount": -1}]},
        {"created_at": "yesterday"},
        {"expires_at": "2025-03-29T00:00:00"},
        {"initial_payment_method": 7},
        {"remaining_authorized_amount": -1},
        {"status": 7},
    ],
)
def test_i5_what_cannot_be_read_is_no_state(changed):
    with pytest.raises(Unreadable):
        snapshot(order(**changed))


@pytest.mark.parametrize("answer", [None, [], "order", 7])
def test_an_answer_that_is_no_object_is_unreadable(answer):
    with pytest.raises(Unreadable):
        snapshot(answer)


def test_fewer_refunds_in_the_sum_than_in_the_entries_count_by_the_entries():
    assert snapshot(order(refunded_amount=12499)).refunded == sek(12500)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("physical", LineKind.GOODS),
        ("digital", LineKind.DIGITAL),
        ("shipping_fee", LineKind.SHIPPING),
        ("surcharge", LineKind.FEE),
        ("discount", LineKind.DISCOUNT),
        ("gift_card", LineKind.GIFT_CARD),
        ("store_credit", LineKind.GIFT_CARD),
        ("sales_tax", LineKind.FEE),
        ("return_fee", LineKind.FEE),
        ("hologram", LineKind.GOODS),
        (None, LineKind.GOODS),
    ],
)
def test_lines_are_read_whatever_they_are_called(word, kind):
    (line,) = snapshot(order(order_lines=[{**KETTLE, "type": word}])).lines
    assert line.kind is kind
    bare = {"name": "Kettle", "quantity": 1, "unit_price": 50000, "total_amount": 50000}
    (line,) = snapshot(order(order_lines=[bare])).lines
    assert (line.quantity, line.tax_minor, line.reference) == (Decimal(1), 0, "")


@pytest.mark.parametrize("broken", [{}, {**KETTLE, "quantity": 1.5}, {**KETTLE, "name": None}, 7])
def test_a_set_of_lines_that_cannot_be_read_whole_is_none(broken):
    assert snapshot(order(order_lines=[KETTLE, broken])).lines == ()


CAPTURE_OF_KETTLE = {"capture_id": CAPTURE_ID, "captured_amount": 50000, "order_lines": [KETTLE]}
ONE_MUG = {**MUGS, "quantity": 1, "total_amount": 12450, "total_tax_amount": 2490}


@pytest.mark.parametrize(
    ("captures", "left"),
    [
        ([], [("Kettle", 1, 50000), ("Mug", 2, 24900)]),
        ([CAPTURE_OF_KETTLE], [("Mug", 2, 24900)]),
        ([{**CAPTURE_OF_KETTLE, "captured_amount": 12450, "order_lines": [ONE_MUG]}],
         [("Kettle", 1, 50000), ("Mug", 1, 12450)]),
        ([{"capture_id": CAPTURE_ID, "captured_amount": 50000}], []),
        ([{**CAPTURE_OF_KETTLE, "order_lines": [{**KETTLE, "reference": "SKU-9"}]}], []),
        ([{**CAPTURE_OF_KETTLE, "order_lines": [{**KETTLE, "quantity": 2}]}], []),
    ],
)  # fmt: skip
def test_open_lines_are_what_no_capture_was_about(captures, left):
    captured = sum(one["captured_amount"] for one in captures)
    seen = snapshot(order(captures=captures, refunds=[], captured_amount=captured, refunded_amount=0))
    found = [(line.name, line.quantity, line.total_minor) for line in seen.open_lines]
    assert sorted(found) == sorted(left)


def test_lines_that_look_alike_and_orders_without_a_rest_have_no_open_lines():
    alike = order(order_lines=[KETTLE, KETTLE], captures=[], refunds=[], captured_amount=0, refunded_amount=0)
    assert snapshot(alike).open_lines == ()
    assert snapshot(order(remaining_authorized_amount=0)).open_lines == ()
