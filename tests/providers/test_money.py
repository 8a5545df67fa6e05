"""Money: R1 to R4."""

from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from providers.money import MAX_MINOR, Money, MoneyError, exponent, split

OURS = {
    0: ["JPY", "KRW", "VND", "CLP", "PYG", "XAF", "XOF", "XPF"],
    2: ["EUR", "SEK", "USD", "TWD", "IDR", "GBP", "CHF", "DKK", "NOK", "PLN", "THB", "CNY"],
    3: ["KWD", "BHD", "TND", "JOD", "OMR"],
}
CURRENCIES = st.sampled_from([code for codes in OURS.values() for code in codes])
MINOR = st.integers(0, MAX_MINOR)


@pytest.mark.parametrize(("digits", "code"), [(n, code) for n, codes in OURS.items() for code in codes])
def test_r2_the_decimals_of_a_currency_are_those_of_iso_4217(digits, code):
    assert exponent(code) == digits


# Babel counts the decimals that people write, ISO 4217 those in which amounts are exact; ISO holds (R2).
CLDR_WRITES_NONE = {"AFN", "ALL", "IRR", "IQD", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}


def test_r2_the_decimals_of_every_currency_agree_with_babel_but_for_the_named_ones():
    differ = {
        one.code
        for one in Currency
        if one.exponent is not None and exponent(one.code) != get_currency_precision(one.code)
    }
    assert differ == CLDR_WRITES_NONE


@pytest.mark.parametrize("code", ["", "XXJ", "yen", "jpy", "XXX", "XAU"])
def test_r2_an_unknown_currency_is_refused_and_never_guessed(code):
    with pytest.raises(MoneyError, match="Unknown currency"):
        Money(1, code)


@pytest.mark.parametrize("minor", [1.0, "1", True, None, Decimal(1)])
def test_r1_an_amount_is_an_integer_and_nothing_that_looks_like_one(minor):
    with pytest.raises(MoneyError, match="integers"):
        Money(minor, "JPY")


@pytest.mark.parametrize("minor", [-1, MAX_MINOR + 1])
def test_r1_an_amount_stays_within_its_bounds(minor):
    with pytest.raises(MoneyError, match="out of bounds"):
        Money(minor, "JPY")


def test_r1_a_difference_below_zero_is_refused():
    with pytest.raises(MoneyError, match="out of bounds"):
        Money(1, "JPY") - Money(2, "JPY")


@pytest.mark.parametrize(
    "combine",
    [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b],
    ids=["plus", "minus", "less", "at most"],
)
def test_r1_arithmetic_across_currencies_raises(combine):
    with pytest.raises(MoneyError, match="Cannot combine"):
        combine(Money(2, "JPY"), Money(1, "USD"))


def test_r1_sums_and_comparisons_within_a_currency():
    small, large = Money(1, "JPY"), Money(3, "JPY")
    assert (small + large, large - small) == (Money(4, "JPY"), Money(2, "JPY"))
    assert small < large
    assert small <= Money(1, "JPY")
    assert not large <= small


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("10", "JPY", 10),
        ("10.00", "JPY", 10),
        ("27.01", "EUR", 2701),
        ("0.001", "KWD", 1),
        ("1E+2", "USD", 10000),
    ],
)
def test_r3_a_decimal_is_read_exactly(text, code, minor):
    assert Money.from_decimal(Decimal(text), code) == Money(minor, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10.5", "JPY"),
        ("0.001", "EUR"),
        ("1.0001", "KWD"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("sNaN", "JPY"),
    ],
)
def test_r3_what_is_not_exact_in_the_currency_is_an_error(text, code):
    with pytest.raises(MoneyError):
        Money.from_decimal(Decimal(text), code)


@given(MINOR, CURRENCIES)
def test_r3_an_amount_survives_the_way_to_a_decimal_and_back(minor, code):
    money = Money(minor, code)
    assert Money.from_decimal(money.to_decimal(), code) == money
    assert -money.to_decimal().as_tuple().exponent == exponent(code)


WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(lambda weights: sum(weights) > 0)


@given(MINOR, CURRENCIES, WEIGHTS)
def test_r4_the_parts_of_a_split_sum_to_the_whole_and_are_fair(minor, code, weights):
    parts = split(Money(minor, code), weights)
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        floor = minor * weight // sum(weights)
        assert floor <= part.minor <= floor + 1


def test_r4_what_is_left_goes_to_the_largest_remainder_and_to_the_earlier_of_equals():
    assert [part.minor for part in split(Money(10, "JPY"), [1, 1, 1])] == [4, 3, 3]
    assert [part.minor for part in split(Money(10, "JPY"), [1, 2, 0, 3])] == [2, 3, 0, 5]


@pytest.mark.parametrize("weights", [[0, 0], [1, -1, 5], []])
def test_r4_weights_that_cannot_split_are_refused(weights):
    with pytest.raises((MoneyError, ValueError)):
        split(Money(10, "JPY"), weights)
