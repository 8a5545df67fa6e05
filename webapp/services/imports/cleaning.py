"""Take away what an import no longer needs: it holds buyers' data."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from webapp.models import ImportChunk, ImportRow, ImportState, OrderImport, PaymentRead
from webapp.services.unit_of_work import Tx, in_transaction

WAITS_FOR_A_PERSON = timedelta(days=7)
FILE_IS_READ = (
    ImportState.READY,
    ImportState.APPLYING,
    ImportState.TAKING_BACK,
    ImportState.FINISHING,
    ImportState.READING,
    ImportState.DONE,
)
OVER_WITHOUT_ORDERS = (ImportState.REFUSED, ImportState.DISCARDED)
PIECES_AT_ONCE, ROWS_AT_ONCE = 16, 500


def clean(import_id: uuid.UUID) -> None:
    """Drop the file once it is read, and the lines of what came to nothing or is over; harmless when repeated."""
    state = in_transaction(lambda tx: tx.scalar(select(OrderImport.state).where(OrderImport.id == import_id)))
    if state in FILE_IS_READ or state in OVER_WITHOUT_ORDERS:
        while in_transaction(lambda tx: _drop_pieces(tx, import_id)):
            continue
    if state in OVER_WITHOUT_ORDERS or state is ImportState.DONE:
        while in_transaction(lambda tx: _drop_rows(tx, import_id, everything=state is not ImportState.DONE)):
            continue


def forget_old(tx: Tx, now: datetime) -> Sequence[uuid.UUID]:
    """Discard what nobody decided on for a week; answers the imports that `clean` still has to go over."""
    waiting = OrderImport.state == ImportState.READY, OrderImport.checked_at < now - WAITS_FOR_A_PERSON
    tx.execute(
        update(OrderImport)
        .where(*waiting)
        .values(state=ImportState.DISCARDED, ended_at=now)
        .execution_options(synchronize_session=False)
    )
    left = or_(
        exists().where(ImportChunk.import_id == OrderImport.id).correlate(OrderImport),
        exists().where(ImportRow.import_id == OrderImport.id, _is_plain()).correlate(OrderImport),
    )
    over = OrderImport.state.in_((*OVER_WITHOUT_ORDERS, ImportState.DONE))
    return tx.scalars(select(OrderImport.id).where(over, left)).all()


def _is_plain() -> ColumnElement[bool]:
    """A line that nothing more is to be said about."""
    return (ImportRow.problem.is_(None)) & (or_(ImportRow.payment.is_(None), ImportRow.payment == PaymentRead.READ))


def _drop_pieces(tx: Tx, import_id: uuid.UUID) -> int:
    some = select(ImportChunk.number).where(ImportChunk.import_id == import_id).limit(PIECES_AT_ONCE)
    numbers = tx.scalars(some).all()
    if numbers:
        tx.execute(delete(ImportChunk).where(ImportChunk.import_id == import_id, ImportChunk.number.in_(numbers)))
    return len(numbers)


def _drop_rows(tx: Tx, import_id: uuid.UUID, *, everything: bool) -> int:
    query = select(ImportRow.line).where(ImportRow.import_id == import_id).limit(ROWS_AT_ONCE)
    lines = tx.scalars(query if everything else query.where(_is_plain())).all()
    if lines:
        tx.execute(delete(ImportRow).where(ImportRow.import_id == import_id, ImportRow.line.in_(lines)))
    return len(lines)
