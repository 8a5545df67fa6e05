"""File a wish to move a payment: reserve its money and record it in one transaction (R31, section 3)."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from providers.kinds import NotOffered, OperationKind
from providers.port import Availability, BankDetails, PaymentFacts
from webapp.domain.operations import OperationState
from webapp.models import Operation, Payment, ProviderAccount, RefundReason, Shop
from webapp.models.base import new_id
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import AvailableChanged, NotAvailable, NotEnough, NotFound, RuleBroken
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations.reservations import reserve, rest
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import bank_details_place

MOST_COMMENT = 1000
LEAST_DISK_FREE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person, job or client asks for.

    `amount_minor` is None for the whole rest. `expected_available_minor` is the available amount that the form
    showed, None where nobody saw one. `stop_window` None: the shop's own.
    """

    actor: Actor
    shop_id: uuid.UUID
    payment_id: uuid.UUID
    kind: OperationKind
    request_id: uuid.UUID
    amount_minor: int | None = None
    expected_available_minor: int | None = None
    reason_id: uuid.UUID | None = None
    comment: str = ""
    bank_details: BankDetails | None = None
    stop_window: timedelta | None = None
    status_change_id: uuid.UUID | None = None  # the change of the order's status that this answers (R17)
    client_key: str | None = None  # what the REST API's client calls this wish (R15)


def file_operation(wish: Wish) -> uuid.UUID:
    """Record the wish and hold its money; a worker sends it once it is due. Answers the operation's id.

    The same request id answers the first operation again (R16). Raises NotFound, NotAvailable, NotEnough,
    AvailableChanged, or RuleBroken with the code `disk_full`, `frozen`, `comment_missing`, `comment_too_long`,
    `reason_missing`, `bank_details_missing` or `request_id_taken`.
    """
    refuse_when_disk_is_full()
    try:
        operation_id = in_transaction(lambda tx: file_within(tx, wish))
    except IntegrityError as refusal:
        if "request_id" not in str(refusal.orig):
            raise
        raise RuleBroken("request_id_taken") from refusal  # two forms with one id, for two payments at once
    reached(KillPoint.AFTER_CREATE_COMMIT)
    return operation_id


def lock_payments(tx: Tx, payment_ids: Sequence[uuid.UUID]) -> None:
    """Lock the payments of which several operations are filed in one transaction, always in one order (R22)."""
    tx.execute(select(Payment.id).where(Payment.id.in_(payment_ids)).order_by(Payment.id).with_for_update())


def file_within(tx: Tx, wish: Wish) -> uuid.UUID:
    """What `file_operation` does, in the caller's transaction; whoever files several locks their payments first.

    Raises as it does, but not for the disk. Nothing is written when it raises RuleBroken.
    """
    payment, account, shop = _locked(tx, wish)  # first, so that two copies of one form meet here
    seen = _seen_before(tx, wish)
    if seen is not None:
        return seen
    now = runtime.current().clock.now(tx)
    availability = _availability(wish.kind, payment, account)
    available_minor = tx.execute(select(rest(wish.kind)).where(Payment.id == payment.id)).scalar_one()
    amount_minor = available_minor if wish.amount_minor is None else wish.amount_minor
    _check(tx, wish, payment, availability, amount_minor, available_minor)
    if not reserve(tx, payment.id, wish.kind, amount_minor):
        raise NotEnough(available_minor, payment.currency)
    row = _row(wish, payment, shop, now, amount_minor, whole_rest=amount_minor == available_minor)
    tx.execute(insert(Operation).values(row))
    wake_ups.for_operation(tx, row["id"], row["due_at"])
    _audit(tx, wish, row)
    reached(KillPoint.BEFORE_CREATE_COMMIT)
    operation_id: uuid.UUID = row["id"]
    return operation_id


def _seen_before(tx: Tx, wish: Wish) -> uuid.UUID | None:
    found = tx.execute(
        select(Operation.id, Operation.payment_id, Operation.kind).where(Operation.request_id == wish.request_id)
    ).one_or_none()
    if found is None:
        return None
    if (found.payment_id, found.kind) != (wish.payment_id, wish.kind):
        raise RuleBroken("request_id_taken")
    operation_id: uuid.UUID = found.id
    return operation_id


def _locked(tx: Tx, wish: Wish) -> tuple[Payment, ProviderAccount, Shop]:
    payment = tx.scalars(
        select(Payment)
        .where(Payment.id == wish.payment_id, Payment.shop_id == wish.shop_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if payment is None:
        raise NotFound(f"payment {wish.payment_id}")
    account = tx.get_one(ProviderAccount, payment.account_id)
    return payment, account, tx.get_one(Shop, payment.shop_id)


def _availability(kind: OperationKind, payment: Payment, account: ProviderAccount) -> Availability:
    capabilities = runtime.current().providers.capabilities(account.provider)
    return capabilities.availability(kind, facts_of(payment), account.settings)


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


def _check(
    tx: Tx, wish: Wish, payment: Payment, availability: Availability, amount_minor: int, available_minor: int
) -> None:
    if payment.frozen_at is not None:
        raise RuleBroken("frozen", why=payment.frozen_reason)
    if not availability.possible:
        raise NotAvailable(availability.why_not or NotOffered.NOT_SUPPORTED)
    expected = wish.expected_available_minor
    if expected is not None and expected != available_minor:
        raise AvailableChanged(available_minor, payment.currency)
    if amount_minor <= 0 or amount_minor > available_minor:
        raise NotEnough(available_minor, payment.currency)
    if amount_minor < available_minor and not availability.partial:
        raise NotAvailable(availability.why_not_partial or NotOffered.PART_NOT_SUPPORTED)
    if availability.needs_bank_details and wish.bank_details is None:
        raise RuleBroken("bank_details_missing")
    _check_words(tx, wish)


def _check_words(tx: Tx, wish: Wish) -> None:
    if len(wish.comment) > MOST_COMMENT:
        raise RuleBroken("comment_too_long", most=MOST_COMMENT)
    if wish.reason_id is None:
        if wish.kind is OperationKind.REFUND:
            raise RuleBroken("reason_missing")
        return
    reason = tx.scalars(
        select(RefundReason).where(RefundReason.id == wish.reason_id, RefundReason.shop_id == wish.shop_id)
    ).one_or_none()
    if reason is None or reason.retired_at is not None:
        raise RuleBroken("reason_missing")
    if reason.comment_required and not wish.comment.strip():
        raise RuleBroken("comment_missing")


def _row(
    wish: Wish, payment: Payment, shop: Shop, now: datetime, amount_minor: int, *, whole_rest: bool
) -> dict[str, Any]:
    operation_id = new_id()
    window = timedelta(seconds=shop.stop_window_s) if wish.stop_window is None else wish.stop_window
    return {
        "id": operation_id,
        "shop_id": payment.shop_id,
        "order_id": payment.order_id,
        "payment_id": payment.id,
        "account_id": payment.account_id,
        "wish_id": new_id(),
        "kind": wish.kind,
        "state": OperationState.QUEUED,
        "amount_minor": amount_minor,
        "currency": payment.currency,
        "whole_rest": whole_rest,
        "reason_id": wish.reason_id,
        "comment": wish.comment.strip() or None,
        "bank_details": _sealed(wish.bank_details, operation_id),
        "request_id": wish.request_id,
        "key": str(uuid.uuid4()),
        "requested_by": wish.actor.user_id,
        "requested_via": wish.actor.via,
        "api_key_id": wish.actor.api_key_id,
        "client_key": wish.client_key,
        "status_change_id": wish.status_change_id,
        "created_at": now,
        "stop_until": now + window if window else None,
        "state_since": now,
        "due_at": now + window,
    }


def _sealed(details: BankDetails | None, operation_id: uuid.UUID) -> str | None:
    if details is None:
        return None
    return runtime.current().vault.seal(json.dumps(asdict(details)), bank_details_place(operation_id))


def _audit(tx: Tx, wish: Wish, row: dict[str, Any]) -> None:
    details = {
        "kind": wish.kind.value,
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "payment": str(row["payment_id"]),
        "reason": str(wish.reason_id) if wish.reason_id else None,
        "comment": audit.personal(wish.comment) if wish.comment else None,
        "due_at": row["due_at"].isoformat(),
    }
    subject = ("operation", row["id"])
    audit.write(
        tx, wish.actor, "operation.filed", subject, shop_id=row["shop_id"], details=details, at=row["created_at"]
    )


def refuse_when_disk_is_full() -> None:
    """R24: what cannot be recorded later must not be started now. RuleBroken `disk_full`."""
    folder = runtime.current().data_dir
    if folder is None:
        return
    there = next(path for path in (Path(folder), *Path(folder).absolute().parents) if path.exists())
    usage = shutil.disk_usage(there)  # a folder that is not made yet will be made on this disk
    if usage.free < usage.total * LEAST_DISK_FREE:
        raise RuleBroken("disk_full")
