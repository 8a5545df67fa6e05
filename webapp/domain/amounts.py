"""Amounts as people type them, read exactly or not at all (R3). No float, no rounding, no guess."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from enum import StrEnum

from babel import Locale
from babel.numbers import format_decimal, get_currency_symbol, get_decimal_symbol, get_group_symbol

from providers.money import MAX_MINOR, exponent

LONGEST = 40
_GROUPS = r"[0-9]{1,3}(?:%s[0-9]{3})+"
_SHAPE = re.compile(r"(?P<whole>[0-9 ',.]*?)(?P<last>[.,][0-9]*)?")
_PLAIN = re.compile(r"[0-9]*")
_SYMBOL_LANGUAGES = ("en", "fr", "ja", "sv")
_MINUS = "-−–"
_DECIMAL = re.compile(r"[0-9]{1,9}(?:[.,](?P<decimals>[0-9]+))?")


class AmountFault(StrEnum):
    """Why a text is no amount."""

    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    AMBIGUOUS = "ambiguous"  # 1.200 may be 1200 or 1.20
    TOO_MANY_DECIMALS = "too_many_decimals"
    NOT_POSITIVE = "not_positive"
    TOO_LARGE = "too_large"


class AmountWrong(ValueError):
    """The text is no amount of the currency; `fault` says why, for the form to put in words."""

    def __init__(self, fault: AmountFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def parse_amount(text: str, currency: str, locale: str) -> int:
    """The amount in minor units of `currency`, as somebody who writes like `locale` means it.

    Comma and point are both taken, marks for thousands (comma, point, apostrophe, any space) too, and the currency's
    own symbol or code. Where one mark before three digits could be either, the locale and the currency's decimals
    decide; what they leave open is refused. Raises AmountWrong.
    """
    minor = _signed_minor(text, currency, locale)
    if minor <= 0:
        raise AmountWrong(AmountFault.NOT_POSITIVE)
    return minor


def parse_price(text: str, currency: str, locale: str) -> int:
    """As `parse_amount`, for the price of an order line: nothing, and less than nothing, are prices too."""
    return _signed_minor(text, currency, locale)


def parse_decimal(text: str, decimals: int) -> Decimal:
    """A small number that counts pieces or percents, exact at `decimals`; comma and point are both taken.

    Marks for thousands are not, and a percent sign after it is left out. Raises AmountWrong.
    """
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("%").strip()[:LONGEST]
    if not plain:
        raise AmountWrong(AmountFault.MISSING)
    found = _DECIMAL.fullmatch(plain)
    if found is None:
        raise AmountWrong(AmountFault.NOT_A_NUMBER)
    if len((found["decimals"] or "").rstrip("0")) > decimals:
        raise AmountWrong(AmountFault.TOO_MANY_DECIMALS)
    return Decimal(plain.replace(",", "."))


def _signed_minor(text: str, currency: str, locale: str) -> int:
    plain = _without_symbol(unicodedata.normalize("NFKC", text), currency)
    if not plain:
        raise AmountWrong(AmountFault.MISSING if not text.strip() else AmountFault.NOT_A_NUMBER)
    is_negative = plain[0] in _MINUS
    whole, decimals = _read(plain.lstrip(_MINUS).strip() if is_negative else plain, exponent(currency), locale)
    if len(decimals) > exponent(currency):
        raise AmountWrong(AmountFault.TOO_MANY_DECIMALS)
    minor = int(whole + decimals.ljust(exponent(currency), "0"))
    if minor > MAX_MINOR:
        raise AmountWrong(AmountFault.TOO_LARGE)
    return -minor if is_negative else minor


def plain_amount(minor: int, currency: str, locale: str) -> str:
    """An amount as one would type it: without symbol and marks for thousands, with the locale's decimal mark.

    `parse_amount` reads it back in the same locale.
    """
    digits = exponent(currency)
    pattern = "0." + "0" * digits if digits else "0"
    return str(format_decimal(Decimal(minor).scaleb(-digits), pattern, locale=locale))


def _without_symbol(text: str, currency: str) -> str:
    text = " ".join(text.split())[:LONGEST]
    signs = {currency, currency.lower()}
    for language in _SYMBOL_LANGUAGES:
        symbol = get_currency_symbol(currency, locale=Locale(language))
        signs |= {unicodedata.normalize("NFKC", symbol), symbol[-1] if not symbol[-1].isalpha() else symbol}
    if currency == "JPY":
        signs.add("円")
    for sign in sorted(signs, key=len, reverse=True):
        for cut in (text.removeprefix(sign), text.removesuffix(sign)):
            if cut != text:
                return cut.strip()
    return text


def _read(text: str, digits: int, locale: str) -> tuple[str, str]:
    """Digits before and after the decimal mark, marks for thousands taken out."""
    text = text.replace("’", "'")
    found = _SHAPE.fullmatch(text)
    if found is None or not any(sign.isdigit() for sign in text):
        raise AmountWrong(AmountFault.NOT_A_NUMBER)
    whole, last = found["whole"], found["last"]
    if last is None:
        return _ungrouped(whole), ""
    mark, decimals = last[0], last[1:]
    if not decimals:
        raise AmountWrong(AmountFault.NOT_A_NUMBER)
    if mark in whole:  # 1,200,300: the same mark twice is for thousands
        return _ungrouped(text), ""
    if _PLAIN.fullmatch(whole) and len(decimals) == 3 and _is_group(whole):
        return _weigh(whole, mark, decimals, digits, locale)
    return _ungrouped(whole) if whole else "0", decimals


def _is_group(whole: str) -> bool:
    """Whether marks for thousands can stand behind: 0.500 and 1200.500 have none there."""
    return 1 <= len(whole) <= 3 and whole[0] != "0"


def _weigh(whole: str, mark: str, decimals: str, digits: int, locale: str) -> tuple[str, str]:
    """One mark before three digits: thousands or decimals? Whoever might be misread is asked again."""
    if digits == 0:
        return whole + decimals, ""  # no decimals exist, so one meaning is left
    if digits == 3:
        if mark == get_decimal_symbol(locale):
            return whole, decimals
        raise AmountWrong(AmountFault.AMBIGUOUS)
    if mark == unicodedata.normalize("NFKC", get_group_symbol(locale)):
        return whole + decimals, ""
    raise AmountWrong(AmountFault.AMBIGUOUS)


def _ungrouped(whole: str) -> str:
    """The digits of a number whose marks for thousands are all the same and stand where they belong."""
    if _PLAIN.fullmatch(whole):
        return whole
    marks = {sign for sign in whole if not sign.isdigit()}
    if len(marks) != 1 or not re.fullmatch(_GROUPS % re.escape(marks.pop()), whole):
        raise AmountWrong(AmountFault.NOT_A_NUMBER)
    return re.sub(r"[^0-9]", "", whole)
