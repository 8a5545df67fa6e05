"""Order lines that are written: what they come to, and which no provider takes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.lines import LineKind, sums_by_rate, tax_within, total_of
from webapp.domain.order_lines import LineDraft, LineFault, LineWrong, line_of, sum_of

PRICES = st.integers(0, 10**9)
QUANTITIES = st.integers(1, 10**6).map(lambda hundredths: Decimal(hundredths) / 100)
RATES = st.sampled_from([0, 210, 550, 600, 1000, 1200, 2000, 2500])


def draft(**changed: Any) -> LineDraft:
    usual: dict[str, Any] = {
        "name": "Tea",
        "quantity": Decimal(2),
        "unit_price_minor": 1250,
        "tax_rate_bp": 2500,
    }
    return LineDraft(**(usual | changed))


def test_a_line_comes_to_its_total_and_the_vat_within_it() -> None:
    line = line_of(draft(discount_minor=100, total_minor=2400))
    assert (line.total_minor, line.tax_minor) == (2400, 480)


@pytest.mark.parametrize(
    ("changed", "fault", "field"),
    [
        ({"quantity": Decimal(0)}, LineFault.QUANTITY, "quantity"),
        ({"quantity": Decimal("0.005")}, LineFault.QUANTITY, "quantity"),
        ({"quantity": Decimal(1_000_001)}, LineFault.QUANTITY, "quantity"),
        ({"tax_rate_bp": 10001}, LineFault.RATE, "tax_rate_bp"),
        ({"tax_rate_bp": -1}, LineFault.RATE, "tax_rate_bp"),
        ({"unit_price_minor": -1}, LineFault.SIGN, "unit_price_minor"),
        ({"kind": LineKind.DISCOUNT}, LineFault.SIGN, "unit_price_minor"),
        ({"discount_minor": 2501}, LineFault.DISCOUNT, "discount_minor"),
        ({"discount_minor": -1}, LineFault.DISCOUNT, "discount_minor"),
        (
            {"discount_minor": 1, "kind": LineKind.GIFT_CARD, "unit_price_minor": -5},
            LineFault.DISCOUNT,
            "discount_minor",
        ),
        ({"unit_price_minor": 10**15}, LineFault.TOO_LARGE, "unit_price_minor"),
        ({"total_minor": 2499}, LineFault.TOTAL, "total_minor"),
    ],
)
def test_a_line_that_no_provider_takes_says_where_it_is_wrong(
    changed: dict[str, Any], fault: LineFault, field: str
) -> None:
    with pytest.raises(LineWrong) as wrong:
        line_of(draft(**changed))
    assert (wrong.value.fault, wrong.value.field) == (fault, field)


def test_parts_of_pieces_are_refused_where_the_provider_takes_none() -> None:
    half = draft(quantity=Decimal("0.5"))
    assert line_of(half).total_minor == 625
    with pytest.raises(LineWrong) as wrong:
        line_of(half, whole_pieces=True)
    assert wrong.value.fault is LineFault.WHOLE_PIECES


@settings(deadline=None)
@given(PRICES, QUANTITIES, RATES)
def test_R4_a_total_is_rounded_once_and_its_vat_stays_within_one_unit(price: int, quantity: Decimal, rate: int) -> None:
    total = total_of(price, quantity)
    assert abs(Decimal(total) - price * quantity) <= Decimal("0.5")
    tax = tax_within(total, rate)
    assert 0 <= tax <= total
    assert abs(tax * (10000 + rate) - total * rate) * 2 <= 10000 + rate
    assert tax_within(-total, rate) == -tax


@settings(deadline=None)
@given(st.lists(st.tuples(PRICES, QUANTITIES, RATES), max_size=12))
def test_the_sums_of_the_rates_are_the_sum_of_the_lines(given_lines: list[tuple[int, Decimal, int]]) -> None:
    lines = [
        line_of(draft(unit_price_minor=price, quantity=quantity, tax_rate_bp=rate))
        for price, quantity, rate in given_lines
        if total_of(price, quantity) <= 10**15
    ]
    sums = sums_by_rate(lines)
    assert sum(each.total_minor for each in sums) == sum_of(lines)
    assert sum(each.tax_minor for each in sums) == sum(line.tax_minor for line in lines)
    rates = [each.tax_rate_bp for each in sums]
    assert rates == sorted(set(rates), reverse=True)
