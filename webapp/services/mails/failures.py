"""Failure mails (R44): what ended without effect is noted with its end and mailed once, with its neighbours.

Of a wish of several steps there is one line for each kind, once nothing more of it goes on by itself.

The first failure of a shop waits a minute for its neighbours; after that one mail per shop and 15 minutes.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.orm import aliased

from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.domain.outcomes import OutcomeWord, outcome_word
from webapp.models import FailureNotice, MailKind, Mode, Operation, Order, Payment, Shop
from webapp.models.base import new_id, table_of
from webapp.services import runtime
from webapp.services.mails import queueing
from webapp.services.mails.letters import FailureLine, Failures, Letter
from webapp.services.unit_of_work import Tx, in_transaction, reading

FINAL = frozenset({OperationState.REJECTED, OperationState.EXPIRED})
GOES_ON = NOT_TERMINAL - {OperationState.REVIEW}  # people decide that, and it may take days
NEIGHBOURS_WITHIN = timedelta(minutes=1)
APART = timedelta(minutes=15)
MOST_LINES = 200
MOST_AT_ONCE = 2000  # notices of one batch, so that its transaction stays short (R21)
_NOTE = insert(table_of(FailureNotice))
_OTHER = aliased(Operation)  # another step of an operation's wish
_OF_WISH = and_(_OTHER.payment_id == Operation.payment_id, _OTHER.wish_id == Operation.wish_id)


def note(tx: Tx, operation: Operation, now: datetime) -> None:
    """Note a failure in the transaction that ends the operation; who is mailed is decided later."""
    row = {
        "operation_id": operation.id,
        "shop_id": operation.shop_id,
        "mode": tx.get_one(Payment, operation.payment_id).mode,
        "failed_at": now,
        "doubtful": operation.restored,
    }
    tx.execute(_NOTE, row)


def make_due() -> int:
    """Write the mails that are due; answers how many. Costs one small read while nothing waits.

    Two at once make each mail once: the shop's row is locked while its notices are taken.
    """
    with reading() as tx:
        waiting = _shops_that_wait(tx, runtime.current().clock.now(tx))
    return sum(_make_for(shop_id) for shop_id in waiting)


def withhold(tx: Tx) -> None:
    """After a restore: what waits may have been mailed since the backup was taken (R29)."""
    waiting = update(FailureNotice).where(FailureNotice.handled_at.is_(None)).values(doubtful=True)
    tx.execute(waiting.execution_options(synchronize_session=False))


def _shops_that_wait(tx: Tx, now: datetime) -> Sequence[uuid.UUID]:
    oldest = func.min(FailureNotice.failed_at)
    waiting = select(FailureNotice.shop_id).where(_waits()).group_by(FailureNotice.shop_id)
    found = tx.scalars(waiting.having(oldest <= now - NEIGHBOURS_WITHIN)).all()
    return [shop_id for shop_id in found if not _mailed_of_late(tx, shop_id, now)]


def _mailed_of_late(tx: Tx, shop_id: uuid.UUID, now: datetime) -> bool:
    of_late = FailureNotice.shop_id == shop_id, FailureNotice.handled_at > now - APART
    mailed = select(FailureNotice.batch_id).where(*of_late, FailureNotice.batch_id.is_not(None))
    return tx.scalar(mailed.limit(1)) is not None


def _make_for(shop_id: uuid.UUID) -> int:
    return in_transaction(lambda tx: _make(tx, shop_id))


def _make(tx: Tx, shop_id: uuid.UUID) -> int:
    shop = tx.get_one(Shop, shop_id, with_for_update={"key_share": True}, populate_existing=True)
    now = runtime.current().clock.now(tx)
    if shop_id not in _shops_that_wait(tx, now):
        return 0  # another one was a moment earlier
    recipients = shop.failure_emails if shop.failure_mails_on else []
    return sum(_batch(tx, shop, recipients, mode, doubtful, now) for mode in Mode for doubtful in (False, True))


def _batch(tx: Tx, shop: Shop, recipients: Collection[str], mode: Mode, doubtful: bool, now: datetime) -> int:
    """Take the waiting notices of one mode, and write one mail for each address."""
    batch_id = new_id()
    mine = FailureNotice.shop_id == shop.id, FailureNotice.mode == mode, FailureNotice.doubtful.is_(doubtful)
    first = select(FailureNotice.operation_id).where(*mine, _waits())
    oldest = first.order_by(FailureNotice.failed_at).limit(MOST_AT_ONCE)
    taken = tx.execute(
        update(FailureNotice)
        .where(FailureNotice.operation_id.in_(oldest))
        .values(handled_at=now, batch_id=batch_id if recipients else None)
        .execution_options(synchronize_session=False)
        .returning(FailureNotice.operation_id)
    ).all()
    if not taken or not recipients:
        return 0
    facts = _facts(tx, shop, mode, batch_id)
    if not facts.lines:
        return 0  # later steps, which people decided, of wishes that were mailed already
    text = runtime.post().writer.failures(facts)
    for recipient in dict.fromkeys(recipients):
        letter = Letter(
            kind=MailKind.FAILURES,
            subject_id=batch_id,
            recipient=recipient,
            shop_id=shop.id,
            mode=mode,
            language=shop.language,
            text=text,
            doubtful=doubtful,
        )
        queueing.add(tx, letter)
    return len(dict.fromkeys(recipients))


def _waits() -> ColumnElement[bool]:
    """Whether a notice waits to be mailed, as SQL: not while a step of its wish still goes on."""
    goes_on = select(_OTHER.id).join(Operation, _OF_WISH)
    goes_on = goes_on.where(Operation.id == FailureNotice.operation_id, _OTHER.state.in_(GOES_ON))
    return and_(FailureNotice.handled_at.is_(None), ~goes_on.correlate(FailureNotice).exists())


def _facts(tx: Tx, shop: Shop, mode: Mode, batch_id: uuid.UUID) -> Failures:
    """A line for each wish and kind, from the first of its steps that failed; the amount is that of all of them."""
    public_url = runtime.post().public_url
    failed = select(func.sum(_OTHER.amount_minor)).where(_OF_WISH, _OTHER.kind == Operation.kind)
    amount = failed.where(_OTHER.state.in_(FINAL)).correlate(Operation).scalar_subquery()
    earlier = select(_OTHER.id).where(_OF_WISH, _OTHER.kind == Operation.kind, _OTHER.step < Operation.step)
    is_first = ~earlier.where(_OTHER.state.in_(FINAL)).correlate(Operation).exists()
    query = (
        select(Operation, Order.number, amount)
        .join(FailureNotice, FailureNotice.operation_id == Operation.id)
        .join(Order, Order.id == Operation.order_id)
        .where(FailureNotice.batch_id == batch_id, is_first)
    )
    count = tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    rows = tx.execute(query.order_by(FailureNotice.failed_at, Operation.id).limit(MOST_LINES))
    lines = [_line(operation, number, int(minor), public_url) for operation, number, minor in rows]
    return Failures(shop.name, shop.language, mode, lines, count, f"{public_url}/orders?attention=1")


def _line(operation: Operation, number: str, amount_minor: int, public_url: str) -> FailureLine:
    return FailureLine(
        number,
        operation.kind,
        outcome_word(operation.state, state_forbids=operation.state_forbids, was_put_back=False) or OutcomeWord.FAILED,
        amount_minor,
        operation.currency,
        operation.provider_code,
        f"{public_url}/orders/{operation.order_id}",  # never the request's host (R45)
    )
