"""Lines there and back: what the adapter sends, the emulator's own reading of section 2.2 takes."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from providers.emulator.klarna import fields
from providers.klarna import lines
from providers.lines import LineKind, OrderLine


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
