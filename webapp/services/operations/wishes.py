"""What a money form must know of one payment before anything is asked for; reads only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from providers.kinds import MovementKind, NotOffered, OperationKind, ProviderState
from providers.line_parts import less
from providers.lines import OrderLine
from providers.planning import Plan, WishKind
from providers.port import Availability
from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.domain.payment_state import PaymentState, Sums, lapses_soon, payment_state
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
from webapp.services.operations import kept_lines
from webapp.services.operations.filing import facts_of
from webapp.services.operations.foreseeing import foresee
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class WishFacts:
    """One payment as a money form shows it; sums in minor units of the payment's currency.

    `plan` is what a wish for everything would do now. `doubtful` is an operation of the payment whose result nobody
    knows, `failed` the newest of this kind if it was not done, `newest` the newest of this kind with the name of who
    asked; for a wish of several kinds the newest of all. `open_lines` are the order lines that a part of it may be
    about, with what is left of each; none where nothing is known.
    """

    payment: Payment
    order: Order
    shop: Shop
    account: ProviderAccount
    kind: WishKind
    availability: Availability
    plan: Plan
    reasons: Sequence[RefundReason]
    doubtful: Operation | None
    failed: Operation | None
    newest: tuple[Operation, str | None] | None
    last_refund_at: datetime | None
    now: datetime
    open_lines: Sequence[OrderLine]

    @property
    def sums(self) -> Sums:
        """The payment's sums."""
        return sums_of(self.payment)

    @property
    def available_minor(self) -> int:
        """What the form may ask for now."""
        held, kept = self.sums.can_be_captured_or_released, self.sums.can_be_refunded
        return {WishKind.REFUND: kept, WishKind.CANCEL_OR_REFUND: held + kept}.get(self.kind, held)

    @property
    def takes_amounts(self) -> bool:
        """Whether a part may be asked for by its amount alone."""
        return self.availability.partial and not self.availability.needs_lines

    @property
    def why_not_by_amount(self) -> NotOffered | None:
        """Why a part cannot be asked for by its amount; None where it can."""
        if self.takes_amounts:
            return None
        return NotOffered.LINES_NEEDED if self.availability.partial else self.availability.why_not_partial

    @property
    def gives_back(self) -> bool:
        """Whether a refund is a part of it."""
        return any(step.kind is OperationKind.REFUND for step in self.plan.steps)

    @property
    def left_out_minor(self) -> int:
        """What a wish for everything would leave as it is, because the provider does not offer to move it."""
        return self.available_minor - sum(step.amount_minor for step in self.plan.steps)

    @property
    def hold_lapses_soon(self) -> bool:
        """Whether what is reserved lapses within two days."""
        return lapses_soon(self.sums, self.payment.hold_expires_at, self.now)

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
    def releases_rest(self) -> bool:
        """Whether a release is of what a part capture has left, so that the captured part stays."""
        return self.kind is WishKind.CANCEL and self.sums.captured > 0

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
        """The payment's state once this wish is done; a part of it only where it has one step."""
        return payment_state(self.sums_after(amount_minor), self.payment.provider_state)

    def sums_after(self, amount_minor: int) -> Sums:
        """The sums once it is done, nothing else being under way."""
        sums = self.sums
        moved = dict.fromkeys(OperationKind, 0)
        for step in self.plan.steps if self.kind is WishKind.CANCEL_OR_REFUND else ():
            moved[step.kind] += step.amount_minor
        if self.kind is not WishKind.CANCEL_OR_REFUND:
            moved[OperationKind(self.kind.value)] = amount_minor
        if self.kind is WishKind.CAPTURE and self.availability.releases_rest:
            moved[OperationKind.CANCEL] = self.available_minor - amount_minor
        return Sums(
            authorised=sums.authorised,
            cancelled=sums.cancelled + moved[OperationKind.CANCEL],
            captured=sums.captured + moved[OperationKind.CAPTURE],
            refunded=sums.refunded + moved[OperationKind.REFUND],
        )

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


def get_facts(tx: Tx, payment_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode, kind: WishKind) -> WishFacts:
    """The facts for one form. NotFound when the payment is not in those shops or not of that mode."""
    row = tx.execute(
        select(Payment, Order, Shop, ProviderAccount)
        .join(Order, Order.id == Payment.order_id)
        .join(Shop, Shop.id == Payment.shop_id)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .where(Payment.id == payment_id, Payment.shop_id.in_(shops), Payment.mode == mode)
        .options(undefer(Payment.open_lines), undefer(Payment.refundable_lines))
    ).one_or_none()
    if row is None:
        raise NotFound(f"payment {payment_id}")
    payment, order, shop, account = row
    plan = Plan(()) if kind is WishKind.UPDATE else foresee(kind, None, payment, account)[1]
    newest = _newest(tx, payment.id, kind)
    failed = newest[0] if newest and newest[0].state in {OperationState.REJECTED, OperationState.EXPIRED} else None
    availability = _availability(kind, payment, account, plan)
    return WishFacts(
        payment=payment,
        order=order,
        shop=shop,
        account=account,
        kind=kind,
        availability=availability,
        plan=plan,
        reasons=_reasons(tx, shop.id),
        doubtful=_doubtful(tx, payment.id),
        failed=failed,
        newest=newest,
        last_refund_at=_last_refund_at(tx, payment.id),
        now=runtime.current().clock.now(tx),
        open_lines=_open_lines(tx, payment, kind) if availability.partial else (),
    )


@dataclass(frozen=True, slots=True)
class Made:
    """What a form has made: its first operation, and the wish where it has several steps."""

    operation_id: uuid.UUID
    several_of: uuid.UUID | None


def find_by_request(tx: Tx, request_id: uuid.UUID, payment_id: uuid.UUID) -> Made | None:
    """What this form made already (R16); None when it made nothing."""
    mine = Operation.request_id == request_id, Operation.payment_id == payment_id
    found = tx.execute(select(Operation.id, Operation.wish_id).where(*mine)).one_or_none()
    if found is None:
        return None
    of_wish = Operation.payment_id == payment_id, Operation.wish_id == found.wish_id
    steps = tx.scalar(select(func.count()).select_from(Operation).where(*of_wish)) or 0
    return Made(found.id, found.wish_id if steps > 1 else None)


def _availability(kind: WishKind, payment: Payment, account: ProviderAccount, plan: Plan) -> Availability:
    """The provider's word; for cancel or refund what its steps come to."""
    capabilities = runtime.current().providers.capabilities(account.provider)
    facts = facts_of(payment)
    if kind is not WishKind.CANCEL_OR_REFUND:
        return capabilities.availability(OperationKind(kind.value), facts, account.settings)
    if not plan.steps:
        return Availability(possible=False, why_not=plan.why_not)
    found = [capabilities.availability(one, facts, account.settings) for one in {step.kind for step in plan.steps}]
    return Availability(possible=True, needs_bank_details=any(one.needs_bank_details for one in found))


def _open_lines(tx: Tx, payment: Payment, kind: WishKind) -> Sequence[OrderLine]:
    """What the last read showed, less what operations under way are about; none where one does not say."""
    read = {WishKind.CAPTURE: payment.open_lines, WishKind.REFUND: payment.refundable_lines}.get(kind)
    if not read:
        return ()
    under_way = select(Operation.lines).where(
        Operation.payment_id == payment.id,
        Operation.kind == OperationKind(kind.value),
        Operation.state.in_(NOT_TERMINAL),
    )
    left: Sequence[OrderLine] | None = kept_lines.load(read)
    for promised in tx.scalars(under_way):
        left = less(left, kept_lines.load(promised)) if left and promised else None
    return left or ()


def _reasons(tx: Tx, shop_id: uuid.UUID) -> Sequence[RefundReason]:
    kept = RefundReason.shop_id == shop_id, RefundReason.retired_at.is_(None)
    return tx.scalars(select(RefundReason).where(*kept).order_by(RefundReason.position, RefundReason.code)).all()


def _doubtful(tx: Tx, payment_id: uuid.UUID) -> Operation | None:
    """`unknown` before `review`: the form is closed for the first only."""
    unclear = Operation.state.in_([OperationState.UNKNOWN, OperationState.REVIEW])
    found = select(Operation).where(Operation.payment_id == payment_id, unclear)
    return tx.scalars(found.order_by(Operation.state.desc(), Operation.created_at).limit(1)).one_or_none()


def _newest(tx: Tx, payment_id: uuid.UUID, kind: WishKind) -> tuple[Operation, str | None] | None:
    kinds = list(OperationKind) if kind is WishKind.CANCEL_OR_REFUND else [OperationKind(kind.value)]
    row = tx.execute(
        select(Operation, func.coalesce(User.name, ApiKey.name))
        .outerjoin(User, User.id == Operation.requested_by)
        .outerjoin(ApiKey, ApiKey.id == Operation.api_key_id)
        .where(Operation.payment_id == payment_id, Operation.kind.in_(kinds))
        .order_by(Operation.created_at.desc(), Operation.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _last_refund_at(tx: Tx, payment_id: uuid.UUID) -> datetime | None:
    when = func.max(func.coalesce(LedgerMovement.occurred_at, LedgerMovement.booked_at))
    booked = LedgerMovement.payment_id == payment_id, LedgerMovement.kind == MovementKind.REFUND
    found: datetime | None = tx.scalar(select(when).where(*booked))
    return found
