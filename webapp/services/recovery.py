"""After a backup was restored: nothing is sent until the books were compared and a person opens again (R29)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, false, func, insert, or_, select, update

from providers.errors import ProviderError
from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.models import Installation, LedgerMovement, Operation, Payment
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.mails import failures
from webapp.services.mails import keeping as mail_keeping
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import Tx, in_transaction

TOUCHED_BEFORE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a recovery is; moments in UTC."""

    since: datetime | None
    backup_taken_at: datetime | None
    payments_to_compare: int
    in_doubt: int


def enter(backup_taken_at: datetime, actor: Actor) -> int:
    """Stop all sends and put every operation under way in doubt; answers how many there are.

    What the backup shows as queued may have been sent after it was taken, so doubt is the only honest state. So it
    is for mails that were not sent yet, and for failures that were not mailed.
    """

    def work(tx: Tx) -> int:
        now = runtime.current().clock.now(tx)
        _installation(tx)
        tx.execute(update(Installation).values(recovery_since=now, backup_taken_at=backup_taken_at))
        restored = tx.execute(
            update(Operation)
            .where(Operation.state.in_(NOT_TERMINAL - {OperationState.REVIEW}))
            .values(
                state=OperationState.UNKNOWN,
                state_since=now,
                restored=True,
                in_doubt=True,
                doubt_since=now,
                last_sent_at=now,
                due_at=now,
                fence=Operation.fence + 1,
                lease_owner=None,
                lease_until=None,
                absent_read_at=None,
                refused_code=None,
                replays=0,
                fresh_send_used=False,
            )
            .execution_options(synchronize_session=False)
            .returning(Operation.id)
        ).all()
        mails = mail_keeping.after_restore(tx, now)
        failures.withhold(tx)
        details = {"backup_taken_at": backup_taken_at.isoformat(), "in_doubt": len(restored), "mails": mails}
        audit.write(tx, actor, "recovery.entered", ("installation", None), shop_id=None, details=details, at=now)
        return len(restored)

    return in_transaction(work)


def standing() -> Standing:
    """Where the recovery stands; `since` is None when there is none."""

    def work(tx: Tx) -> Standing:
        row = _installation(tx)
        if row.recovery_since is None:
            return Standing(None, row.backup_taken_at, 0, 0)
        to_compare = tx.execute(select(func.count()).select_from(Payment).where(_unread(row))).scalar_one()
        doubt = select(func.count()).select_from(Operation).where(Operation.restored, Operation.ended_at.is_(None))
        return Standing(row.recovery_since, row.backup_taken_at, to_compare, tx.execute(doubt).scalar_one())

    return in_transaction(work)


def compare() -> Iterator[str]:
    """Read every payment touched since a day before the backup; yields a line for each that could not be read.

    May be broken off and called again: what was read since the recovery began is not read twice.
    """
    for payment_id in _to_compare():
        try:
            read_payment(payment_id)
        except ProviderError as failure:
            yield f"payment {payment_id}: {type(failure).__name__}: {failure}"


def leave(actor: Actor) -> None:
    """A person opens sends again. RuleBroken `not_in_recovery` or `not_compared` with the `count` left."""

    def work(tx: Tx) -> None:
        row = _installation(tx)
        if row.recovery_since is None:
            raise RuleBroken("not_in_recovery")
        left = tx.execute(select(func.count()).select_from(Payment).where(_unread(row))).scalar_one()
        if left:
            raise RuleBroken("not_compared", count=left)
        now = runtime.current().clock.now(tx)
        tx.execute(update(Installation).values(recovery_since=None))
        audit.write(tx, actor, "recovery.left", ("installation", None), shop_id=None, details={}, at=now)

    in_transaction(work)


def _installation(tx: Tx) -> Installation:
    row = tx.get(Installation, 1, populate_existing=True)
    if row is None:
        tx.execute(insert(Installation).values(id=1))
        row = tx.get_one(Installation, 1)
    return row


def _to_compare() -> list[uuid.UUID]:
    def work(tx: Tx) -> list[uuid.UUID]:
        row = _installation(tx)
        if row.recovery_since is None:
            raise RuleBroken("not_in_recovery")
        return list(tx.scalars(select(Payment.id).where(_unread(row)).order_by(Payment.created_at)))

    return in_transaction(work)


def _unread(row: Installation) -> ColumnElement[bool]:
    """Payments touched since a day before the backup, or with work under way, and not read since."""
    entered = row.recovery_since
    if entered is None:
        return false()
    since = (row.backup_taken_at or entered) - TOUCHED_BEFORE
    moved = select(LedgerMovement.id).where(LedgerMovement.payment_id == Payment.id, LedgerMovement.booked_at >= since)
    asked = select(Operation.id).where(
        Operation.payment_id == Payment.id, or_(Operation.state_since >= since, Operation.state.in_(NOT_TERMINAL))
    )
    touched = or_(Payment.created_at >= since, moved.exists(), asked.exists())
    unread = or_(Payment.last_read_at.is_(None), Payment.last_read_at < entered)
    return touched & unread
