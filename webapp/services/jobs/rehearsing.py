"""What a run of the cancel or refund job would take now, and "why not this order?"; nothing is written."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from providers.kinds import OperationKind
from webapp.models import Mode, Operation, Order, OrderStatus, Payment, ProviderAccount, StatusKind
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.jobs.outcomes import least_finished_first
from webapp.services.jobs.rules import AT_ONCE, Judged, Rule, candidates, judge, known, reason_for, surroundings
from webapp.services.jobs.schedules import known_job
from webapp.services.unit_of_work import Tx

SHOWN = 200
_IN_ONE_READ = 500


@dataclass(frozen=True, slots=True)
class Considered:
    """One payment and what the rule says of it. `operation`: what answered this change of status already (R17)."""

    order: Order
    payment: Payment
    account: ProviderAccount
    judged: Judged
    operation: Operation | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a run would do now: counts by rule, sums of what it would take per currency, and the first rows.

    Sums in minor units. `is_cut`: there is more than a rehearsal looks at.
    """

    kind: OperationKind
    rules: Mapping[Rule, int]
    sums_minor: Mapping[str, int]
    rows: Sequence[Considered]
    is_cut: bool

    @property
    def taken(self) -> int:
        """How many wishes it would file."""
        return self.rules.get(Rule.TAKEN, 0)

    @property
    def skipped(self) -> int:
        """How many payments it would leave out, each with a reason."""
        return sum(self.rules.values()) - self.taken


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job takes an order or not: a rule about the order, or one for each of its payments."""

    order: Order
    rule: Rule | None
    payments: Sequence[Considered]


def rehearse(tx: Tx, job: str, shop_id: uuid.UUID, mode: Mode) -> Rehearsal:
    """What a run would take now, of one mode. NotFound, or RuleBroken `not_rehearsed` for a job that moves nothing.

    Looks at the 5,000 newest order numbers at most and shows 200 rows.
    """
    kind = _kind(job)
    found = candidates(tx, kind, shop_id, None)
    reason_id = reason_for(tx, shop_id)
    rules: Counter[Rule] = Counter()
    sums: Counter[str] = Counter()
    shown: list[Considered] = []
    for start in range(0, len(found), _IN_ONE_READ):
        ids = [candidate.payment_id for candidate in found[start : start + _IN_ONE_READ]]
        query = surroundings(kind, shop_id).where(Payment.id.in_(ids), Payment.mode == mode)
        order = (Order.number.desc(), Payment.id.desc())
        for payment, of_order, account, is_answered in tx.execute(query.order_by(*order)):
            judged = judge(kind, of_order, payment, account, known(kind, reason_id, is_answered=is_answered))
            rules[judged.rule] += 1
            if judged.is_taken:
                sums[payment.currency] += judged.amount_minor
            if len(shown) < SHOWN:
                shown.append(Considered(of_order, payment, account, judged))
    return Rehearsal(kind, rules, sums, shown, is_cut=len(found) >= AT_ONCE)


def explain(tx: Tx, job: str, shop_id: uuid.UUID, mode: Mode, number: str) -> Explanation:
    """The rule that lets each payment of an order in or keeps it out. NotFound when the shop has no such order."""
    kind = _kind(job)
    row = tx.execute(
        select(Order, OrderStatus.kind)
        .join(OrderStatus, OrderStatus.id == Order.status_id)
        .where(Order.shop_id == shop_id, Order.mode == mode, Order.number == number)
    ).one_or_none()
    if row is None:
        raise NotFound(f"order {number}")
    order, status_kind = row
    if order.undo_change_id is None:
        is_cancelled = status_kind is StatusKind.CANCELLED
        return Explanation(order, Rule.NO_ACTION_ASKED if is_cancelled else Rule.NOT_CANCELLED, [])
    reason_id = reason_for(tx, shop_id)
    query = surroundings(kind, shop_id).where(Payment.order_id == order.id).order_by(Payment.created_at, Payment.id)
    payments = [
        Considered(
            order,
            payment,
            account,
            judge(kind, order, payment, account, known(kind, reason_id, is_answered=is_answered)),
            _answer(tx, kind, order, payment) if is_answered else None,
        )
        for payment, _order, account, is_answered in tx.execute(query)
    ]
    return Explanation(order, None if payments else Rule.NO_PAYMENT, payments)


def _kind(job: str) -> OperationKind:
    kind = known_job(job).undoes
    if kind is None:
        raise RuleBroken("not_rehearsed")
    return kind


def _answer(tx: Tx, kind: OperationKind, order: Order, payment: Payment) -> Operation | None:
    query = select(Operation).where(
        Operation.payment_id == payment.id,
        Operation.kind == kind,
        Operation.status_change_id == order.undo_change_id,
    )
    return tx.scalars(query.order_by(*least_finished_first(Operation)).limit(1)).one_or_none()
