"""What is wrong, made and mended, for each kind of alert."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from tests import factories
from tests.desk import Desk
from tests.webapp.services.mails.letters import all_mails
from tests.webapp.services.webhooks import hooks
from webapp.domain.alerts import AlertKind
from webapp.domain.operations import OperationState
from webapp.models import Alert, AuditEntry, Mail, MailKind, Operation, Payment, WakeUp
from webapp.services import runtime
from webapp.services.jobs import making, running
from webapp.services.unit_of_work import in_transaction


@dataclass(frozen=True)
class Troubles:
    """A desk with one payment and one refund of it under way."""

    desk: Desk
    payment: uuid.UUID
    operation: uuid.UUID

    def begin(self, kind: AlertKind) -> None:
        """From now on something of that kind is wrong."""
        begins: Mapping[AlertKind, Callable[[], None]] = {
            AlertKind.UNKNOWN: self._doubt,
            AlertKind.REVIEW: self._review,
            AlertKind.FROZEN: self._freeze,
            AlertKind.SIGNATURES: self.forge,
            AlertKind.BOOKS: lambda: self._verify("update payments set authorised_minor = authorised_minor + 1"),
            AlertKind.AUDIT: self._tamper,
            AlertKind.OUTBOX: self._leave_lying,
        }
        begins[kind]()

    def end(self, kind: AlertKind) -> None:
        """It is over; the clock is moved where only time ends it."""
        ends: Mapping[AlertKind, Callable[[], None]] = {
            AlertKind.UNKNOWN: self._settle,
            AlertKind.REVIEW: self._settle,
            AlertKind.FROZEN: lambda: self.desk.change(Payment, self.payment, frozen_at=None, frozen_reason=None),
            AlertKind.SIGNATURES: lambda: self.desk.later(seconds=61),
            AlertKind.BOOKS: lambda: self._verify("update payments set authorised_minor = authorised_minor - 1"),
            AlertKind.AUDIT: self._mend,
            AlertKind.OUTBOX: self.publish,
        }
        ends[kind]()

    def forge(self, count: int = 11) -> None:
        """That many messages with a signature that does not fit."""
        for _ in range(count):
            hooks.tell(self.desk, hooks.body(self.desk, None, "ping"), "guessed")

    def publish(self) -> None:
        """What the relay does."""
        now = in_transaction(runtime.current().clock.now)
        in_transaction(lambda tx: tx.execute(update(WakeUp).values(published_at=now)))

    def _doubt(self) -> None:
        since = in_transaction(runtime.current().clock.now) - timedelta(minutes=15, seconds=1)
        self.desk.change(Operation, self.operation, state=OperationState.UNKNOWN, doubt_since=since)

    def _review(self) -> None:
        self.desk.change(Operation, self.operation, state=OperationState.REVIEW)

    def _settle(self) -> None:
        self.desk.change(Operation, self.operation, state=OperationState.QUEUED)

    def _freeze(self) -> None:
        now = in_transaction(runtime.current().clock.now)
        self.desk.change(Payment, self.payment, frozen_at=now, frozen_reason="difference")

    def _leave_lying(self) -> None:
        now = in_transaction(runtime.current().clock.now)
        lying = WakeUp(queue="default", task="tasks.x", row_id=uuid.uuid4(), not_before=now - timedelta(seconds=61))
        factories.add(lying)

    def _tamper(self) -> None:
        self._verify("update audit_entries set action = action || '!' where number = 1")

    def _mend(self) -> None:
        whole = in_transaction(lambda tx: tx.execute(select(AuditEntry.action).where(AuditEntry.number == 1)))
        action = whole.scalar_one().removesuffix("!")
        self._verify(f"update audit_entries set action = '{action}' where number = 1")

    def _verify(self, *statements: str) -> None:
        self.desk.raw(*statements)
        running.run_job(making.run_by_operator("verify", None, uuid.uuid4()))
        self.publish()


def alerts(kind: AlertKind) -> Sequence[Alert]:
    """Every occurrence of a kind, first one first."""
    query = select(Alert).where(Alert.kind == kind).order_by(Alert.opened_at)
    return in_transaction(lambda tx: tx.scalars(query).all())


def mails_about(*occurrences: Alert) -> Sequence[Mail]:
    """The mails about them."""
    subjects = {each.id for each in occurrences}
    return [mail for mail in all_mails() if mail.kind is MailKind.ALERT and mail.subject_id in subjects]
