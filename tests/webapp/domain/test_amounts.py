"""Amounts as people type them (R3)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from providers.money import MAX_MINOR, exponent
from webapp.domain.amounts import AmountFault, AmountWrong, parse_amount, plain_amount

LOCALES = ("en", "fr", "ja", "sv")
CURRENCIES = ("JPY", "EUR", "SEK", "USD", "KRW", "KWD", "GBP", "CHF")
amounts = st.integers(1, MAX_MINOR)


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [
        ("1200", "JPY", "en", 1200),
        ("1,200", "JPY", "ja", 1200),
        ("1,200", "JPY", "fr", 1200),
        ("1.200", "JPY", "en", 1200),
        ("1 200", "JPY", "sv", 1200),
        ("１，２００", "JPY", "ja", 1200),
        ("¥1,200", "JPY", "en", 1200),
        ("1200円", "JPY", "ja", 1200),
        (" 1200 JPY ", "JPY", "en", 1200),
        ("1.200,50", "EUR", "sv", 120050),
        ("1.200,50", "EUR", "fr", 120050),
        ("1,200.50", "EUR", "fr", 120050),
        ("1\u202f200,50", "EUR", "fr", 120050),
        ("1\u00a0200,50 €", "EUR", "fr", 120050),
        ("1’200.50", "CHF", "en", 120050),
        ("10.5", "EUR", "en", 1050),
        ("10,5", "EUR", "en", 1050),
        ("10,50", "EUR", "ja", 1050),
        (".50", "EUR", "en", 50),
        ("1,200", "EUR", "en", 120000),
        ("1,200,300", "EUR", "fr", 120030000),
        ("1.200", "KWD", "en", 1200),
        ("0.500", "KWD", "fr", 500),
        ("007", "JPY", "en", 7),
        ("1 200,00 kr", "SEK", "sv", 120000),
    ],
)
def test_r3_an_amount_is_read_as_it_is_meant(text: str, currency: str, locale: str, minor: int) -> None:
    assert parse_amount(text, currency, locale) == minor


@pytest.mark.parametrize(
    ("text", "currency", "locale", "fault"),
    [
        ("", "EUR", "en", AmountFault.MISSING),
        ("   ", "EUR", "en", AmountFault.MISSING),
        ("€", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("ten", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("1e3", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("10.", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("1,20,000", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("1.200.30", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("1 200.300,50", "EUR", "fr", AmountFault.NOT_A_NUMBER),
        ("10 50", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("10.50 USD", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("$10", "EUR", "en", AmountFault.NOT_A_NUMBER),
        ("--5", "EUR", "en", AmountFault.NOT_POSITIVE),
        ("10.5", "JPY", "en", AmountFault.TOO_MANY_DECIMALS),
        ("10,5", "JPY", "fr", AmountFault.TOO_MANY_DECIMALS),
        ("10.00", "JPY", "en", AmountFault.TOO_MANY_DECIMALS),
        ("1,200.5", "JPY", "en", AmountFault.TOO_MANY_DECIMALS),
        ("10.5055", "EUR", "en", AmountFault.TOO_MANY_DECIMALS),
        ("0.505", "EUR", "en", AmountFault.TOO_MANY_DECIMALS),
        ("1.200", "EUR", "en", AmountFault.AMBIGUOUS),
        ("1,200", "EUR", "fr", AmountFault.AMBIGUOUS),
        ("1.200", "EUR", "fr", AmountFault.AMBIGUOUS),
        ("1,200", "SEK", "sv", AmountFault.AMBIGUOUS),
        ("1,200", "KWD", "en", AmountFault.AMBIGUOUS),
        ("0", "EUR", "en", AmountFault.NOT_POSITIVE),
        ("0.00", "EUR", "en", AmountFault.NOT_POSITIVE),
        ("-5", "EUR", "en", AmountFault.NOT_POSITIVE),
        ("−5,00", "EUR", "fr", AmountFault.NOT_POSITIVE),
        ("9" * 20, "EUR", "en", AmountFault.TOO_LARGE),
        ("٣", "EUR", "en", AmountFault.NOT_A_NUMBER),
    ],
)
def test_r3_what_is_no_amount_or_could_be_two_is_refused(
    text: str, currency: str, locale: str, fault: AmountFault
) -> None:
    with pytest.raises(AmountWrong) as refused:
        parse_amount(text, currency, locale)
    assert refused.value.fault is fault


@given(minor=amounts, currency=st.sampled_from(CURRENCIES), locale=st.sampled_from(LOCALES))
def test_r3_what_the_pages_show_is_read_back_as_the_same_amount(minor: int, currency: str, locale: str) -> None:
    value = Decimal(minor).scaleb(-exponent(currency))
    assert parse_amount(format_currency(value, currency, locale=locale), currency, locale) == minor


@given(minor=amounts, currency=st.sampled_from(CURRENCIES), locale=st.sampled_from(LOCALES))
def test_r3_the_plain_form_is_read_back_as_the_same_amount(minor: int, currency: str, locale: str) -> None:
    assert parse_amount(plain_amount(minor, currency, locale), currency, locale) == minor


@given(
    minor=amounts,
    currency=st.sampled_from(("EUR", "JPY")),
    locale=st.sampled_from(LOCALES),
    writer=st.sampled_from(LOCALES),
)
def test_r3_an_amount_written_in_another_habit_is_read_the_same_or_refused(
    minor: int, currency: str, locale: str, writer: str
) -> None:
    digits = exponent(currency)
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    text = format_decimal(Decimal(minor).scaleb(-digits), pattern, locale=writer)
    assert parse_amount(text, currency, locale) == minor


@given(
    text=st.text("0123456789.,' -", max_size=14), currency=st.sampled_from(CURRENCIES), locale=st.sampled_from(LOCALES)
)
def test_r3_whatever_is_typed_gives_whole_minor_units_or_a_refusal(text: str, currency: str, locale: str) -> None:
    try:
        minor = parse_amount(text, currency, locale)
    except AmountWrong:
        return
    assert type(minor) is int
    assert 0 < minor <= MAX_MINOR
    digits = "".join(sign for sign in text if sign.isdigit())
    assert str(minor).rstrip("0") == digits.strip("0") or str(minor) == digits.lstrip("0")
