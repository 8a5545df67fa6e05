"""An amount that is not about lines, shared out over VAT rates (R4)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from providers.lines import rounded, split_by_rate, total_of
from providers.money import Money

WEIGHTS = st.lists(st.tuples(st.sampled_from([0, 600, 1200, 2500]), st.integers(1, 10**9)), min_size=1, max_size=5)


@settings(deadline=None)
@given(WEIGHTS, st.data())
def test_R4_the_parts_sum_exactly_and_none_is_more_than_what_is_left_of_its_rate(
    weights: list[tuple[int, int]], data: st.DataObject
) -> None:
    whole = sum(weight for _rate, weight in weights)
    minor = data.draw(st.integers(1, whole))
    parts = split_by_rate(Money(minor, "SEK"), weights)
    assert sum(part.minor for _rate, part in parts) == minor
    assert all(part.minor > 0 for _rate, part in parts)
    exact = {rate: 0 for rate, _weight in weights}
    for rate, weight in weights:
        exact[rate] += weight
    for rate, left in exact.items():
        assert sum(part.minor for found, part in parts if found == rate) <= left


@settings(deadline=None)
@given(WEIGHTS, st.data())
def test_R4_each_part_is_its_share_but_for_less_than_one_unit(
    weights: list[tuple[int, int]], data: st.DataObject
) -> None:
    distinct = list(dict(weights).items())
    whole = sum(weight for _rate, weight in distinct)
    minor = data.draw(st.integers(1, whole))
    parts = dict(split_by_rate(Money(minor, "SEK"), distinct))
    for rate, weight in distinct:
        given_minor = parts[rate].minor if rate in parts else 0
        assert abs(given_minor * whole - minor * weight) < whole


def test_halves_are_rounded_away_from_zero() -> None:
    assert [rounded(value, 2) for value in (1, -1, 3, 4)] == [1, -1, 2, 2]
    assert [total_of(333, Decimal("0.5")), total_of(-333, Decimal("0.5"))] == [167, -167]
