"""The words of imports: what is wrong in a line and what to do, what was set going, how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.formatting.lazy import _l

FAULTS: Mapping[str, str] = {
    "empty": _l("The file is empty. Choose the file with the orders."),
    "no_order_status": _l("The shop has no order statuses yet. An admin has to add them."),
    "no_records": _l("The file has a header and no lines below it. Add a line for each order."),
    "nul": _l("This is no plain text (it holds a NUL byte). Save it as “CSV UTF-8” and send it again."),
    "encoding": _l("The text is neither UTF-8 nor Windows-1252. Save the file as “CSV UTF-8” and send it again."),
    "unknown_column": _l("Paydesk has no such column. Take it out or use one of: %(known)s."),
    "column_twice": _l("This column is there twice. Keep one of them."),
    "column_missing": _l("This column is missing. Add it to the header."),
    "column_alone": _l("This column needs the column %(other)s beside it. Add that one, or take this one out."),
    "open_quote": _l(
        "A quotation mark opens here and is never closed. Close it, or double it where it belongs to the text."
    ),
    "quotes": _l("The quotation marks do not fit. Put them around the whole cell and double those inside."),
    "line_too_long": _l("The line has more than %(most)s characters. Look for a missing line break."),
    "too_many_records": _l("The file has more than %(most)s lines. Part it into several files."),
    "too_few_cells": _l("The line has %(cells)s cells, but the header has %(columns)s. Fill in what is missing."),
    "too_many_cells": _l(
        "The line has %(cells)s cells, but the header has %(columns)s."
        " Put quotation marks around a cell with a comma or semicolon."
    ),
    "missing": _l("The cell is empty. Fill it in."),
    "control_characters": _l("The cell holds a line break or a character that cannot be shown. Take it out."),
    "too_long": _l("The cell is too long. Use %(most)s characters or fewer."),
    "number_twice": _l("Line %(line)s has the same number. Keep one of the two."),
    "unknown_currency": _l("“%(value)s” is no currency. Use its three letters, like EUR."),
    "not_an_amount": _l("“%(value)s” is no amount. Use digits with a point or comma before the decimals, like 10.50."),
    "too_many_decimals": _l("%(currency)s has %(digits)s decimals. Use no more, and no marks for thousands."),
    "too_large": _l("The amount is too large."),
    "unknown_status": _l("The shop has no status “%(value)s”. Use one of its statuses."),
    "not_an_address": _l("This is no e-mail address. Use the form name@example.com, or leave the cell empty."),
    "not_a_language": _l("This is no language. Use its code, like ja or pt-BR, or leave the cell empty."),
    "not_a_moment": _l("This is no date. Use the form 2026-11-22 or 2026-11-22T14:05:00+09:00."),
    "not_a_reference": _l("This is no reference. Copy it from the provider, without spaces."),
    "unknown_account": _l("The shop has no provider account “%(value)s” in this mode. Use the name of one."),
    "account_not_clear": _l("Two accounts are called “%(value)s”. Give one of them another name first."),
    "pair_missing": _l("The cell is empty, but %(other)s is filled. Fill in both or neither."),
    "fixed_by_payment": _l("The order has a payment, so its %(column)s cannot change. Use the present one."),
    "payment_elsewhere": _l("This payment belongs to another order. Look for it by its reference."),
    "order_coming_in": _l("Another import is bringing this order in. Wait until it is over."),
    "taken_meanwhile": _l("Somebody added an order with this number since the check. Send the file again."),
    "changed_meanwhile": _l("Somebody changed this order since the check. Look at it and send the file again."),
}
PROBLEMS: Mapping[str, str] = {
    "total_kept": _l("The order got a payment in the meantime, so its total and currency were left as they are."),
    "payment_elsewhere": FAULTS["payment_elsewhere"],
    "order_coming_in": FAULTS["order_coming_in"],
    "PaymentNotFound": _l("The provider knows no payment with this reference. Check both and add it by hand."),
    "currency_differs": _l("The payment is in another currency than the order. Look at both."),
    "CredentialsRefused": _l("The provider refused the account's keys. An admin has to check them."),
    "VaultError": _l("The account's keys cannot be read. An admin has to enter them again."),
    "MoneyError": _l("The provider sent an answer that Paydesk cannot read."),
}


def fault_words(code: str, facts: Mapping[str, Any]) -> str:
    """What is wrong and what to do, as sentences."""
    return str(FAULTS[code]) % dict(facts) if facts else str(FAULTS[code])


def place_words(line: int, column: str | None) -> str:
    """Where: “Line 3, total”."""
    if line and column:
        return _("Line %(line)d, %(column)s", line=line, column=column)
    return _("Line %(line)d", line=line) if line else _("The file")


def problem_words(code: str | None) -> str:
    """Why a line's payment is not here, as a sentence."""
    return str(PROBLEMS.get(code or "") or _("The provider could not be reached or gave no clear answer."))


def plan_words(plan: Mapping[str, Mapping[str, Sequence[int]]]) -> list[tuple[str, int, str]]:
    """What an import would set going: a sentence without the sum, the sum in minor units, and its currency."""
    found = []
    for currency, (payments, minor) in sorted(plan.get("cancel", {}).items()):
        words = ngettext("%(num)d payment would be released", "%(num)d payments would be released", payments)
        found.append((str(words), minor, currency))
    for currency, (payments, minor) in sorted(plan.get("refund", {}).items()):
        words = ngettext("%(num)d payment would be refunded", "%(num)d payments would be refunded", payments)
        found.append((str(words), minor, currency))
    return found
