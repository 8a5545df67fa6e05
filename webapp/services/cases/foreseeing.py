"""What the next run of the comparison would read, account by account, and "why not this order?"; nothing is written."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select

from webapp.models import Mode, Order, Payment, ProviderAccount, Schedule
from webapp.services import runtime
from webapp.services.accounts import account_of
from webapp.services.cases.reading import AT_ONCE, is_compared
from webapp.services.jobs.catalogue import RECONCILE
from webapp.services.unit_of_work import Tx

SHOWN = 200


class Turn(StrEnum):
    """Whether the next run reads a payment, or why it does not; pages have words for each."""

    READ = "read"
    LATER = "later"  # its comparison is due after that run
    NO_MORE = "no_more"  # settled long ago (R28)
    BREAKER_OPEN = "breaker_open"  # due, but its account is not asked


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One payment and its turn; `payment.compare_at` says when it is due."""

    order: Order
    payment: Payment
    account: ProviderAccount
    turn: Turn

    @property
    def is_taken(self) -> bool:
        """Whether the next run reads it."""
        return self.turn is Turn.READ


@dataclass(frozen=True, slots=True)
class OfAccount:
    """How many payments of one account are due at the next run, and how many a run by hand would take."""

    account: ProviderAccount
    due: int
    by_hand: int

    @property
    def is_asked(self) -> bool:
        """Whether a run asks it at all."""
        return not account_of(self.account).breaker_is_open


@dataclass(frozen=True, slots=True)
class ReadsRehearsal:
    """What the run at `at` (UTC) would read: counts per account, and the first of its payments, longest due first.

    `is_planned`: the schedule is on; otherwise `at` is now. `is_cut`: there is more than a rehearsal counts.
    """

    at: datetime
    is_planned: bool
    accounts: Sequence[OfAccount]
    rows: Sequence[Foreseen]
    is_cut: bool

    @property
    def taken(self) -> int:
        """How many payments it would read."""
        return sum(each.due for each in self.accounts if each.is_asked)

    @property
    def skipped(self) -> int:
        """How many are due and would not be read."""
        return sum(each.due for each in self.accounts if not each.is_asked)

    @property
    def by_hand(self) -> int:
        """How many a run by hand would read: all that are still compared."""
        return sum(each.by_hand for each in self.accounts if each.is_asked)


def rehearse(tx: Tx, shop_id: uuid.UUID, mode: Mode) -> ReadsRehearsal:
    """What the next run would read, of one mode; counts the 5,000 that are due first and shows 200 of them."""
    at, is_planned = _next_run(tx, shop_id)
    of_mode = (*is_compared(shop_id, None), Payment.mode == mode)
    looked_at = select(Payment.account_id, Payment.compare_at).where(*of_mode)
    first = looked_at.order_by(Payment.compare_at).limit(AT_ONCE).subquery()
    due = func.count().filter(first.c.compare_at <= at)
    counted = select(first.c.account_id, due, func.count()).group_by(first.c.account_id)
    by_account = {account_id: (of_clock, all_of_it) for account_id, of_clock, all_of_it in tx.execute(counted)}
    mine = select(ProviderAccount).where(ProviderAccount.id.in_(by_account)).order_by(ProviderAccount.name)
    accounts = [OfAccount(row, *by_account[row.id]) for row in tx.scalars(mine)]
    rows = tx.execute(
        _payments()
        .where(*is_compared(shop_id, at), Payment.mode == mode)
        .order_by(Payment.compare_at, Payment.id)
        .limit(SHOWN)
    )
    is_cut = tx.scalar(looked_at.order_by(Payment.compare_at).offset(AT_ONCE).limit(1)) is not None
    return ReadsRehearsal(at, is_planned, accounts, [_foreseen(*row, at) for row in rows], is_cut)


def explain(tx: Tx, order: Order) -> Sequence[Foreseen]:
    """The turn of each of an order's payments, oldest first; none where it has no payment."""
    at, _is_planned = _next_run(tx, order.shop_id)
    rows = tx.execute(_payments().where(Order.id == order.id).order_by(Payment.created_at, Payment.id))
    return [_foreseen(*row, at) for row in rows]


def _next_run(tx: Tx, shop_id: uuid.UUID) -> tuple[datetime, bool]:
    """When the clock runs it next, and whether it does; a run that is due already is made now."""
    now = runtime.current().clock.now(tx)
    query = select(Schedule).where(Schedule.job == RECONCILE, Schedule.shop_id == shop_id, Schedule.enabled)
    schedule = tx.scalars(query).one_or_none()
    return (max(now, schedule.next_due_at), True) if schedule is not None else (now, False)


def _payments() -> Select[Order, Payment, ProviderAccount]:
    return (
        select(Order, Payment, ProviderAccount)
        .join(Payment, Payment.order_id == Order.id)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
    )


def _foreseen(order: Order, payment: Payment, account: ProviderAccount, at: datetime) -> Foreseen:
    if payment.compare_at is None:
        turn = Turn.NO_MORE
    elif payment.compare_at > at:
        turn = Turn.LATER
    else:
        turn = Turn.BREAKER_OPEN if account_of(account).breaker_is_open else Turn.READ
    return Foreseen(order, payment, account, turn)
