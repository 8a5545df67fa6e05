"""Wrong pieces of the desk around the money engine: messages, jobs, mails. See `engines.py`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, false, update

from providers import reading
from providers.kinds import MovementKind, OperationKind
from providers.money import Money
from providers.sandbox import notification
from providers.sandbox.mapping import STATES, derived_id
from providers.snapshots import Movement, PaymentSnapshot
from tests.simulation.world import World
from webapp.domain.mails import STATE_AFTER, Handover, MailState
from webapp.models import JobRun, ProviderAccount, Schedule, WebhookMessage
from webapp.services import accounts, runtime
from webapp.services.jobs import making, undoing
from webapp.services.jobs.runs import Run
from webapp.services.operations.outcomes import locked_payment
from webapp.services.payments.applying import apply_snapshot
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import webhook_place
from webapp.services.webhooks import processing, receiving

_act = processing._act
_SUMS = ((MovementKind.AUTHORISE, "authorised"), (MovementKind.CAPTURE, "captured"), (MovementKind.CANCEL, "cancelled"))


def believe_message(work: processing.Work) -> str | None:
    """Takes over what the message says instead of asking the provider."""
    payment_id = work.payment_id
    if payment_id is None:
        return _act(work)

    def take_in(tx: Tx) -> None:
        sealed = tx.get_one(WebhookMessage, work.id).body or ""
        event = reading.parse(runtime.current().vault.open(sealed, webhook_place(work.id)).encode())
        account = accounts.account_of(tx.get_one(ProviderAccount, work.account_id))
        now = runtime.current().clock.now(tx)
        payment, seen = locked_payment(tx, payment_id), _snapshot(event["data"])
        apply_snapshot(tx, payment, seen, account.capabilities, now, read_at=now)

    in_transaction(take_in)
    return "read"


def _snapshot(data: dict[str, object]) -> PaymentSnapshot:
    reference, currency = str(data["id"]), str(data["currency"])
    sums = {name: int(str(data[f"amount_{name}"])) for name in ("authorised", "captured", "cancelled", "refunded")}
    kinds = (*_SUMS, (MovementKind.REFUND, "refunded"))
    movements = [
        Movement(kind, derived_id(reference, kind, sums[name]), Money(sums[name], currency))
        for kind, name in kinds
        if sums[name]
    ]
    return PaymentSnapshot(
        provider_ref=reference,
        state=STATES[str(data["status"])],
        method="sandbox",
        **{name: Money(minor, currency) for name, minor in sums.items()},
        movements=movements,
        pending=[],
    )


def act_on_refused(ear: receiving._Ear, delivery: receiving.Delivery) -> None:
    """Takes in a message whose signature does not fit."""
    lower = {name.lower(): value for name, value in delivery.headers.items()}
    receiving._store(ear, delivery, notification.said(lower, delivery.raw))


def forget_the_change(world: World) -> tuple[tuple[str, object], ...]:
    """Nobody asks whether a change of status was answered, and no key stands in the way."""
    world.database.rows("drop index uq_operations_once_per_change")

    def answered(_kind: OperationKind) -> ColumnElement[bool]:
        return false()

    of_batch = undoing._of_batch.__wrapped__  # the right engine's statement is kept
    return (("jobs.rules.answered", answered), ("jobs.undoing._of_batch", of_batch))


def make_run_all_the_same(tx: Tx, schedule_id: uuid.UUID) -> bool:
    """Makes the run that was due a moment ago, whoever made it meanwhile."""
    now = runtime.current().clock.now(tx)
    schedule = tx.get_one(Schedule, schedule_id, populate_existing=True)
    schedule.next_due_at = now + timedelta(seconds=schedule.interval_s or 0)
    making._add(tx, schedule.job, schedule.shop_id, now, due_at=now, overdue_at=schedule.next_due_at)
    return True


def hold_whatever_happened(run: Run, tx: Tx, **changes: object) -> None:
    """Writes the rows of a run that somebody else has taken meanwhile."""
    tx.execute(update(JobRun).where(JobRun.id == run.id).values(**changes or {"id": run.id}))


RESENT: Mapping[Handover, MailState] = {**STATE_AFTER, Handover.UNCLEAR: MailState.QUEUED}
"""Takes no answer for "not sent"."""


def nothing_restored(tx: Tx, now: datetime | None = None) -> int:
    """As if nothing had been mailed since the backup."""
    del tx, now
    return 0
