"""The audit chain: every entry is sealed over the one before it with a key outside the database (I17)."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from webapp.models import AuditEntry, AuditHead, Via
from webapp.models.base import table_of
from webapp.services import runtime
from webapp.services.unit_of_work import Tx, run_built

START = "0" * 64

_HEAD = table_of(AuditHead)
_LOCK_HEAD = select(_HEAD.c.number, _HEAD.c.hash).where(_HEAD.c.id == 1).with_for_update()
_ADD = insert(table_of(AuditEntry))
_MOVE_HEAD = update(_HEAD).where(_HEAD.c.id == 1).values(number=bindparam("to_number"), hash=bindparam("to_hash"))
"""Built once: every change of money writes here."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a key of the REST API, or the desk itself when neither is named."""

    user_id: uuid.UUID | None
    via: Via
    api_key_id: uuid.UUID | None = None


SYSTEM = Actor(None, Via.SYSTEM)


@dataclass(frozen=True, slots=True)
class Entry:
    """What to write; `details` hold no personal data and no secrets."""

    action: str
    subject: tuple[str, uuid.UUID | None]
    shop_id: uuid.UUID | None
    details: Mapping[str, Any]


def write(
    tx: Tx,
    actor: Actor,
    action: str,
    subject: tuple[str, uuid.UUID | None],
    *,
    shop_id: uuid.UUID | None,
    details: Mapping[str, Any],
    at: datetime,
) -> int:
    """Append one entry in the caller's transaction and return its number.

    Call it last in the transaction: it locks the head (R22). `details` hold no personal data and no secrets.
    """
    return write_many(tx, actor, [Entry(action, subject, shop_id, details)], at)


def write_many(tx: Tx, actor: Actor, entries: Sequence[Entry], at: datetime) -> int:
    """Append entries, at least one, as `write` does; answers the number of the last."""
    head = run_built(tx, _LOCK_HEAD).one()
    number, before, rows = head.number, head.hash, []
    for entry in entries:
        number += 1
        row: dict[str, Any] = {
            "number": number,
            "at": at,
            "shop_id": entry.shop_id,
            "actor_id": actor.user_id or actor.api_key_id,
            "via": actor.via.value,
            "action": entry.action,
            "subject_kind": entry.subject[0],
            "subject_id": entry.subject[1],
            "details": dict(entry.details),
            "previous_hash": before,
        }
        row["hash"] = before = _seal(row)
        rows.append(row)
    run_built(tx, _ADD, rows)
    run_built(tx, _MOVE_HEAD, {"to_number": number, "to_hash": before})
    return int(number)


def personal(value: str) -> str:
    """A keyed digest that stands for personal data, so that erasing the data keeps the chain whole."""
    return hmac.new(runtime.current().audit_key, b"personal:" + value.encode(), hashlib.sha256).hexdigest()[:16]


def breaks(tx: Tx) -> Iterator[str]:
    """What is wrong with the chain, in words that name the entry; nothing when it is whole."""
    previous, expected = START, 1
    columns = AuditEntry.__table__.columns
    for row in tx.execute(select(*columns).order_by(AuditEntry.number)).yield_per(1000).mappings():
        number = row["number"]
        if number != expected:
            yield f"audit entry {expected} is missing before {number}"
        elif row["previous_hash"] != previous:
            yield f"audit entry {number} does not follow on entry {number - 1}"
        if row["hash"] != _seal(dict(row)):
            yield f"audit entry {number} was changed"
        previous, expected = row["hash"], number + 1
    head = tx.execute(select(AuditHead.number, AuditHead.hash)).one_or_none()
    if head is None or (head.number, head.hash) != (expected - 1, previous):
        yield f"the newest audit entry is {expected - 1}, but the head says {head.number if head else 'nothing'}"


def _seal(row: Mapping[str, Any]) -> str:
    content = {
        "number": row["number"],
        "at": row["at"].astimezone(UTC).isoformat(),
        "shop": str(row["shop_id"]),
        "actor": str(row["actor_id"]),
        "via": row["via"],
        "action": row["action"],
        "subject": [row["subject_kind"], str(row["subject_id"])],
        "details": row["details"],
        "previous": row["previous_hash"],
    }
    raw = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    return hmac.new(runtime.current().audit_key, raw, hashlib.sha256).hexdigest()
