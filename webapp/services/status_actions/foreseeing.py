"""What a status would do to an order, and what the next run of the job would take; nothing is written."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from providers.kinds import NotOffered
from providers.planning import Step
from webapp.domain.status_actions import FiringState, StatusAct
from webapp.models import FiredAction, Mode, Order, OrderStatus, Payment, ProviderAccount, StatusChange
from webapp.models.order_import import order_is_shown
from webapp.services import runtime
from webapp.services.errors import NotAvailable, NotFound, RuleBroken
from webapp.services.jobs.rules import reason_for
from webapp.services.operations.planning import plan_of
from webapp.services.status_actions.carrying import candidates, wish_for
from webapp.services.status_actions.firing import live_payments
from webapp.services.status_actions.tables import acts_of
from webapp.services.unit_of_work import Tx

SHOWN = 200
LOOKED_AT = 500
"""A rehearsal plans each payment as a run would, so it looks at fewer than a run takes."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of one payment: the steps of its wish, or `code` (and `why`) for none.

    `code` None and no steps: the payment is as wished already. `fired` is what a change of status fired before.
    """

    order: Order
    payment: Payment
    account: ProviderAccount
    act: StatusAct
    steps: Sequence[Step] = ()
    code: str | None = None
    why: NotOffered | None = None
    fired: FiredAction | None = None

    @property
    def is_taken(self) -> bool:
        """Whether operations would be made."""
        return bool(self.steps)

    @property
    def amount_minor(self) -> int:
        """What would move, in minor units of the payment's currency."""
        return sum(step.amount_minor for step in self.steps)


@dataclass(frozen=True, slots=True)
class Answer:
    """What would happen to an order that is given `status`; `present` is the one that it has."""

    order: Order
    present: OrderStatus
    status: OrderStatus
    payments: Sequence[Foreseen]
    stop_window_s: int

    @property
    def is_there(self) -> bool:
        """The order has the status already: giving it again is no change and fires nothing."""
        return self.present.id == self.status.id


@dataclass(frozen=True, slots=True)
class ActionsRehearsal:
    """What a run of the job would do now; `sums_minor` per currency of what it would take, `is_cut`: there is more."""

    rows: Sequence[Foreseen]
    taken: int
    skipped: int
    sums_minor: Mapping[str, int]
    is_cut: bool


def try_out(tx: Tx, shop_id: uuid.UUID, mode: Mode, number: str, status_id: uuid.UUID, stop_window_s: int) -> Answer:
    """What the status would do to the order of that number. NotFound for an order or status that the shop lacks."""
    order = find_order(tx, shop_id, mode, number)
    status = tx.get(OrderStatus, status_id)
    if order is None or status is None or status.shop_id != shop_id:
        raise NotFound(f"order {number}, status {status_id}")
    table = acts_of(tx, shop_id)
    payments = live_payments(tx, [order.id])[order.id]
    acts = [table.act(status.id, account.provider) for _payment, account in payments]
    found = [foresee(tx, order, payment, account, act) for (payment, account), act in zip(payments, acts, strict=True)]
    return Answer(order, tx.get_one(OrderStatus, order.status_id), status, found, stop_window_s)


def find_order(tx: Tx, shop_id: uuid.UUID, mode: Mode, number: str) -> Order | None:
    """The shop's order of that number and mode."""
    mine = Order.shop_id == shop_id, Order.mode == mode, Order.number == number, order_is_shown
    return tx.scalars(select(Order).where(*mine)).one_or_none()


def foresee(
    tx: Tx,
    order: Order,
    payment: Payment,
    account: ProviderAccount,
    act: StatusAct,
    fired: FiredAction | None = None,
) -> Foreseen:
    """What filing the action would make of the payment as last read."""
    if act is StatusAct.NOTHING:
        return Foreseen(order, payment, account, act)
    try:
        plan = plan_of(tx, wish_for(tx, order, payment, act, fired, reason_for(tx, payment.shop_id)))
    except RuleBroken as refusal:
        why = refusal.why if isinstance(refusal, NotAvailable) else None
        return Foreseen(order, payment, account, act, code=refusal.code, why=why, fired=fired)
    return Foreseen(order, payment, account, act, plan.steps, fired=fired)


def rehearse(tx: Tx, shop_id: uuid.UUID, mode: Mode) -> ActionsRehearsal:
    """What a run would take now, of one mode; looks at the 500 that are due longest and shows 200 rows."""
    now = runtime.current().clock.now(tx)
    found = candidates(tx, shop_id, now, LOOKED_AT + 1)
    ids = [each.fired_id for each in found[:LOOKED_AT]]
    due = tx.execute(_fired().where(FiredAction.id.in_(ids), Payment.mode == mode)).all()
    rows = [_of_fired(tx, *row) for row in due]
    sums: Counter[str] = Counter()
    for row in rows:
        if row.is_taken:
            sums[row.payment.currency] += row.amount_minor
    taken = sum(row.is_taken for row in rows)
    return ActionsRehearsal(rows[:SHOWN], taken, len(rows) - taken, sums, is_cut=len(found) > LOOKED_AT)


def explain(tx: Tx, order: Order) -> Sequence[Foreseen]:
    """What the order's last change of status fired, and what a run would make of each that is still to do."""
    changes = select(StatusChange.id).where(StatusChange.order_id == order.id).order_by(StatusChange.changed_at.desc())
    newest = tx.scalar(changes.limit(1))
    rows = tx.execute(_fired().where(FiredAction.order_id == order.id, FiredAction.change_id == newest))
    return [_of_fired(tx, *row) for row in rows.all()]


def _fired() -> Select[FiredAction, Order, Payment, ProviderAccount]:
    return (
        select(FiredAction, Order, Payment, ProviderAccount)
        .join(Order, Order.id == FiredAction.order_id)
        .join(Payment, Payment.id == FiredAction.payment_id)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .order_by(FiredAction.due_at, FiredAction.id)
    )


def _of_fired(tx: Tx, fired: FiredAction, order: Order, payment: Payment, account: ProviderAccount) -> Foreseen:
    act = fired.act or StatusAct.NOTHING
    if fired.state is not FiringState.DUE:
        return Foreseen(order, payment, account, act, code=fired.code or fired.state.value, fired=fired)
    return foresee(tx, order, payment, account, act, fired)
