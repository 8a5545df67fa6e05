"""The rule of the cancel and refund jobs, in one place: what a run takes, and why something is left out.

A run, a rehearsal and the question "why not this order?" all ask `judge`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.sql.elements import SQLCoreOperations

from providers.kinds import NotOffered, OperationKind, ProviderState
from providers.planning import WishKind
from webapp.models import Operation, Order, Payment, ProviderAccount, RefundReason
from webapp.services import runtime
from webapp.services.operations.filing import facts_of
from webapp.services.operations.foreseeing import foresee
from webapp.services.unit_of_work import Tx

REASON = "order_cancelled"
"""The shop's reason that the jobs give."""
AT_ONCE = 5000
_OVER = (ProviderState.CANCELLED, ProviderState.EXPIRED, ProviderState.FAILED)


class Rule(StrEnum):
    """What lets a payment in or keeps it out; pages put it into words."""

    TAKEN = "taken"
    NOT_CANCELLED = "not_cancelled"  # the order does not stand in a status of kind cancelled
    NO_ACTION_ASKED = "no_action_asked"  # it does, but through a change that asks for nothing
    NO_PAYMENT = "no_payment"
    PAID = "paid"  # cancel: nothing is left to release, captured money is work for the refund job
    NOT_PAID = "not_paid"  # refund: nothing was captured
    NOTHING_LEFT = "nothing_left"
    ANSWERED = "answered"  # this change of status has its operation already (R17)
    UNDER_WAY = "under_way"
    FROZEN = "frozen"
    BANK_DETAILS = "bank_details"
    NOT_OFFERED = "not_offered"
    REASON_MISSING = "reason_missing"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment of a cancelled order that may be work for the job."""

    payment_id: uuid.UUID
    number: str

    @property
    def cursor(self) -> list[str]:
        """Its place in the order of the run."""
        return [self.number, self.payment_id.hex]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rule says of one payment; minor units of its currency.

    `amount_minor` is what is left to move; of what is taken as much of it as the provider offers to move.
    """

    rule: Rule
    amount_minor: int
    why: NotOffered | None = None

    @property
    def is_taken(self) -> bool:
        """Whether a wish is filed for it."""
        return self.rule is Rule.TAKEN


@dataclass(frozen=True, slots=True)
class Known:
    """What the rule must know beside the rows: `has_reason` is False where the shop has retired the reason."""

    is_answered: bool
    has_reason: bool


def candidates(tx: Tx, kind: OperationKind, shop_id: uuid.UUID, after: Sequence[str] | None) -> list[Candidate]:
    """Payments of the shop's cancelled orders with something left to move, newest order number first.

    One statement over the few orders that ask to be undone; at most 5,000, `after` is the cursor of the last one
    seen. Payments that this change of status has an operation for already are left out (R17).
    """
    query = (
        select(Payment.id, Order.number)
        .select_from(Order)
        .join(Payment, Payment.order_id == Order.id)
        .where(Order.shop_id == shop_id, Order.undo_change_id.is_not(None), left(kind) > 0)
        .where(~answered(kind))
        .order_by(Order.number.desc(), Payment.id.desc())
        .limit(AT_ONCE)
    )
    if kind is OperationKind.CANCEL:
        query = query.where(Payment.provider_state.not_in(_OVER))
    if after is not None:
        query = query.where(_after(after[0], uuid.UUID(after[1])))
    return [Candidate(payment_id, number) for payment_id, number in tx.execute(query)]


def _after(number: str, payment_id: uuid.UUID) -> ColumnElement[bool]:
    """Written so that the index on the number serves it."""
    return and_(Order.number <= number, or_(Order.number < number, Payment.id < payment_id))


def left(kind: OperationKind) -> SQLCoreOperations[int]:
    """What is not yet moved, promised or not, as SQL, in minor units."""
    if kind is OperationKind.REFUND:
        return Payment.captured_minor - Payment.refunded_minor
    return Payment.authorised_minor - Payment.captured_minor - Payment.cancelled_minor


def answered(kind: OperationKind) -> ColumnElement[bool]:
    """Whether the order's present change of status has an operation of that kind for the payment, as SQL."""
    return (
        exists()
        .where(Operation.payment_id == Payment.id, Operation.kind == kind)
        .where(Operation.status_change_id == Order.undo_change_id)
        .correlate(Payment, Order)
    )


def judge(kind: OperationKind, order: Order, payment: Payment, account: ProviderAccount, known: Known) -> Judged:
    """What the rule says of one payment as it is now; no SQL and no network."""
    rest = left_of(kind, payment)
    if order.undo_change_id is None:
        return Judged(Rule.NOT_CANCELLED, rest)
    if rest <= 0:
        return Judged(_nothing_to_move(kind, payment), 0)
    reserved = payment.capture_reserved_minor + payment.cancel_reserved_minor + payment.refund_reserved_minor
    in_the_way = (
        (Rule.ANSWERED, known.is_answered),
        (Rule.FROZEN, payment.frozen_at is not None),
        (Rule.UNDER_WAY, reserved > 0),
    )
    rule = next((rule for rule, holds in in_the_way if holds), None)
    return Judged(rule, rest) if rule else _offered(kind, payment, account, known, rest)


def _offered(kind: OperationKind, payment: Payment, account: ProviderAccount, known: Known, rest: int) -> Judged:
    capabilities = runtime.current().providers.capabilities(account.provider)
    availability = capabilities.availability(kind, facts_of(payment), account.settings)
    if not availability.possible:
        return Judged(Rule.NOT_OFFERED, rest, availability.why_not or NotOffered.NOT_SUPPORTED)
    if availability.needs_bank_details:
        return Judged(Rule.BANK_DETAILS, rest)
    if not known.has_reason:
        return Judged(Rule.REASON_MISSING, rest)
    plan = foresee(wish_of(kind), None, payment, account)[1]
    if not plan.steps:
        return Judged(Rule.NOT_OFFERED, rest, plan.why_not or NotOffered.NOTHING_LEFT)
    return Judged(Rule.TAKEN, sum(step.amount_minor for step in plan.steps))


def wish_of(kind: OperationKind) -> WishKind:
    """What the job files: everything of its kind, in as many steps as the provider needs."""
    return WishKind(kind.value)


def left_of(kind: OperationKind, payment: Payment) -> int:
    """What `left` says, of a payment at hand: in minor units, promised or not."""
    if kind is OperationKind.REFUND:
        return payment.captured_minor - payment.refunded_minor
    return payment.authorised_minor - payment.captured_minor - payment.cancelled_minor


def _nothing_to_move(kind: OperationKind, payment: Payment) -> Rule:
    if kind is OperationKind.CANCEL:
        return Rule.PAID if payment.captured_minor > payment.refunded_minor else Rule.NOTHING_LEFT
    return Rule.NOTHING_LEFT if payment.captured_minor else Rule.NOT_PAID


def surroundings(
    kind: OperationKind, shop_id: uuid.UUID | BindParameter[uuid.UUID]
) -> Select[Payment, Order, ProviderAccount, bool]:
    """Payments of the shop with all that `judge` asks for; the caller narrows it."""
    return (
        select(Payment, Order, ProviderAccount, answered(kind))
        .select_from(Payment)
        .join(Order, Order.id == Payment.order_id)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .where(Payment.shop_id == shop_id)
    )


_REASON = select(RefundReason.id).where(
    RefundReason.shop_id == bindparam("of_shop"), RefundReason.code == REASON, RefundReason.retired_at.is_(None)
)


def reason_for(tx: Tx, shop_id: uuid.UUID) -> uuid.UUID | None:
    """The shop's reason for what the jobs do; None where it was retired."""
    return tx.scalars(_REASON, {"of_shop": shop_id}).one_or_none()


def known(kind: OperationKind, reason_id: uuid.UUID | None, *, is_answered: bool) -> Known:
    """Only a refund needs the reason."""
    return Known(is_answered, has_reason=reason_id is not None or kind is not OperationKind.REFUND)
