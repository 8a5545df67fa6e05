"""The go-live checklist in words: what is tried, how far it is, and what to do for it."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.formatting.lazy import _l
from webapp.formatting.words import Tag
from webapp.services.go_live import Check, Item, Standing

STANDINGS: Mapping[Standing, Tag] = {
    Standing.PROVEN: Tag(_l("Proven"), "green", "check"),
    Standing.TO_COMPARE: Tag(_l("Done, not compared yet"), "blue", "clock"),
    Standing.DIFFERS: Tag(_l("The provider shows something else"), "red", "warning"),
    Standing.MISSING: Tag(_l("Missing"), "neutral", "minus"),
}
CHECKS: Mapping[Check, str] = {
    Check.METHODS: _l("Payment methods read"),
    Check.CAPTURED: _l("A test order captured (activated)"),
    Check.CANCELLED: _l("A test order cancelled"),
    Check.REFUNDED: _l("A test order refunded (credited)"),
    Check.UPDATED: _l("The amount of a test order changed"),
    Check.WEBHOOK: _l("A message of the provider received and verified"),
}
TO_DO: Mapping[Check, str] = {
    Check.METHODS: _l("Open the account's payment methods and read them."),
    Check.CAPTURED: _l("Make a test order at the provider, add its payment to an order here, and capture it."),
    Check.CANCELLED: _l("Make another test order, add its payment, and cancel it before it is captured."),
    Check.REFUNDED: _l("Refund a test order that was captured, the whole or a part."),
    Check.UPDATED: _l("Change the amount of a test order before it is captured."),
    Check.WEBHOOK: _l("Enter the webhook address at the provider and pay a test order, or send a test message there."),
}
COMPARE = _l("Compare with the provider below: it was not read since.")
LOOK = _l("Look at the cases of this payment.")


def check_name(item: Item) -> str:
    """What is tried."""
    return str(CHECKS[item.check])


def what_to_do(item: Item) -> str:
    """What is still missing for it; "" once it is proven."""
    words = {Standing.PROVEN: "", Standing.TO_COMPARE: COMPARE, Standing.DIFFERS: LOOK}
    return str(words.get(item.standing, TO_DO[item.check]))
