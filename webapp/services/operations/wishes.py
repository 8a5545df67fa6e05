"""What a money form must know of one payment before anything is asked for; reads only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from providers.kinds import MovementKind, OperationKind, ProviderState
from providers.port import Availability
from webapp.domain.operations import OperationState
from webapp.domain.payment_state import PaymentState, Sums, payment_state
from webapp.models import (
    ApiKey,
    LedgerMovement,
    Mode,
    Operation,
    Order,
    Payment,
    ProviderAccount,
    RefundReason,
    Shop,
    User,
)
from webapp.services import runtime
from webapp.services.errors import NotFound
from webapp.services.operations.filing import facts_of
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class WishFacts:
    """One payment as a money form shows it; sums in minor units of the payment's currency.

    `doubtful` is an operation of the payment whose result nobody knows, `failed` the newest of this kind if it was
    not done, `newest` the newest of this kind with the name of who asked.
    """

    payment: Payment
    order: Order
    shop: Shop
    account: ProviderAccount
    kind: OperationKind
    availability: Availability
    reasons: Sequence[RefundReason]
    doubtful: Operation | None
    failed: Operation | None
    newest: tuple[Operation, str | None] | None
    last_refund_at: datetime | None
    now: datetime

    @property
    def sums(self) -> Sums:
        """The payment's sums."""
        return sums_of(self.payment)

    @property
    def available_minor(self) -> int:
        """What the form may ask for now."""
        if self.kind is OperationKind.REFUND:
            return self.sums.can_be_refunded
        return self.sums.can_be_captured_or_released

    @property
    def is_frozen(self) -> bool:
        """Our sums and the provider's differ, or the buyer disputes the payment."""
        return self.payment.frozen_at is not None

    @property
    def is_unknown(self) -> bool:
        """The result of an earlier operation is not known, and the provider can be asked."""
        return self.doubtful is not None and self.doubtful.state is OperationState.UNKNOWN

    @property
    def is_open(self) -> bool:
        """Whether the form may be filled in at all."""
        return self.availability.possible and self.available_minor > 0 and not (self.is_frozen or self.is_unknown)

    @property
    def is_waiting(self) -> bool:
        """Whether the buyer still has to pay."""
        return self.payment.provider_state is ProviderState.WAITING

    @property
    def stop_until(self) -> datetime | None:
        """Until when a wish that is filed now can be stopped; None where the shop has no stop window."""
        window = self.shop.stop_window_s
        return self.now + timedelta(seconds=window) if window else None

    def state_after(self, amount_minor: int) -> PaymentState:
        """The payment's state once this operation is done."""
        sums = self.sums
        refunded = sums.refunded + (amount_minor if self.kind is OperationKind.REFUND else 0)
        cancelled = sums.cancelled + (amount_minor if self.kind is OperationKind.CANCEL else 0)
        later = Sums(authorised=sums.authorised, cancelled=cancelled, captured=sums.captured, refunded=refunded)
        return payment_state(later, self.payment.provider_state)

    @property
    def state_now(self) -> PaymentState:
        """The payment's state as it is."""
        return payment_state(self.sums, self.payment.provider_state, held=self.is_frozen)


def sums_of(payment: Payment) -> Sums:
    """A payment's sums in minor units."""
    return Sums(
        authorised=payment.authorised_minor,
        cancelled=payment.cancelled_minor,
        captured=payment.captured_minor,
        refunded=payment.refunded_minor,
        capture_reserved=payment.capture_reserved_minor,
        cancel_reserved=payment.cancel_reserved_minor,
        refund_reserved=payment.refund_reserved_minor,
        excess=payment.excess_minor,
    )


def get_facts(
    tx: Tx, payment_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode, kind: OperationKind
) -> WishFacts:
    """The facts for one form. NotFound when the payment is not in those shops or not of that mode."""
    row = tx.execute(
        select(Payment, Order, Shop, ProviderAccount)
        .join(Order, Order.id == Payment.order_id)
        .join(Shop, Shop.id == Payment.shop_id)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .where(Payment.id == payment_id, Payment.shop_id.in_(shops), Payment.mode == mode)
    ).one_or_none()
    if row is None:
        raise NotFound(f"payment {payment_id}")
    payment, order, shop, account = row
    capabilities = runtime.current().providers.capabilities(account.provider)
    newest = _newest(tx, payment.id, kind)
    failed = newest[0] if newest and newest[0].state in {OperationState.REJECTED, OperationState.EXPIRED} else None
    return WishFacts(
        payment=payment,
        order=order,
        shop=shop,
        account=account,
        kind=kind,
        availability=capabilities.availability(kind, facts_of(payment), account.settings),
        reasons=_reasons(tx, shop.id),
        doubtful=_doubtful(tx, payment.id),
        failed=failed,
        newest=newest,
        last_refund_at=_last_refund_at(tx, payment.id),
        now=runtime.current().clock.now(tx),
    )


def find_by_request(tx: Tx, request_id: uuid.UUID, payment_id: uuid.UUID) -> uuid.UUID | None:
    """The operation that this form made already (R16); None when it made none."""
    made = select(Operation.id).where(Operation.request_id == request_id, Operation.payment_id == payment_id)
    return tx.scalar(made)


def _reasons(tx: Tx, shop_id: uuid.UUID) -> Sequence[RefundReason]:
    kept = RefundReason.shop_id == shop_id, RefundReason.retired_at.is_(None)
    return tx.scalars(select(RefundReason).where(*kept).order_by(RefundReason.position, RefundReason.code)).all()


def _doubtful(tx: Tx, payment_id: uuid.UUID) -> Operation | None:
    """`unknown` before `review`: the form is closed for the first only."""
    unclear = Operation.state.in_([OperationState.UNKNOWN, OperationState.REVIEW])
    found = select(Operation).where(Operation.payment_id == payment_id, unclear)
    return tx.scalars(found.order_by(Operation.state.desc(), Operation.created_at).limit(1)).one_or_none()


def _newest(tx: Tx, payment_id: uuid.UUID, kind: OperationKind) -> tuple[Operation, str | None] | None:
    row = tx.execute(
        select(Operation, func.coalesce(User.name, ApiKey.name))
        .outerjoin(User, User.id == Operation.requested_by)
        .outerjoin(ApiKey, ApiKey.id == Operation.api_key_id)
        .where(Operation.payment_id == payment_id, Operation.kind == kind)
        .order_by(Operation.created_at.desc(), Operation.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _last_refund_at(tx: Tx, payment_id: uuid.UUID) -> datetime | None:
    when = func.max(func.coalesce(LedgerMovement.occurred_at, LedgerMovement.booked_at))
    booked = LedgerMovement.payment_id == payment_id, LedgerMovement.kind == MovementKind.REFUND
    found: datetime | None = tx.scalar(select(when).where(*booked))
    return found
