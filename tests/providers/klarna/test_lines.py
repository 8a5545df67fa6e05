"""Lines there and back: what the adapter sends, the emulator takes; and what of them can still be given back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.emulator.klarna import fields
from providers.klarna import lines
from providers.klarna.mapping import snapshot
from providers.lines import LineKind, OrderLine
from tests.providers.klarna.samples import KETTLE, MUGS, order
from tests.providers.klarna.test_mapping import CAPTURE_OF_KETTLE, ONE_MUG


@st.composite
def order_lines(draw) -> OrderLine:
    """A line as a shop may have it; a discount or gift card counts down."""
    kind = draw(st.sampled_from(list(LineKind)))
    sign = -1 if kind in (LineKind.DISCOUNT, LineKind.GIFT_CARD) else 1
    quantity, unit = draw(st.integers(0, 99)), sign * draw(st.integers(0, 10**6))
    discount = draw(st.integers(0, quantity * unit)) if sign > 0 else 0
    total, rate = quantity * unit - discount, draw(st.sampled_from([0, 600, 1000, 1200, 1900, 2500, 2550]))
    off = draw(st.sampled_from([-1, 0, 1])) if rate and total else 0
    tax = total * rate // (10000 + rate)
    fits = abs((tax + off) * (10000 + rate) - total * rate) <= 10000 + rate
    return OrderLine(
        name=draw(st.text(min_size=1, max_size=255)),
        quantity=Decimal(quantity),
        unit_price_minor=unit,
        total_minor=total,
        tax_rate_bp=rate,
        tax_minor=tax + off if fits else tax,
        discount_minor=discount,
        reference=draw(st.sampled_from(["", "SKU-1"])),
        kind=kind,
        unit=draw(st.sampled_from(["", "pcs"])),
    )


@given(st.lists(order_lines(), min_size=1, max_size=5))
def test_every_set_of_lines_that_keeps_the_rules_is_sent_taken_and_read_back_unchanged(made):
    total = sum(line.total_minor for line in made)
    rows = lines.written(made, total)
    assert fields.lines({"order_lines": rows}, total) == rows
    assert lines.read({"order_lines": rows}) == tuple(made)


WHOLE = {"capture_id": "c1", "captured_amount": 74900}
OF_MUG = {"capture_id": "c2", "captured_amount": 12450, "order_lines": [ONE_MUG]}


def refund(minor, *rows):
    return {"refund_id": f"r{minor}", "refunded_amount": minor} | ({"order_lines": list(rows)} if rows else {})


@pytest.mark.parametrize(
    ("captures", "refunds", "left"),
    [
        ([], [], []),
        ([WHOLE], [], [("Kettle", 1), ("Mug", 2)]),
        ([WHOLE], [refund(12450, ONE_MUG)], [("Kettle", 1), ("Mug", 1)]),
        ([WHOLE], [refund(12450, ONE_MUG), refund(12450, ONE_MUG)], [("Kettle", 1)]),
        ([WHOLE], [refund(12450)], []),
        ([WHOLE], [refund(5000, {**KETTLE, "name": "Kettle, price reduction", "unit_price": 5000})], []),
        ([CAPTURE_OF_KETTLE], [], [("Kettle", 1)]),
        ([CAPTURE_OF_KETTLE, OF_MUG], [refund(50000, KETTLE)], [("Mug", 1)]),
        ([{"capture_id": "c3", "captured_amount": 50000}], [], []),
    ],
)
def test_refundable_lines_are_what_was_captured_and_no_refund_was_about(captures, refunds, left):
    captured = sum(one["captured_amount"] for one in captures)
    refunded = sum(one["refunded_amount"] for one in refunds)
    sums = {"captured_amount": captured, "refunded_amount": refunded, "remaining_authorized_amount": 74900 - captured}
    seen = snapshot(order(order_lines=[KETTLE, MUGS], order_amount=74900, captures=captures, refunds=refunds, **sums))
    assert [(line.name, line.quantity) for line in seen.refundable_lines] == left
