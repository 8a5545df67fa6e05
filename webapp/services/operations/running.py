"""Run what is due: claim, then send or look up. Called by wake-ups and by the poll alike (R18)."""

from __future__ import annotations

import uuid

import structlog
from sqlalchemy import or_, select

from webapp.models import Operation
from webapp.services import accounts, runtime, wake_ups
from webapp.services.clock import Clock
from webapp.services.operations import lanes
from webapp.services.operations.claiming import Claim, NoWork, Task, claim
from webapp.services.operations.leases import LeaseLost
from webapp.services.operations.looking_up import look_up
from webapp.services.operations.reading_first import must_be_read_first, read_first
from webapp.services.operations.sending import send
from webapp.services.steadiness import Steadiness
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import VaultError

log = structlog.get_logger()
GO_ON_S = 30.0

_steadiness: dict[int, tuple[Clock, Steadiness]] = {}


def run_operation(operation_id: uuid.UUID) -> bool:
    """Claim one operation and do what it needs; False when it was not due or somebody else has it."""
    return _run(operation_id) is None


def run_due(most_s: float = GO_ON_S) -> int:
    """Work through everything that is due, oldest first, for about `most_s` seconds; answers how many.

    The lanes are only opened once something was due, because most wake-ups are for one row.
    """
    clock = runtime.current().clock
    until = clock.monotonic() + most_s

    def work() -> int:
        done = 0
        while clock.monotonic() < until and run_oldest():
            done += 1
        return done

    if most_s <= 0 or not run_oldest():
        return 0
    return 1 + lanes.in_lanes(work)


def run_oldest() -> bool:
    """Claim what has been due longest and do what it needs; False when nothing was due."""
    return _run(None) is not NoWork.NOTHING_DUE


def leave_word_if_more_is_due() -> None:
    """Write a wake-up when work is left, so that another job goes on at once and not at the next poll."""

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        free = or_(Operation.lease_until.is_(None), Operation.lease_until < now)
        due = select(Operation.id).where(Operation.due_at <= now, free).limit(1)
        left = tx.scalar(due)
        if left is not None:
            wake_ups.for_operation(tx, left, now)

    in_transaction(work)


def _run(operation_id: uuid.UUID | None) -> NoWork | None:
    """None when a claim was made and worked on."""
    steadiness = steadiness_here()
    claimed = in_transaction(lambda tx: claim(tx, operation_id, steadiness))
    if isinstance(claimed, NoWork):
        return claimed
    try:
        _work(claimed)
    except LeaseLost as lost:
        log.warning("lease_lost", operation_id=str(lost))
    except VaultError as broken:
        log.error("credentials_unreadable", account_id=str(claimed.account.id), error_type=str(broken))
        in_transaction(lambda tx: accounts.stop_for_credentials(tx, claimed.account.id))
    return None


def _work(claimed: Claim) -> None:
    if claimed.task is Task.LOOK_UP:
        look_up(claimed)
    elif must_be_read_first(claimed):
        fresh = read_first(claimed)
        if fresh is not None:
            send(fresh)
    else:
        send(claimed)


def steadiness_here() -> Steadiness:
    """This process's memory of the clock. A forked process goes on with its parent's, which saw the jump before it."""
    clock = runtime.current().clock
    if id(clock) not in _steadiness:
        _steadiness[id(clock)] = (clock, Steadiness(clock))
    return _steadiness[id(clock)][1]
