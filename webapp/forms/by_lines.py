"""Order lines in the forms that move a part: a field for each line that is left, for how many pieces of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from flask_babel import gettext as _
from wtforms import StringField

from providers.lines import OrderLine
from webapp.domain.line_choices import id_of, pieces_of
from webapp.domain.order_lines import sum_of
from webapp.formatting import money, pieces
from webapp.forms.base import stripped
from webapp.forms.how_much import LINES, HowMuchForm
from webapp.forms.money import too_much_words
from webapp.services.operations.wishes import WishFacts

FormT = TypeVar("FormT", bound="ByLinesForm")
_PIECES = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,2})?")


class ByLinesForm(HowMuchForm):
    """A form that asks how much, by order lines too; `with_lines` makes one, with a field for each line."""

    line_of: Mapping[str, OrderLine] = {}

    def validate(self, extra_validators: Any = None) -> bool:
        """As HowMuchForm; afterwards `lines` are the chosen ones, with their quantities."""
        super().validate(extra_validators)
        if self.how_much.data == LINES and LINES in self.ways:
            self._check_lines()
        return not self.errors

    def no_lines_words(self) -> str:
        """What to do where lines were asked for and none was chosen."""
        return str(_("Enter how many pieces of which lines to refund"))

    @property
    def line_fields(self) -> list[Any]:
        """The fields of the order lines."""
        return [self._fields[name] for name in self.line_of]

    def _check_lines(self) -> None:
        chosen, is_wrong = [], False
        for name, line in self.line_of.items():
            try:
                wanted = _typed(self._fields[name].data or "0")
                if wanted:
                    chosen.append(pieces_of(line, wanted, whole_lines=self.facts.availability.whole_lines))
            except ValueError:
                is_wrong = True
                self.refuse(name, self._wrong_words(line))
        if is_wrong:
            return
        self.lines = tuple(chosen)
        self.amount_minor = sum_of(chosen)
        if not chosen:
            self.refuse("how_much", self.no_lines_words())
        elif self.amount_minor > self.facts.available_minor:
            self.refuse("how_much", too_much_words(self.facts))
        elif self.amount_minor <= 0:
            nothing = money(0, self.facts.payment.currency)
            self.refuse("how_much", _("Amount must be more than %(amount)s", amount=nothing))

    def _wrong_words(self, line: OrderLine) -> str:
        about = {"name": line.name or line.reference or "–", "most": pieces(line.quantity)}
        if self.facts.availability.whole_lines:
            return str(_("Enter 0 or %(most)s for %(name)s: the line moves as a whole or not at all", **about))
        if line.quantity % 1:
            return str(_("Enter how many of %(name)s, from 0 to %(most)s, with 2 decimals or fewer", **about))
        return str(_("Enter a whole number from 0 to %(most)s for %(name)s", **about))


def with_lines(form: type[FormT], facts: WishFacts, **values: Any) -> FormT:
    """The form for one payment, with the fields of the order lines that are left of it."""
    currency = facts.payment.currency
    lines: dict[str, OrderLine] = {}
    for line in facts.open_lines:
        name = _name_of(line)
        lines[name if name not in lines else f"{name}_{len(lines)}"] = line
    texts = {name: _label(line, currency) for name, line in lines.items()}
    fields = {name: StringField(text, default="0", filters=[stripped]) for name, text in texts.items()}
    made: type[FormT] = type(form.__name__, (form,), {**fields, "line_of": lines})
    return made(facts, **values)


def _typed(text: str) -> Decimal:
    """How many pieces were typed. Raises ValueError for what is no number of them."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _PIECES.fullmatch(plain):
        raise ValueError(text)
    return Decimal(plain.replace(",", "."))


def _name_of(line: OrderLine) -> str:
    """A field name that stays with the line, so that what was typed never moves to another one."""
    return f"line_{id_of(line)}"


def _label(line: OrderLine, currency: str) -> str:
    return _(
        "%(name)s: %(left)s left, %(amount)s",
        name=line.name or line.reference or "–",
        left=pieces(line.quantity),
        amount=money(line.total_minor, currency),
    )
