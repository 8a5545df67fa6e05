"""Carry out what changes of status fired: one wish per payment, filed like a person's; what cannot be filed waits.

Called in the transaction of the change, by the worker of an import, and by the `order-status` job. A status is never
undone by what its action came to.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

import structlog
from sqlalchemy import BindParameter, Select, bindparam, exists, select
from sqlalchemy.exc import OperationalError

from providers.kinds import NotOffered
from providers.planning import WishKind
from webapp.domain.status_actions import WISH_OF, FiringState, StatusAct, next_try_at
from webapp.models import FiredAction, Operation, Order, Payment, ProviderAccount, Shop, Via
from webapp.models.base import new_id
from webapp.services import audit, runtime
from webapp.services.audit import SYSTEM, Actor
from webapp.services.errors import NotAvailable, NotFound, RuleBroken
from webapp.services.jobs.rules import reason_for
from webapp.services.operations import filing
from webapp.services.operations.amounts import check_alone, lines_of_order
from webapp.services.operations.filing import Held, lock_payments
from webapp.services.operations.planning import Filed, PlannedWish, file_wish_within
from webapp.services.status_actions.firing import has_ended
from webapp.services.unit_of_work import Tx, in_transaction, reading

log = structlog.get_logger()
AT_ONCE = 5000
BATCH = 3  # payments in one transaction, which stays under the 50 ms of R21
NOT_FILED = "not_filed"
NOT_DONE, GIVEN_UP = "status_action.not_done", "status_action.given_up"
S = FiringState


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fired action that is due."""

    fired_id: uuid.UUID
    payment_id: uuid.UUID | None  # never None of one that is due


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a fired action: its row after it, and what was filed for it."""

    fired: FiredAction
    payment: Payment
    filed: Filed | None = None


def candidates(tx: Tx, shop_id: uuid.UUID, until: datetime, most: int = AT_ONCE) -> list[Candidate]:
    """What of a shop is due at `until`, longest first: one statement along the index of what is due."""
    query = select(FiredAction.id, FiredAction.payment_id).where(FiredAction.shop_id == shop_id)
    due = query.where(FiredAction.due_at.is_not(None), FiredAction.due_at <= until)
    rows = tx.execute(due.order_by(FiredAction.due_at, FiredAction.id).limit(most))
    return [Candidate(fired_id, payment_id) for fired_id, payment_id in rows]


def carry_out_changes(tx: Tx, change_ids: Sequence[uuid.UUID]) -> list[Carried]:
    """What these changes have just fired, in their own transaction, whose caller has locked the payments (R22)."""
    query = select(FiredAction.id).where(FiredAction.change_id.in_(change_ids), FiredAction.state == S.DUE)
    return carry_out(tx, list(tx.scalars(query)))


def carry_out_orders(order_ids: Sequence[uuid.UUID]) -> None:
    """What was just fired on these orders and not tried yet, a few in each transaction (R21)."""
    open_ones = FiredAction.order_id.in_(order_ids), FiredAction.state == S.DUE, FiredAction.tries == 0
    query = select(FiredAction.id, FiredAction.payment_id).where(*open_ones).order_by(FiredAction.id)
    with reading() as tx:
        found = [Candidate(fired_id, payment_id) for fired_id, payment_id in tx.execute(query)]
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        in_transaction(lambda tx, batch=batch: carry_out_batch(tx, batch))  # type: ignore[misc]


def carry_out_batch(tx: Tx, batch: Sequence[Candidate]) -> list[Carried]:
    """Lock the payments, always in one order, and carry out what of these is still due."""
    lock_payments(tx, [each.payment_id for each in batch if each.payment_id])
    return carry_out(tx, [each.fired_id for each in batch])


def try_again(order_id: uuid.UUID, fired_id: uuid.UUID, shop_ids: Collection[uuid.UUID]) -> FiredAction:
    """Carry out at once what could not be carried out before, also after the last try; the row after it.

    NotFound when it is not of that order, or in none of those shops; what is over stays as it is.
    """

    def work(tx: Tx) -> FiredAction:
        mine = FiredAction.id == fired_id, FiredAction.order_id == order_id, FiredAction.shop_id.in_(shop_ids)
        found = tx.scalars(select(FiredAction).where(*mine)).one_or_none()
        if found is None or found.payment_id is None:
            raise NotFound(f"fired action {fired_id}")
        lock_payments(tx, [found.payment_id])
        fired = tx.get_one(FiredAction, fired_id, with_for_update=True, populate_existing=True)
        if fired.state in {S.DUE, S.GIVEN_UP}:
            fired.state, fired.due_at, fired.ended_at = S.DUE, runtime.current().clock.now(tx), None
            tx.flush()
            carry_out(tx, [fired_id])
        return fired

    return in_transaction(work)


def carry_out(tx: Tx, fired_ids: Sequence[uuid.UUID]) -> list[Carried]:
    """File the wishes of those that are due; the caller has locked their payments."""
    found = tx.execute(_due(), {"of_fired": list(fired_ids)}).all()
    if not found:
        return []
    now, reason_of = runtime.current().clock.now(tx), cache(partial(reason_for, tx))
    carried = []
    for fired, order, payment, account, shop, is_answered in found:
        held = Held(payment, account, shop, now)
        if is_answered:
            carried.append(_over(tx, fired, payment, S.ANSWERED, now))
        else:
            carried.append(_carry(tx, fired, order, held, reason_of(shop.id)))
    return carried


@cache  # built once, for transactions that have to be short (R21)
def _due() -> Select[FiredAction, Order, Payment, ProviderAccount, Shop, bool]:
    """What is still due, with whether the cancel or refund job answered the change for that payment first (R17)."""
    of_fired: BindParameter[Any] = bindparam("of_fired", expanding=True)
    answer = exists().where(Operation.payment_id == Payment.id, Operation.status_change_id == FiredAction.change_id)
    return (
        select(FiredAction, Order, Payment, ProviderAccount, Shop, answer.correlate(Payment, FiredAction))
        .select_from(FiredAction)
        .join(Order, Order.id == FiredAction.order_id)
        .join(Payment, Payment.id == FiredAction.payment_id)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .join(Shop, Shop.id == Payment.shop_id)
        .where(FiredAction.id.in_(of_fired), FiredAction.state == S.DUE)
        .order_by(FiredAction.id)
        .with_for_update(of=FiredAction)
        .execution_options(populate_existing=True)
    )


def wish_for(
    tx: Tx,
    order: Order,
    payment: Payment,
    act: StatusAct,
    fired: FiredAction | None,
    reason_id: uuid.UUID | None,
) -> PlannedWish:
    """The wish of an action; that of a fired one is the same each time it is tried (R16).

    Raises RuleBroken `several_payments` where another one of the order holds money too and this is to reach its total.
    """
    kind = WISH_OF[act]
    if kind is WishKind.UPDATE:
        check_alone(tx, payment)
    return PlannedWish(
        actor=Actor(fired.fired_by, Via.JOB, fired.api_key_id) if fired else SYSTEM,  # the shop's rule asks
        shop_id=payment.shop_id,
        payment_id=payment.id,
        request_id=uuid.uuid5(fired.id, "wish") if fired else new_id(),
        kind=kind,
        amount_minor=order.total_minor if kind is WishKind.UPDATE else None,
        reason_id=reason_id if kind is WishKind.CANCEL_OR_REFUND else None,
        status_change_id=fired.change_id if fired else None,
        lines=lines_of_order(tx, order, payment) if kind is WishKind.UPDATE else (),
    )


def _carry(tx: Tx, fired: FiredAction, order: Order, held: Held, reason_id: uuid.UUID | None) -> Carried:
    payment, now = held.payment, held.at
    try:
        with tx.begin_nested():
            filing.refuse_when_disk_is_full()
            assert fired.act is not None  # noqa: S101 - a row with a payment has its act, by a CHECK
            filed = file_wish_within(tx, wish_for(tx, order, payment, fired.act, fired, reason_id), held)
    except RuleBroken as refusal:
        return _not_now(tx, fired, held, refusal.code, refusal.why if isinstance(refusal, NotAvailable) else None)
    except OperationalError:
        raise  # a lock: the whole transaction is done again
    except Exception:
        log.exception("status_action_failed", fired_id=str(fired.id), payment_id=str(payment.id))
        return _not_now(tx, fired, held, NOT_FILED, None)
    return _filed(tx, fired, payment, filed, now)


def _filed(tx: Tx, fired: FiredAction, payment: Payment, filed: Filed, now: datetime) -> Carried:
    if not filed.operation_ids:
        fired.why = filed.why_not.value if filed.why_not else None
        return _over(tx, fired, payment, S.AS_WISHED, now)
    fired.wish_id = filed.wish_id
    return Carried(_over(tx, fired, payment, S.FILED, now).fired, payment, filed)


def _over(tx: Tx, fired: FiredAction, payment: Payment, state: FiringState, now: datetime) -> Carried:
    fired.state, fired.due_at, fired.ended_at, fired.code = state, None, now, None
    tx.flush()
    return Carried(fired, payment)


def _not_now(tx: Tx, fired: FiredAction, held: Held, code: str, why: NotOffered | None) -> Carried:
    """Keep why, and when it is tried again; the audit hears of it when the reason is a new one, and of the end."""
    payment, now = held.payment, held.at
    is_new = (fired.code, fired.why) != (code, why.value if why else None)
    fired.tries += 1
    fired.code, fired.why = code, why.value if why else None
    ended = has_ended(payment) and fired.act is StatusAct.CAPTURE
    fired.due_at = None if ended else next_try_at(fired.tries, fired.fired_at, now, code=code, why=why)
    if fired.due_at is None:
        fired.state, fired.ended_at = S.GIVEN_UP, now
    tx.flush()
    if is_new or fired.due_at is None:
        act = fired.act.value if fired.act else None
        details = {"act": act, "code": code, "why": fired.why, "payment": str(payment.id)}
        action, subject = NOT_DONE if fired.due_at else GIVEN_UP, ("order", fired.order_id)
        audit.write(tx, SYSTEM, action, subject, shop_id=fired.shop_id, details=details, at=now)
    return Carried(fired, payment)
