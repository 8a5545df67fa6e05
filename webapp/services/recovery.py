"""After a backup was restored: nothing is sent until the books were compared and a person opens again (R29)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, insert, or_, select, true, update

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
from webapp.services.vault import VaultError

TOUCHED_BEFORE = timedelta(hours=24)
MAY_HAVE_MOVED = timedelta(days=90)
"""How old a payment may be that is read because money can still move on it (ADR 14)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a recovery is; moments in UTC."""

    since: datetime | None
    backup_taken_at: datetime | None
    payments_to_compare: int  # all that must be read before sends open, `touched` ones included
    touched_to_compare: int  # those that the backup itself shows as touched
    in_doubt: int
    is_begun: bool = True  # False: the sign is set, but operations under way were not put in doubt yet


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
                state_forbids=False,
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
            return Standing(None, row.backup_taken_at, 0, 0, 0)
        doubt = select(func.count()).select_from(Operation).where(Operation.restored, Operation.ended_at.is_(None))
        return Standing(
            since=row.recovery_since,
            backup_taken_at=row.backup_taken_at,
            payments_to_compare=_count(tx, _unread(row)),
            touched_to_compare=_count(tx, _unread(row) & _touched(row)),
            in_doubt=tx.execute(doubt).scalar_one(),
            is_begun=not _not_in_doubt(tx, row),
        )

    return in_transaction(work)


def compare(*, everything: bool = False, after_each: Callable[[int, int], None] = lambda *_: None) -> Iterator[str]:
    """Read the payments that may differ from the backup; yields a line for each that could not be read.

    Those are: what was touched since a day before the backup, and what money could still move on, younger than 90
    days or, with `everything`, of any age. May be broken off and called again: what was read since the recovery
    began is not read twice. `after_each` gets how many are done, and of how many. RuleBroken `not_in_recovery`.
    """
    payments = _to_compare(everything=everything)
    for number, payment_id in enumerate(payments, start=1):
        try:
            read_payment(payment_id)
        except (ProviderError, VaultError) as failure:
            yield f"payment {payment_id}: {type(failure).__name__}: {failure}"
        after_each(number, len(payments))


def leave(actor: Actor, *, unread_too: bool = False) -> None:
    """A person opens sends again; `unread_too` is their word that what could not be read does not matter.

    RuleBroken `not_in_recovery`, `not_begun` when operations under way were not put in doubt yet, or `not_compared`
    with the `count` left.
    """

    def work(tx: Tx) -> None:
        row = _installation(tx)
        if row.recovery_since is None:
            raise RuleBroken("not_in_recovery")
        if _not_in_doubt(tx, row):
            raise RuleBroken("not_begun")
        left = _count(tx, _unread(row))
        if left and not unread_too:
            raise RuleBroken("not_compared", count=left)
        now = runtime.current().clock.now(tx)
        tx.execute(update(Installation).values(recovery_since=None))
        details = {"unread": left}
        audit.write(tx, actor, "recovery.left", ("installation", None), shop_id=None, details=details, at=now)

    in_transaction(work)


def _installation(tx: Tx) -> Installation:
    row = tx.get(Installation, 1, populate_existing=True)
    if row is None:
        tx.execute(insert(Installation).values(id=1))
        row = tx.get_one(Installation, 1)
    return row


def _count(tx: Tx, which: ColumnElement[bool]) -> int:
    return tx.execute(select(func.count()).select_from(Payment).where(which)).scalar_one()


def _not_in_doubt(tx: Tx, row: Installation) -> bool:
    """Whether something that was under way in the backup could still be sent without being looked up first."""
    waiting = Operation.state.in_(NOT_TERMINAL - {OperationState.REVIEW})
    left = select(Operation.id).where(waiting, ~Operation.restored, Operation.created_at < row.recovery_since)
    return tx.execute(left.limit(1)).first() is not None


def _to_compare(*, everything: bool) -> list[uuid.UUID]:
    """What the backup shows as touched comes first, then the newest."""

    def work(tx: Tx) -> list[uuid.UUID]:
        row = _installation(tx)
        if row.recovery_since is None:
            raise RuleBroken("not_in_recovery")
        unread = _unread(row, everything=everything)
        return list(
            tx.scalars(select(Payment.id).where(unread).order_by(_touched(row).desc(), Payment.created_at.desc()))
        )

    return in_transaction(work)


def _unread(row: Installation, *, everything: bool = False) -> ColumnElement[bool]:
    """Payments that may differ from the backup and were not read since it was restored."""
    entered = row.recovery_since
    if entered is None:
        return false()
    unread = or_(Payment.last_read_at.is_(None), Payment.last_read_at < entered)
    return unread & or_(_touched(row), _can_still_move(row, everything=everything))


def _touched(row: Installation) -> ColumnElement[bool]:
    """Touched since a day before the backup, or with work under way, as far as the backup knows (R29)."""
    start = _backup_moment(row) - TOUCHED_BEFORE
    moved = select(LedgerMovement.id).where(LedgerMovement.payment_id == Payment.id, LedgerMovement.booked_at >= start)
    asked = select(Operation.id).where(
        Operation.payment_id == Payment.id, or_(Operation.state_since >= start, Operation.state.in_(NOT_TERMINAL))
    )
    return or_(Payment.created_at >= start, moved.exists(), asked.exists())


def _can_still_move(row: Installation, *, everything: bool) -> ColumnElement[bool]:
    """What was asked for after the backup, the backup cannot know: any payment with money left may have moved."""
    left = or_(
        Payment.refunded_minor < Payment.captured_minor,
        Payment.captured_minor + Payment.cancelled_minor < Payment.authorised_minor,
    )
    return and_(left, true() if everything else Payment.created_at >= _backup_moment(row) - MAY_HAVE_MOVED)


def _backup_moment(row: Installation) -> datetime:
    moment = row.backup_taken_at or row.recovery_since
    assert moment is not None  # noqa: S101 - callers have looked that a recovery is under way
    return moment
