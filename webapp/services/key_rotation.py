"""Re-encrypts everything under the first key of the ring, in batches; a run that was cut off is started again (K19).

Old and new keys both stand in the ring while it runs, so readers never notice. Every row is replaced by compare-and-set
on its old ciphertext: a row that somebody changes meanwhile is left to them, who write under the first key anyway.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, select, update

from webapp.models import Attempt, Draft, Operation, ProviderAccount, User, WebhookMessage
from webapp.services import runtime
from webapp.services.unit_of_work import Tx, in_transaction

BATCH = 200


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many rows of a table were looked at and how many got new ciphertext."""

    table: str
    seen: int
    changed: int


def rotate_all(after_batch: Callable[[], None] = lambda: None) -> Sequence[Rotated]:
    """Go over everything that is kept sealed. VaultError for what no key opens."""
    return [
        _rotate(ProviderAccount, "credentials", _reseal_each, after_batch),
        _rotate(User, "totp_secret", _reseal, after_batch),
        _rotate(Operation, "bank_details", _reseal, after_batch),
        _rotate(Attempt, "call", _reseal_bytes, after_batch),
        _rotate(Draft, "answers", _reseal, after_batch),
        _rotate(WebhookMessage, "body", _reseal, after_batch),
    ]


def _rotate(model: Any, column: str, renew: Callable[[Any], Any], after_batch: Callable[[], None]) -> Rotated:
    seen = changed = 0
    last: uuid.UUID | None = None
    while True:
        rows, count = in_transaction(partial(_batch, model, column, renew, last))
        seen, changed = seen + len(rows), changed + count
        if not rows:
            return Rotated(model.__tablename__, seen, changed)
        last = rows[-1]
        after_batch()


def _batch(
    model: Any, column: str, renew: Callable[[Any], Any], last: uuid.UUID | None, tx: Tx
) -> tuple[Sequence[uuid.UUID], int]:
    field = getattr(model, column)
    beyond: list[ColumnElement[bool]] = [] if last is None else [model.id > last]
    query = select(model.id, field).where(field.is_not(None), *beyond).order_by(model.id).limit(BATCH)
    rows = tx.execute(query).all()
    changed = 0
    for row_id, old in rows:
        new = renew(old)
        if new == old:
            continue
        swap = update(model).where(model.id == row_id, field == old).values({column: new}).returning(model.id)
        changed += tx.scalar(swap.execution_options(synchronize_session=False)) is not None
    return [row[0] for row in rows], changed


def _reseal(old: str) -> str:
    vault = runtime.current().vault
    return old if vault.is_fresh(old) else vault.reseal(old)


def _reseal_bytes(old: bytes) -> bytes:
    return _reseal(old.decode()).encode()


def _reseal_each(old: dict[str, str]) -> dict[str, str]:
    return {name: _reseal(text) for name, text in old.items()}
