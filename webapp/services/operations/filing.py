"""File operations: reserve the money of each and record it in one transaction (R31, section 3)."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, insert, select

from providers.planning import WishKind
from providers.port import BankDetails, PaymentFacts
from webapp.domain.operations import OperationState, reserved_as
from webapp.domain.wishes import Aim
from webapp.models import Operation, Payment, ProviderAccount, Shop
from webapp.models.base import new_id, table_of
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import NotEnough, NotFound, RuleBroken
from webapp.services.operations import kept_lines
from webapp.services.operations.asking import Asking
from webapp.services.operations.reservations import reserve, rest
from webapp.services.unit_of_work import Tx, run_built
from webapp.services.vault import bank_details_place

LEAST_DISK_FREE = 0.05

_ADD = insert(table_of(Operation))
_LOCK = (
    select(Payment.id)
    .where(Payment.id.in_(bindparam("of_payments", expanding=True)))
    .order_by(Payment.id)
    .with_for_update()
)
_LOCKING = (
    select(Payment, ProviderAccount, Shop)
    .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
    .join(Shop, Shop.id == Payment.shop_id)
    .where(Payment.id == bindparam("of_payment"), Payment.shop_id == bindparam("of_shop"))
    .with_for_update(of=Payment)
    .execution_options(populate_existing=True)
)
"""Built once, as all that is said here: a job files thousands of operations in short transactions (R21)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation stands in its wish; `request_id` is its own (R16)."""

    wish_id: uuid.UUID
    request_id: uuid.UUID
    step: int = 0
    wish_kind: WishKind | None = None
    is_whole: bool = False  # the wish is for everything that is left


@dataclass(frozen=True, slots=True)
class Held:
    """A payment that this transaction has locked and read since then, with its account and shop, at the moment `at`."""

    payment: Payment
    account: ProviderAccount
    shop: Shop
    at: datetime


def lock_payments(tx: Tx, payment_ids: Sequence[uuid.UUID]) -> None:
    """Lock the payments of which several operations are filed in one transaction, always in one order (R22)."""
    tx.execute(_LOCK, {"of_payments": list(payment_ids)})


def file_step(tx: Tx, asking: Asking, held: Held, aim: Aim, place: Place) -> uuid.UUID:
    """Reserve for one operation and record it. Raises NotEnough."""
    payment = held.payment
    held_as = reserved_as(aim.kind, raises=aim.raises)
    if held_as is not None and not reserve(tx, payment.id, held_as, aim.amount_minor):
        left = tx.execute(select(rest(held_as)).where(Payment.id == payment.id)).scalar_one()
        raise NotEnough(max(left, 0), payment.currency)
    window = timedelta(seconds=held.shop.stop_window_s) if asking.stop_window is None else asking.stop_window
    row = {
        **new_row(payment, aim, place, held.at),
        "reason_id": asking.reason_id,
        "comment": asking.comment.strip() or None,
        "lines": kept_lines.dump(asking.lines),
        "requested_by": asking.actor.user_id,
        "requested_via": asking.actor.via,
        "api_key_id": asking.actor.api_key_id,
        "client_key": asking.client_key,
        "status_change_id": asking.status_change_id,
        "stop_until": held.at + window if window else None,
        "due_at": held.at + window,
    }
    row["bank_details"] = _sealed(asking.bank_details, row["id"])
    record_filed(tx, row, asking.actor, asking.comment)
    operation_id: uuid.UUID = row["id"]
    return operation_id


def new_row(payment: Payment, aim: Aim, place: Place, now: datetime) -> dict[str, Any]:
    """What every new operation has; who asked, why, and when it is due come from the caller."""
    return {
        "id": new_id(),
        "shop_id": payment.shop_id,
        "order_id": payment.order_id,
        "payment_id": payment.id,
        "account_id": payment.account_id,
        "currency": payment.currency,
        "wish_id": place.wish_id,
        "step": place.step,
        "wish_kind": place.wish_kind,
        "wish_is_whole": place.is_whole,
        "request_id": place.request_id,
        "key": str(uuid.uuid4()),
        "state": OperationState.QUEUED,
        "created_at": now,
        "state_since": now,
        **asdict(aim),
    }


def record_filed(tx: Tx, row: dict[str, Any], actor: Actor, comment: str) -> None:
    """Insert a new operation with its wake-up and its entry in the audit chain."""
    run_built(tx, _ADD, row)
    wake_ups.for_operation(tx, row["id"], row["due_at"])
    details = {
        "kind": row["kind"].value,
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "payment": str(row["payment_id"]),
        "reason": str(row["reason_id"]) if row["reason_id"] else None,
        "comment": audit.personal(comment) if comment else None,
        "due_at": row["due_at"].isoformat(),
    }
    at, subject = row["created_at"], ("operation", row["id"])
    audit.write(tx, actor, "operation.filed", subject, shop_id=row["shop_id"], details=details, at=at)


def locked(tx: Tx, asking: Asking) -> Held:
    """The payment that is asked about, locked. Raises NotFound."""
    found = tx.execute(_LOCKING, {"of_payment": asking.payment_id, "of_shop": asking.shop_id}).one_or_none()
    if found is None:
        raise NotFound(f"payment {asking.payment_id}")
    return Held(*found, runtime.current().clock.now(tx))


def facts_of(payment: Payment) -> PaymentFacts:
    """The payment as adapters and capabilities see it."""
    return PaymentFacts(
        provider_state=payment.provider_state,
        method=payment.method,
        currency=payment.currency,
        authorised_minor=payment.authorised_minor,
        captured_minor=payment.captured_minor,
        cancelled_minor=payment.cancelled_minor,
        refunded_minor=payment.refunded_minor,
        kept=payment.kept,
    )


def _sealed(details: BankDetails | None, operation_id: uuid.UUID) -> str | None:
    if details is None:
        return None
    return runtime.current().vault.seal(json.dumps(asdict(details)), bank_details_place(operation_id))


def refuse_when_disk_is_full() -> None:
    """R24: what cannot be recorded later must not be started now. RuleBroken `disk_full`."""
    folder = runtime.current().data_dir
    if folder is None:
        return
    there = next(path for path in (Path(folder), *Path(folder).absolute().parents) if path.exists())
    usage = shutil.disk_usage(there)  # a folder that is not made yet will be made on this disk
    if usage.free < usage.total * LEAST_DISK_FREE:
        raise RuleBroken("disk_full")
