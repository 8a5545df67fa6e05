"""What waits for a person, and the sums of the last days."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select

from providers.kinds import MovementKind, OperationKind
from webapp.domain.alerts import AlertKind
from webapp.domain.operations import OperationState
from webapp.models import Installation, KillSwitch, LedgerMovement, Mode, Operation, Payment, ProviderAccount
from webapp.services.alerts import keeping as alerts
from webapp.services.cases import listing as cases
from webapp.services.jobs import overdue
from webapp.services.mails import keeping as mails
from webapp.services.mails.keeping import Scope
from webapp.services.status_actions import firing
from webapp.services.unit_of_work import Tx

OF_LATE = timedelta(days=7)
DAYS = (1, 7, 30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Counts of what needs a person, in some shops and one mode."""

    unknown: int
    review: int
    rejected_of_late: int
    blocked: int
    open_breakers: Sequence[ProviderAccount]
    frozen: int
    switches: int
    refused_mails: int
    recovery_since: datetime | None
    overdue_jobs: int
    cases: int
    given_up_actions: int
    alerts: Mapping[AlertKind, int]


@dataclass(frozen=True, slots=True)
class Turnover:
    """What was captured and refunded in one currency since a day began; minor units."""

    currency: str
    captured_minor: int
    refunded_minor: int
    refunds: int

    @property
    def net_minor(self) -> int:
        """Captured less refunded; may be negative."""
        return self.captured_minor - self.refunded_minor


def waiting(
    tx: Tx,
    shops: Collection[uuid.UUID],
    managed: Collection[uuid.UUID],
    mail_scope: Scope,
    now: datetime,
    *,
    sees_desk: bool = False,
) -> Waiting:
    """What waits in those shops, in the mode of `mail_scope`; mails count in that, where the person looks after them.

    Alerts count in the shops `managed`; jobs and alerts that belong to no shop for who `sees_desk`.
    """
    mode = mail_scope.mode
    here = Payment.shop_id.in_(shops), Payment.mode == mode
    by_state: dict[OperationState, int] = {
        row.state: row.waiting
        for row in tx.execute(
            select(Operation.state, func.count().label("waiting"))
            .join(Payment, Payment.id == Operation.payment_id)
            .where(*here, Operation.state.in_([OperationState.UNKNOWN, OperationState.REVIEW]))
            .group_by(Operation.state)
        )
    }
    installation = tx.get(Installation, 1)
    return Waiting(
        unknown=by_state.get(OperationState.UNKNOWN, 0),
        review=by_state.get(OperationState.REVIEW, 0),
        rejected_of_late=_count(
            tx,
            *here,
            Operation.kind == OperationKind.REFUND,
            Operation.state == OperationState.REJECTED,
            Operation.ended_at > now - OF_LATE,
        ),
        blocked=_count(tx, *here, Operation.state == OperationState.QUEUED, Operation.blocked_since.is_not(None)),
        open_breakers=_open_breakers(tx, shops, mode),
        frozen=tx.execute(
            select(func.count()).select_from(Payment).where(*here, Payment.frozen_at.is_not(None))
        ).scalar_one(),
        switches=_switches(tx, shops),
        refused_mails=mails.waiting_for_people(tx, mail_scope, now),
        recovery_since=installation.recovery_since if installation else None,
        overdue_jobs=len(overdue.overdue(tx, shops, desk_too=sees_desk)),
        cases=cases.count_open(tx, shops, mode),
        given_up_actions=firing.count_given_up(tx, shops, mode),
        alerts=alerts.count_open(tx, managed, mode, desk_too=sees_desk),
    )


def _open_breakers(tx: Tx, shops: Collection[uuid.UUID], mode: Mode) -> Sequence[ProviderAccount]:
    """The accounts in those shops that nothing is sent through."""
    here = ProviderAccount.shop_id.in_(shops), ProviderAccount.mode == mode
    is_open = ProviderAccount.breaker_opened_at.is_not(None)
    return tx.scalars(select(ProviderAccount).where(*here, is_open).order_by(ProviderAccount.name)).all()


def _switches(tx: Tx, shops: Collection[uuid.UUID]) -> int:
    """How many kill switches touch those shops."""
    here = or_(KillSwitch.shop_id.in_(shops), KillSwitch.shop_id.is_(None))
    return tx.execute(select(func.count()).select_from(KillSwitch).where(here)).scalar_one()


def turnover(tx: Tx, shops: Collection[uuid.UUID], mode: Mode, midnight: datetime) -> Mapping[int, Sequence[Turnover]]:
    """Sums per currency for today, 7 and 30 days, today included; `midnight` is when today began for the reader."""
    return {days: _since(tx, shops, mode, midnight - timedelta(days=days - 1)) for days in DAYS}


def _since(tx: Tx, shops: Collection[uuid.UUID], mode: Mode, since: datetime) -> Sequence[Turnover]:
    amount, kind = LedgerMovement.amount_minor, LedgerMovement.kind
    captured = func.sum(case((kind == MovementKind.CAPTURE, amount), else_=0))
    refunded = func.sum(
        case((kind == MovementKind.REFUND, amount), (kind == MovementKind.REFUND_REVERSED, -amount), else_=0)
    )
    refunds = func.sum(case((kind == MovementKind.REFUND, 1), else_=0))
    rows = tx.execute(
        select(LedgerMovement.currency, captured, refunded, refunds)
        .join(Payment, Payment.id == LedgerMovement.payment_id)
        .where(
            Payment.shop_id.in_(shops),
            Payment.mode == mode,
            func.coalesce(LedgerMovement.occurred_at, LedgerMovement.booked_at) >= since,
            kind != MovementKind.AUTHORISE,
            kind != MovementKind.CANCEL,
        )
        .group_by(LedgerMovement.currency)
        .order_by(LedgerMovement.currency)
    )
    return [Turnover(currency, int(taken), int(given), int(count)) for currency, taken, given, count in rows]


def _count(tx: Tx, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(Operation).join(Payment, Payment.id == Operation.payment_id)
    return tx.execute(counted.where(*conditions)).scalar_one()
