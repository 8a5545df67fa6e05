"""The order lines of a form: fields that are numbered, so that lines come and go while the others keep their names.

The fields of line 3 are `line_3_name`, `line_3_quantity` and so on; what a line has and nobody types (article number,
sort, unit, discount, the provider's own id of it) travels along in hidden ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms import Field, HiddenField, StringField

from providers.lines import LineKind, OrderLine
from webapp.domain.amounts import AmountFault, AmountWrong, parse_decimal, parse_price, plain_amount
from webapp.domain.order_lines import LONGEST_NAME, MOST_LINES, LineDraft, LineFault, LineWrong, line_of
from webapp.formatting import percent
from webapp.formatting.lazy import _l
from webapp.forms.base import Form, stripped
from webapp.forms.money import amount_fault_words

TYPED = ("name", "quantity", "unit_price", "vat_rate")
CARRIED = ("reference", "kind", "unit", "discount", "provider_line_ref")
_NAME = re.compile(r"line_([0-9]{1,4})_name")
_FIELD_OF = {
    "quantity": "quantity",
    "tax_rate_bp": "vat_rate",
    "unit_price_minor": "unit_price",
    "discount_minor": "unit_price",
    "total_minor": "unit_price",
}


def keys_in(names: Iterable[str]) -> list[int]:
    """The numbers of the lines that were sent, in their order; no more than an order can have."""
    found = (_NAME.fullmatch(name) for name in names)
    return sorted(int(each[1]) for each in found if each)[:MOST_LINES]


def line_fields(keys: Iterable[int]) -> dict[str, Field]:
    """The fields of these lines, by name."""
    fields: dict[str, Field] = {}
    for key in keys:
        labels = {
            "name": _l("Name"),
            "quantity": _l("Quantity"),
            "unit_price": _l("Price of one, with VAT"),
            "vat_rate": _l("VAT rate"),
        }
        for part, label in labels.items():
            fields[f"line_{key}_{part}"] = StringField(label, filters=[stripped])
        for part in CARRIED:
            fields[f"line_{key}_{part}"] = HiddenField()
    return fields


def typed(lines: Sequence[OrderLine], currency: str) -> dict[str, str]:
    """What stands in the fields of these lines before anybody types."""
    found: dict[str, str] = {}
    for key, line in enumerate(lines):
        values = {
            "name": line.name,
            "quantity": str(
                line.quantity.normalize().quantize(Decimal(1)) if line.quantity % 1 == 0 else line.quantity
            ),
            "unit_price": plain_amount(line.unit_price_minor, currency, str(get_locale())),
            "vat_rate": percent(line.tax_rate_bp),
            "reference": line.reference,
            "kind": line.kind.value,
            "unit": line.unit,
            "discount": str(line.discount_minor) if line.discount_minor else "",
            "provider_line_ref": line.provider_line_ref or "",
        }
        found |= {f"line_{key}_{part}": value for part, value in values.items()}
    return found


def with_one_more(answers: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """The answers with an empty line after the last one, and its number."""
    keys = keys_in(answers)
    key = keys[-1] + 1 if keys else 0
    return dict(answers) | {f"line_{key}_{part}": "" for part in (*TYPED, *CARRIED)}, key


def without(answers: Mapping[str, str], key: int) -> dict[str, str]:
    """The answers without one line."""
    return {name: value for name, value in answers.items() if not name.startswith(f"line_{key}_")}


class LineReader:
    """Reads the lines of one form; what is wrong with one goes to its field."""

    def __init__(self, form: Form, currency: str, *, whole_pieces: bool) -> None:
        """`whole_pieces`: the provider takes only whole numbers of them."""
        self._form, self._currency, self._whole_pieces = form, currency, whole_pieces

    def read(self, key: int, *, quietly: bool = False) -> OrderLine | None:
        """The line; None when something is wrong with it, which is told unless `quietly`."""
        wrong = _Faults(None if quietly else self._form, key)
        name = self._text(key, "name")
        if not name:
            wrong.tell("name", _("Enter the name of the line"))
        elif len(name) > LONGEST_NAME:
            wrong.tell("name", _("Name must be %(count)d characters or fewer", count=LONGEST_NAME))
        quantity = self._number(key, "quantity", wrong)
        price = self._price(key, wrong)
        rate = self._number(key, "vat_rate", wrong)
        if wrong.any or quantity is None or price is None or rate is None:
            return None
        try:
            return line_of(self._draft(key, name, quantity, price, rate), whole_pieces=self._whole_pieces)
        except LineWrong as fault:
            wrong.tell(_FIELD_OF[fault.field], _fault_words(fault.fault))
            return None

    def _text(self, key: int, part: str) -> str:
        return str(self._form[f"line_{key}_{part}"].data or "")

    def _number(self, key: int, part: str, wrong: _Faults) -> Decimal | None:
        try:
            return parse_decimal(self._text(key, part), 2)
        except AmountWrong as fault:
            wrong.tell(part, _number_words(part, fault.fault))
            return None

    def _price(self, key: int, wrong: _Faults) -> int | None:
        try:
            return parse_price(self._text(key, "unit_price"), self._currency, str(get_locale()))
        except AmountWrong as fault:
            missing = fault.fault is AmountFault.MISSING
            words = _("Enter the price of one") if missing else amount_fault_words(fault.fault, self._currency)
            wrong.tell("unit_price", words)
            return None

    def _draft(self, key: int, name: str, quantity: Decimal, price: int, rate: Decimal) -> LineDraft:
        discount = self._text(key, "discount")
        return LineDraft(
            name=name,
            quantity=quantity,
            unit_price_minor=price,
            tax_rate_bp=int(rate * 100),
            discount_minor=int(discount) if discount.isascii() and discount.isdecimal() and len(discount) < 17 else 0,
            reference=self._text(key, "reference")[:LONGEST_NAME],
            kind=_kind(self._text(key, "kind"), price),
            unit=self._text(key, "unit")[:LONGEST_NAME],
            provider_line_ref=self._text(key, "provider_line_ref")[:LONGEST_NAME] or None,
        )


class _Faults:
    """Puts faults on the fields of one line, or nowhere."""

    def __init__(self, form: Form | None, key: int) -> None:
        self._form, self._key, self.any = form, key, False

    def tell(self, part: str, message: str) -> None:
        """Something is wrong with that part of the line."""
        self.any = True
        if self._form is not None:
            self._form.refuse(f"line_{self._key}_{part}", message)


def _kind(word: str, price: int) -> LineKind:
    """A new line of less than nothing is a discount."""
    kind = LineKind(word) if word in set(LineKind) else LineKind.GOODS
    return LineKind.DISCOUNT if kind is LineKind.GOODS and price < 0 else kind


def _number_words(part: str, fault: AmountFault) -> str:
    if part == "vat_rate":
        return _("Enter the VAT rate in percent, like 25 or 5.5")
    if fault is AmountFault.TOO_MANY_DECIMALS:
        return _("Quantity must have 2 decimals or fewer")
    return _("Enter the quantity using numbers, like 1 or 2.5")


def _fault_words(fault: LineFault) -> str:
    texts = {
        LineFault.QUANTITY: _("Quantity must be more than 0 and 1,000,000 or less"),
        LineFault.WHOLE_PIECES: _("The provider takes only whole numbers of pieces. Enter a quantity like 1 or 2"),
        LineFault.RATE: _("VAT rate must be 100 percent or less"),
        LineFault.SIGN: _("The price of a discount or gift card must be less than 0, every other price 0 or more"),
        LineFault.DISCOUNT: _("The line has a discount that is more than it costs now. Remove it and add it anew"),
        LineFault.TOO_LARGE: _("The line comes to too much. Check quantity and price"),
        LineFault.TOTAL: _("The line does not come to its total"),
    }
    return texts[fault]
