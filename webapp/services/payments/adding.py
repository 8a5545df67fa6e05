"""Take a payment into the desk by the provider's reference (product.md section 1)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from providers.kinds import ProviderState
from providers.snapshots import PaymentSnapshot
from webapp.models import Order, OrderImport, OrderStatus, Payment, ProviderAccount, StatusKind
from webapp.models.base import new_id
from webapp.models.order_import import HIDING
from webapp.services import accounts, audit, runtime
from webapp.services.accounts import account_of
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.operations.outcomes import locked_payment
from webapp.services.orders.statuses import Move, statuses_of, write_first
from webapp.services.payments.applying import apply_snapshot
from webapp.services.payments.booking import COMPARED_AFTER
from webapp.services.status_actions import firing
from webapp.services.unit_of_work import Tx, in_transaction

_PAID = frozenset({ProviderState.CAPTURED, ProviderState.REFUNDED})
_OVER = frozenset({ProviderState.CANCELLED, ProviderState.EXPIRED, ProviderState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Which payment to take in. `order_number` None: the number that the provider holds."""

    actor: Actor
    shop_id: uuid.UUID
    account_id: uuid.UUID
    provider_ref: str
    order_number: str | None = None
    buyer_name: str | None = None
    language: str | None = None


def add_payment(addition: Addition) -> uuid.UUID:
    """Fetch a payment, find or make its order, and book it; answers the order's id.

    A payment that the desk has already answers its order again. Raises NotFound for an account outside the
    shop, the port's reading errors, or RuleBroken `no_order_number`, `currency_differs`, `order_coming_in` (an import
    is bringing that order in; try again when it is over).
    """

    def find(tx: Tx) -> tuple[ProviderAccount, datetime]:
        row = tx.scalars(
            select(ProviderAccount).where(
                ProviderAccount.id == addition.account_id, ProviderAccount.shop_id == addition.shop_id
            )
        ).one_or_none()
        if row is None:
            raise NotFound(f"account {addition.account_id}")
        return row, runtime.current().clock.now(tx)

    row, read_at = in_transaction(find)
    account = account_of(row)
    snapshot = accounts.adapter(account).fetch_payment(addition.provider_ref.strip())

    def take_in(tx: Tx) -> uuid.UUID:
        now = runtime.current().clock.now(tx)
        known = tx.execute(
            select(Payment.id, Payment.order_id).where(
                Payment.account_id == account.id, Payment.provider_ref == snapshot.provider_ref
            )
        ).one_or_none()
        payment_id, order_id = known or _insert(tx, addition, row, snapshot, now)
        payment = locked_payment(tx, payment_id)
        apply_snapshot(tx, payment, snapshot, account.capabilities, now, read_at=read_at)
        if known is None:
            firing.payment_came(tx, payment, row.provider, now)
            details = {"provider_ref": snapshot.provider_ref, "order": str(order_id)}
            subject = ("payment", payment_id)
            audit.write(tx, addition.actor, "payment.added", subject, shop_id=addition.shop_id, details=details, at=now)
        found: uuid.UUID = order_id
        return found

    return in_transaction(take_in)


def _insert(
    tx: Tx, addition: Addition, account: ProviderAccount, snapshot: PaymentSnapshot, now: datetime
) -> tuple[uuid.UUID, uuid.UUID]:
    order_id = _order(tx, addition, account, snapshot, now)
    payment_id = new_id()
    tx.execute(
        insert(Payment).values(
            id=payment_id,
            shop_id=addition.shop_id,
            order_id=order_id,
            account_id=account.id,
            mode=account.mode,
            provider_ref=snapshot.provider_ref,
            method=snapshot.method,
            currency=snapshot.authorised.currency,
            provider_state=snapshot.state,
            kept=dict(snapshot.kept),
            created_at=snapshot.created_at or now,
            compare_at=now + COMPARED_AFTER,
        )
    )
    return payment_id, order_id


def _order(tx: Tx, addition: Addition, account: ProviderAccount, snapshot: PaymentSnapshot, now: datetime) -> uuid.UUID:
    number = (addition.order_number or snapshot.order_number or "").strip()
    if not number:
        raise RuleBroken("no_order_number")
    currency = snapshot.authorised.currency
    order = tx.scalars(
        select(Order).where(Order.shop_id == addition.shop_id, Order.mode == account.mode, Order.number == number)
    ).one_or_none()
    if order is not None:
        if order.currency != currency:
            raise RuleBroken("currency_differs", order=order.currency, payment=currency)
        if order.import_id is not None and tx.get_one(OrderImport, order.import_id).state in HIDING:
            raise RuleBroken("order_coming_in")
        return order.id
    order_id, status = new_id(), _first_status(tx, addition.shop_id, snapshot)
    tx.execute(
        insert(Order).values(
            id=order_id,
            shop_id=addition.shop_id,
            mode=account.mode,
            number=number,
            status_id=status.id,
            currency=currency,
            total_minor=(snapshot.asked or snapshot.authorised).minor,
            buyer_email=snapshot.buyer_email,
            buyer_name=addition.buyer_name,
            language=addition.language,
            ordered_at=snapshot.created_at or now,
            created_at=now,
        )
    )
    first = Move(
        shop_id=addition.shop_id,
        order_id=order_id,
        from_status_id=None,
        to_status_id=status.id,
        to_kind=status.kind,
        acts=False,
    )
    write_first(tx, addition.actor, [first], now)
    return order_id


def _first_status(tx: Tx, shop_id: uuid.UUID, snapshot: PaymentSnapshot) -> OrderStatus:
    """A new order's first status fires nothing; it only says what the payment already is."""
    kind = StatusKind.NEW
    if snapshot.state in _PAID:
        kind = StatusKind.PAID
    elif snapshot.state in _OVER:
        kind = StatusKind.CANCELLED
    rows = statuses_of(tx, shop_id)
    for status in rows:
        if status.kind is kind:
            return status
    if not rows:
        raise RuleBroken("no_order_status")
    return rows[0]
