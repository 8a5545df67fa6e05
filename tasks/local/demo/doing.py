"""What was done with the demo's orders: filed by the desk's own services and sent by its own engine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from providers.lines import OrderLine
from providers.planning import WishKind
from tasks.local.demo.control import Control, reference_of
from tasks.local.demo.shapes import HERE, DemoAccount, DemoOrder, Step
from webapp.domain.operations import NOT_TERMINAL
from webapp.models import Operation, OrderStatus, Payment, ProviderAccount, RefundReason, User, Via
from webapp.services import accounts, runtime
from webapp.services.audit import Actor
from webapp.services.cases import asking
from webapp.services.operations import running
from webapp.services.operations.planning import PlannedWish, file_wish
from webapp.services.orders.statuses import Setting, set_status
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import Tx, in_transaction

GIVES_BACK = frozenset({WishKind.REFUND, WishKind.CANCEL_OR_REFUND})
MOST_TURNS, TURN_S, SOON_S = 6, 1.2, 4
"""Svea's queue is asked again after one second and after three (its page, section 4)."""


@dataclass(frozen=True, slots=True)
class Work:
    """One order at one account of a shop."""

    control: Control
    shop_id: uuid.UUID
    account_id: uuid.UUID
    account: DemoAccount
    order: DemoOrder
    language: str


def make_orders(works: Sequence[Work]) -> None:
    """The buyers' payments, taken in, and each step since; of orders that the desk has already nothing.

    All first steps, then all second ones: where a provider works through a queue, one wait is for all of them.
    """
    begun = [(work, payment_id) for work in works if (payment_id := _take_in(work)) is not None]
    for number in range(max((len(work.order.steps) for work, _payment_id in begun), default=0)):
        asked: list[uuid.UUID] = []
        for work, payment_id in begun:
            if number < len(work.order.steps):
                asked += _take(work, payment_id, work.order.steps[number], number)
        _finish(asked)


def _take_in(work: Work) -> uuid.UUID | None:
    """The new payment's id; None where the desk has it already."""
    account, order = work.account, work.order
    reference = reference_of(account, order)
    known = select(Payment.id).where(Payment.account_id == work.account_id, Payment.provider_ref == reference)
    if in_transaction(lambda tx: tx.scalar(known)) is not None:
        return None
    work.control.pay(account, order)
    add_payment(
        Addition(
            actor=_person("merchant"),
            shop_id=work.shop_id,
            account_id=work.account_id,
            provider_ref=reference,
            order_number=order.number,
            buyer_name=order.buyer,
            language=work.language,
        )
    )
    return in_transaction(lambda tx: tx.execute(known).scalar_one())


def _person(word: str) -> Actor:
    email = f"{word}@demo.test"
    return Actor(
        in_transaction(lambda tx: tx.execute(select(User.id).where(User.email == email)).scalar_one()), Via.WEB
    )


def _take(work: Work, payment_id: uuid.UUID, step: Step, number: int) -> Sequence[uuid.UUID]:
    """Do it; answers the operations that the desk made of it."""
    where, _colon, what = step.what.partition(":")
    if where == "status":
        _set_status(work.shop_id, payment_id, what)
    elif where in ("portal", "unseen"):
        work.control.portal(work.account, work.order, what, step.amount_minor)
        if where == "portal":
            asking.compare(work.shop_id, [payment_id])
    else:
        if step.fault is not None:
            work.control.fault(dict(step.fault))
        return _ask(work, payment_id, step, WishKind(what or where), number)
    return ()


def _ask(work: Work, payment_id: uuid.UUID, step: Step, kind: WishKind, number: int) -> Sequence[uuid.UUID]:
    lines = _lines(work, payment_id, step)
    amount = sum(line.total_minor for line in lines) if lines else step.amount_minor
    reason = select(RefundReason.id).where(RefundReason.shop_id == work.shop_id, RefundReason.code == step.reason)
    filed = file_wish(
        PlannedWish(
            actor=_person("support" if kind is WishKind.REFUND else "merchant"),
            shop_id=work.shop_id,
            payment_id=payment_id,
            kind=kind,
            request_id=uuid.uuid5(HERE, f"{work.order.number}:{number}"),
            amount_minor=amount,
            reason_id=in_transaction(lambda tx: tx.execute(reason).scalar_one()) if kind in GIVES_BACK else None,
            comment=step.comment,
            bank_details=step.bank,
            lines=lines,
        )
    )
    for operation_id in filed.operation_ids:
        running.run_operation(operation_id)
    return filed.operation_ids


def _finish(operation_ids: Sequence[uuid.UUID]) -> None:
    """Go on with them as a worker would, for a few seconds: some are over only after reads behind the call."""
    mine = Operation.id.in_(operation_ids), Operation.state.in_(NOT_TERMINAL)

    def soon(tx: Tx) -> Sequence[uuid.UUID]:
        until = runtime.current().clock.now(tx) + timedelta(seconds=SOON_S)
        return tx.scalars(select(Operation.id).where(*mine, Operation.due_at <= until)).all()

    for turn in range(MOST_TURNS):
        waiting = in_transaction(soon)
        if not waiting:
            return
        time.sleep(TURN_S if turn else 0)
        for operation_id in waiting:
            running.run_operation(operation_id)


def _lines(work: Work, payment_id: uuid.UUID, step: Step) -> list[OrderLine]:
    """The lines that the step is about, as the provider shows them now."""
    if not step.goods:
        return []

    def find(tx: Tx) -> tuple[accounts.Account, str]:
        row = tx.get_one(ProviderAccount, work.account_id)
        return accounts.account_of(row), tx.get_one(Payment, payment_id).provider_ref

    account, reference = in_transaction(find)
    shown = {line.reference: line for line in accounts.adapter(account).fetch_payment(reference).lines}
    return [shown[work.order.goods[place].article] for place in step.goods]


def _set_status(shop_id: uuid.UUID, payment_id: uuid.UUID, code: str) -> None:
    def find(tx: Tx) -> tuple[uuid.UUID, uuid.UUID]:
        status = select(OrderStatus.id).where(OrderStatus.shop_id == shop_id, OrderStatus.code == code)
        return tx.get_one(Payment, payment_id).order_id, tx.execute(status).scalar_one()

    order_id, status_id = in_transaction(find)
    set_status(Setting(actor=_person("merchant"), shop_ids=[shop_id], order_id=order_id, status_id=status_id))
