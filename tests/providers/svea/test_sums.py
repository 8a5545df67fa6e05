"""Properties of the sums: totals never shrink, and a split gives back what was asked and no more (R4, R33, I1)."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from providers.money import Money, split
from providers.svea.giving_back import left_by_vat
from providers.svea.order import CANCELLED, DELIVERED, Credit, Delivery, Order, Row

AMOUNT = st.integers(1, 10**6)
QUICK = settings(max_examples=50, deadline=None)


@st.composite
def orders(draw):
    """Delivered orders whose deliveries are credited in part and whose amount was cancelled in part."""
    amounts = draw(st.lists(AMOUNT, min_size=1, max_size=3))
    deliveries = [
        Delivery(number, amount, draw(st.integers(0, amount)), created=str(number))
        for number, amount in enumerate(amounts)
    ]
    total = sum(amounts) + draw(st.integers(0, 10**6))
    return Order(1, "SEK", DELIVERED, "", "Card", total, draw(st.integers(0, total)), deliveries=deliveries)


@QUICK
@given(orders(), st.data())
def test_r33_no_total_shrinks_when_svea_gives_back_or_cancels_more(order, data):
    more = [replace(one, credited=data.draw(st.integers(one.credited, one.amount))) for one in order.deliveries]
    later = replace(order, deliveries=more, cancelled=data.draw(st.integers(order.cancelled, order.amount)))
    later = replace(later, status=data.draw(st.sampled_from([DELIVERED, CANCELLED])))
    assert all(later.given_back[number] >= minor for number, minor in order.given_back.items())


@QUICK
@given(orders())
def test_i1_no_delivery_gives_back_more_than_it_holds(order):
    assert all(0 <= order.given_back[one.id] <= one.amount for one in order.deliveries)
    assert order.left == order.delivered - sum(order.given_back.values())


@QUICK
@given(st.data())
def test_r4_a_split_over_vat_rates_sums_exactly_and_stays_within_each_rate(data):
    rows = [
        Row(number, 100, total, data.draw(st.sampled_from([0, 600, 1200, 2500])))
        for number, total in enumerate(data.draw(st.lists(AMOUNT, min_size=1, max_size=6)))
    ]
    given_back = [data.draw(st.integers(0, row.total)) for row in rows]
    entries = [Credit(minor, [(row.vat, minor)]) for minor, row in zip(given_back, rows, strict=True)]
    delivery = Delivery(1, sum(row.total for row in rows), sum(given_back), rows, entries)
    if not delivery.left:
        return
    left = left_by_vat(delivery)
    minor = data.draw(st.integers(1, delivery.left))
    parts = split(Money(minor, "SEK"), [amount for _, amount in left])
    assert sum(part.minor for part in parts) == minor
    assert all(part.minor <= amount for part, (_, amount) in zip(parts, left, strict=True))
