"""What is asked for, whoever asks: the part that single operations and wishes of several steps share."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, select

from providers.kinds import NotOffered
from providers.lines import OrderLine
from providers.port import Availability, BankDetails
from webapp.models import Payment, RefundReason
from webapp.services.audit import Actor
from webapp.services.errors import NotAvailable, RuleBroken, TooLow
from webapp.services.unit_of_work import Tx

MOST_COMMENT = 1000

_REASON = select(RefundReason.retired_at, RefundReason.comment_required).where(
    RefundReason.id == bindparam("of_reason"), RefundReason.shop_id == bindparam("of_shop")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a person, job or client asks for.

    `amount_minor` is None for the whole rest. `expected_available_minor` is the available amount that the form
    showed, None where nobody saw one. `stop_window` None: the shop's own. `lines` are the order lines that it is
    about, for a change of the amount all that remain.
    """

    actor: Actor
    shop_id: uuid.UUID
    payment_id: uuid.UUID
    request_id: uuid.UUID
    amount_minor: int | None = None
    expected_available_minor: int | None = None
    reason_id: uuid.UUID | None = None
    comment: str = ""
    bank_details: BankDetails | None = None
    stop_window: timedelta | None = None
    status_change_id: uuid.UUID | None = None  # the change of the order's status that this answers (R17)
    lines: Sequence[OrderLine] = ()
    client_key: str | None = None  # what the REST API's client calls this wish (R15)


def check_means(asking: Asking, availability: Availability, total_minor: int) -> None:
    """What the provider needs for it must be there, and lines must fit it and sum to `total_minor` exactly (R4).

    Raises RuleBroken `bank_details_missing`, or NotAvailable.
    """
    if availability.needs_bank_details and asking.bank_details is None:
        raise RuleBroken("bank_details_missing")
    if availability.needs_lines and not asking.lines:
        raise NotAvailable(NotOffered.LINES_NEEDED)
    if asking.lines and sum(line.total_minor for line in asking.lines) != total_minor:
        raise NotAvailable(NotOffered.LINES_DO_NOT_SUM)
    if availability.whole_pieces and any(line.quantity % 1 for line in asking.lines):
        raise NotAvailable(NotOffered.WHOLE_UNITS_ONLY)


def check_total(total_minor: int, payment: Payment) -> None:
    """Another amount must keep what is captured and what operations under way were promised. Raises TooLow."""
    least_minor = payment.captured_minor + payment.capture_reserved_minor + payment.cancel_reserved_minor
    if total_minor < least_minor:
        raise TooLow(least_minor, payment.currency)


def check_words(tx: Tx, asking: Asking, *, needs_reason: bool) -> None:
    """Reason and comment. Raises RuleBroken `comment_too_long`, `reason_missing` or `comment_missing`."""
    if len(asking.comment) > MOST_COMMENT:
        raise RuleBroken("comment_too_long", most=MOST_COMMENT)
    if asking.reason_id is None:
        if needs_reason:
            raise RuleBroken("reason_missing")
        return
    reason = tx.execute(_REASON, {"of_reason": asking.reason_id, "of_shop": asking.shop_id}).one_or_none()
    if reason is None or reason.retired_at is not None:
        raise RuleBroken("reason_missing")
    if reason.comment_required and not asking.comment.strip():
        raise RuleBroken("comment_missing")
