"""After the blows: faults off, all programs whole again, wait until nothing is under way, and compare everything."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator

from sqlalchemy import func, select

from tests.kills.chaos import ADDRESS, Chaos
from webapp.domain.mails import UNDER_WAY, MailState
from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.models import (
    FailureNotice,
    JobRun,
    Mail,
    MailKind,
    Operation,
    Order,
    Payment,
    WebhookMessage,
    WebhookState,
)
from webapp.services.jobs.catalogue import CANCEL, REFUND
from webapp.services.mails.failures import FINAL
from webapp.services.unit_of_work import Tx, in_transaction

PATIENCE_S = 300.0
STILL = {
    "operations": select(func.count())
    .select_from(Operation)
    .where(
        Operation.state.in_(NOT_TERMINAL - {OperationState.REVIEW})  # I12: some are left to people
    ),
    "messages": select(func.count()).select_from(WebhookMessage).where(WebhookMessage.state == WebhookState.WAITING),
    "runs": select(func.count()).select_from(JobRun).where(JobRun.ended_at.is_(None)),
    "failures not mailed": select(func.count()).select_from(FailureNotice).where(FailureNotice.handled_at.is_(None)),
    "mails": select(func.count()).select_from(Mail).where(Mail.state.in_(UNDER_WAY)),
}


def reckon(chaos: Chaos) -> Counter[str]:
    """Bring the run to its end and compare; answers how much of what there was."""
    _restart(chaos)
    _until_still(chaos)
    for job in (CANCEL, REFUND):  # whatever the dead have left to the jobs
        chaos.clock_strikes(job)
    _until(chaos, lambda: not in_transaction(_unanswered), "every cancelled order is taken")
    _until_still(chaos)
    chaos.world.assert_books_agree()
    found = Counter(effects=len(chaos.world.desk.emulator.ledger()["effects"]))
    found.update(_check_jobs(chaos))
    found.update(_check_messages(chaos))
    found.update(_check_mails(chaos))
    return found


def _restart(chaos: Chaos) -> None:
    world = chaos.world
    world.desk.emulator.clear_faults()
    chaos.catcher.well_again()
    for role in ("scheduler", "web"):
        world.stop(role)
    world.start("scheduler")
    chaos.ear.serve()
    world.worker()
    world.clerk()
    chaos.ear.send_again()


def _until_still(chaos: Chaos) -> None:
    _until(chaos, lambda: not any(_left(chaos).values()), "all is quiet")


def _left(chaos: Chaos) -> dict[str, int]:
    left = in_transaction(lambda tx: {name: int(tx.execute(query).scalar_one()) for name, query in STILL.items()})
    missing = [each for each in chaos.ear.genuine() if each["state"] != "sent"]
    chaos.ear.send_again()
    return left | {"messages on their way": len(missing)}


def _until(chaos: Chaos, condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not {what}: {_left(chaos)}\n{chaos.world.tell()}"
        chaos.world.pass_time()
        time.sleep(0.5)


def _unanswered(tx: Tx) -> list[str]:
    """Payments of the jobs' orders for which no operation answers the change of status."""
    mine = select(Operation.id).where(Operation.payment_id == Payment.id)
    mine = mine.where(Operation.status_change_id == Order.undo_change_id)
    query = select(Payment.provider_ref).join(Order, Order.id == Payment.order_id)
    return list(tx.scalars(query.where(Order.undo_change_id.is_not(None), ~mine.exists())))


def _check_jobs(chaos: Chaos) -> Iterator[str]:
    """R17: one operation for each payment and change of status, whatever made the runs; no run was broken off."""
    rows = in_transaction(lambda tx: tx.scalars(select(Operation)).all())
    made = Counter((row.payment_id, row.kind) for row in rows if row.status_change_id is not None)
    assert made == Counter(chaos.jobs_payments)
    touched = {payment for payment, _kind in chaos.jobs_payments}
    assert sum(row.payment_id in touched for row in rows) == len(chaos.jobs_payments)
    for run in in_transaction(lambda tx: tx.scalars(select(JobRun)).all()):
        assert (run.failed_by, run.lease_until) == (None, None), (run.job, run.failed_by)
        yield f"{'runs by hand' if run.request_id else 'runs by the clock'} ended"


def _check_messages(chaos: Chaos) -> Iterator[str]:
    """Every genuine message is there once and was acted on; no forged one was."""
    rows = in_transaction(lambda tx: tx.scalars(select(WebhookMessage)).all())
    kept = Counter(row.dedupe for row in rows if row.state is not WebhookState.REFUSED)
    assert kept == Counter({each["event_id"] for each in chaos.ear.genuine()})
    for row in rows:
        assert row.state in {WebhookState.DONE, WebhookState.IGNORED, WebhookState.REFUSED}, (row.state, row.result)
        yield f"messages {row.state.value}"


def _check_mails(chaos: Chaos) -> Iterator[str]:
    """I14, R44: each failure is in one batch, each batch one mail, and the mail server has no mail twice."""
    notices, mails = in_transaction(
        lambda tx: (tx.scalars(select(FailureNotice)).all(), tx.scalars(select(Mail)).all())
    )
    failed = in_transaction(lambda tx: set(tx.scalars(select(Operation.id).where(Operation.state.in_(FINAL)))))
    assert {notice.operation_id for notice in notices} == failed
    batches = Counter(mail.subject_id for mail in mails if mail.kind is MailKind.FAILURES)
    assert batches == Counter({notice.batch_id for notice in notices})
    caught = Counter(mail["message_id"] for mail in chaos.catcher.mails())
    assert not caught - Counter({mail.message_id: 1 for mail in mails})
    for mail in mails:
        copies = caught[mail.message_id]
        gave_up = mail.state is MailState.FAILED and mail.result == "no_more_tries"
        assert mail.recipient == ADDRESS
        assert mail.state in {MailState.SENT, MailState.MAYBE_SENT} or gave_up, (mail.state, mail.result)
        assert copies == 1 if mail.state is MailState.SENT else copies <= (mail.state is MailState.MAYBE_SENT)
        yield f"mails {mail.state.value}"
    yield from ("failures" for _notice in notices)
