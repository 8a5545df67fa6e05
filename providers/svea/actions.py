"""The words by which an order itself says what is allowed (section 2.1); nothing else decides it."""

from __future__ import annotations

from collections.abc import Iterable

DELIVER_ORDER = "CanDeliverOrder"
DELIVER_PART = "CanDeliverPartially"
CANCEL_ORDER = "CanCancelOrder"
CANCEL_ROWS = "CanCancelOrderRow"
CANCEL_AMOUNT = "CanCancelAmount"
UPDATE_ROWS = "CanUpdateOrderRow"
CREDIT_AMOUNT = "CanCreditAmount"
CREDIT_ROWS = "CanCreditOrderRows"
CREDIT_NEW_ROW = "CanCreditNewRow"
DELIVER_ROW = "CanDeliverRow"
CANCEL_ROW = "CanCancelRow"
CREDIT_ROW = "CanCreditRow"

CREDITS = frozenset({CREDIT_AMOUNT, CREDIT_ROWS, CREDIT_NEW_ROW})
_OTHER_SPELLINGS = {"candeliverorderpartially": DELIVER_PART, "cancancelorderamount": CANCEL_AMOUNT}
_KNOWN = {
    word.lower(): word
    for word in (
        *(DELIVER_ORDER, DELIVER_PART, CANCEL_ORDER, CANCEL_ROWS, CANCEL_AMOUNT, UPDATE_ROWS),
        *(CREDIT_AMOUNT, CREDIT_ROWS, CREDIT_NEW_ROW, DELIVER_ROW, CANCEL_ROW, CREDIT_ROW),
    )
} | _OTHER_SPELLINGS


def known(words: Iterable[str]) -> frozenset[str]:
    """The actions among `words` in one spelling; a word that we do not know stays as it is, for people to read."""
    return frozenset(_KNOWN.get(word.lower(), word) for word in words)
