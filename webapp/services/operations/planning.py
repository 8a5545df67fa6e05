"""Wishes of one or several steps (R6): planned by the provider's capabilities, filed in one transaction.

Where a wish is for everything that is left, or for a new total, its steps are planned again when they are claimed,
from the payment as just fetched; the amounts of a wish for a part stay as they were asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from providers.kinds import NotOffered, OperationKind
from providers.planning import Plan, Step, WishKind
from providers.port import PaymentFacts
from providers.usual_plan import KIND_OF
from webapp.domain.operations import TERMINAL, OperationState, reserved_as
from webapp.domain.wishes import Aim, aim_of_step, is_fulfilled, left_for, level_of, still_to_do
from webapp.models import Attempt, Operation, Payment, ProviderAccount
from webapp.models.base import new_id
from webapp.services import audit, runtime
from webapp.services.accounts import Account
from webapp.services.audit import SYSTEM, Actor
from webapp.services.errors import AvailableChanged, NotAvailable, NotEnough, NotFound, RuleBroken
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations.asking import Asking, check_means, check_total, check_words
from webapp.services.operations.claiming import Claim, aim_of
from webapp.services.operations.filing import (
    Place,
    facts_of,
    file_step,
    locked,
    new_row,
    record_filed,
    refuse_when_disk_is_full,
)
from webapp.services.operations.foreseeing import foresee, is_offered
from webapp.services.operations.outcomes import locked_payment
from webapp.services.operations.promises import unpromised
from webapp.services.operations.reservations import release, reserve
from webapp.services.unit_of_work import Tx, in_transaction

_ONE_WAY = frozenset({WishKind.UPDATE, WishKind.CANCEL_OR_REFUND})  # always, or never, with an amount
GIVES_BACK = frozenset({WishKind.REFUND, WishKind.CANCEL_OR_REFUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWish(Asking):
    """What somebody wants of a payment; `amount_minor` is None for everything, for an update it is the new total."""

    kind: WishKind


@dataclass(frozen=True, slots=True)
class Filed:
    """The operations of a wish in their order; none where the payment is already as wished, and then `why_not`."""

    wish_id: uuid.UUID | None
    operation_ids: Sequence[uuid.UUID] = ()
    why_not: NotOffered | None = None


class NotCovered(Exception):
    """Others hold what a step that was planned again would need; it waits for them."""


@dataclass(frozen=True, slots=True)
class Replanned:
    """A claimed step, planned again: its aim and the steps that nobody filed yet; no aim: `why_not` ends it.

    `is_fulfilled`: it ends as a success without a call, because the payment is already where the wish wants it.
    """

    aim: Aim | None
    more: Sequence[Aim] = ()
    why_not: NotOffered | None = None
    is_fulfilled: bool = False


def file_wish(wish: PlannedWish) -> Filed:
    """Plan the wish from the payment as last read, and record its operations in one transaction.

    The same request id answers the first ones again (R16). Raises what `filing.file_operation` raises.
    """
    refuse_when_disk_is_full()
    try:
        filed = in_transaction(lambda tx: file_wish_within(tx, wish))
    except IntegrityError as refusal:
        if "request_id" not in str(refusal.orig):
            raise
        raise RuleBroken("request_id_taken") from refusal
    reached(KillPoint.AFTER_CREATE_COMMIT)
    return filed


def file_wish_within(tx: Tx, wish: PlannedWish) -> Filed:
    """What `file_wish` does, in the caller's transaction, except for the disk.

    ValueError for a part of cancel-or-refund, and for an update without its total.
    """
    if (wish.amount_minor is None) is (wish.kind is WishKind.UPDATE) and wish.kind in _ONE_WAY:
        raise ValueError(f"{wish.kind.value} with amount {wish.amount_minor}")
    payment, account, shop = locked(tx, wish)
    seen = _seen_before(tx, wish)
    if seen is not None:
        return seen
    facts, plan = _checked_plan(tx, wish, payment, account)
    if not plan.steps:
        return _as_wished(tx, wish, payment, plan)
    place = Place(new_id(), wish.request_id, 0, wish.kind, is_whole=wish.amount_minor is None)
    made = []
    for number, step in enumerate(plan.steps):
        here = replace(place, step=number, request_id=request_of(wish.request_id, number))
        asked = wish if step.kind is OperationKind.REFUND else replace(wish, bank_details=None)
        made.append(file_step(tx, asked, payment, shop, aim_of_step(step, facts, wish.amount_minor), here))
    reached(KillPoint.BEFORE_CREATE_COMMIT)
    return Filed(place.wish_id, tuple(made))


def request_of(request_id: uuid.UUID, step: int) -> uuid.UUID:
    """The request id of a later step: the form's own for the first, and always the same one for each other."""
    return request_id if step == 0 else uuid.uuid5(request_id, f"step {step}")


def _seen_before(tx: Tx, wish: PlannedWish) -> Filed | None:
    first = tx.scalars(select(Operation).where(Operation.request_id == wish.request_id)).one_or_none()
    if first is None:
        return None
    if (first.payment_id, first.wish_kind) != (wish.payment_id, wish.kind):
        raise RuleBroken("request_id_taken")
    return Filed(first.wish_id, tuple(tx.scalars(_steps(first).with_only_columns(Operation.id))))


def plan_of(tx: Tx, wish: PlannedWish) -> Plan:
    """What filing the wish would make of the payment as last read; nothing is written. Raises as filing does.

    Without steps the payment is already as wished, and `why_not` says why.
    """
    query = select(Payment, ProviderAccount).join(ProviderAccount, ProviderAccount.id == Payment.account_id)
    found = tx.execute(query.where(Payment.id == wish.payment_id, Payment.shop_id == wish.shop_id)).one_or_none()
    if found is None:
        raise NotFound(f"payment {wish.payment_id}")
    return _checked_plan(tx, wish, *found)[1]


def _checked_plan(tx: Tx, wish: PlannedWish, payment: Payment, account: ProviderAccount) -> tuple[PaymentFacts, Plan]:
    if payment.frozen_at is not None:
        raise RuleBroken("frozen", why=payment.frozen_reason)
    facts, plan = foresee(wish.kind, wish.amount_minor, payment, account)
    if plan.steps or is_offered(wish.kind, payment, account):
        _check_shown(wish, facts, payment)
    if plan.steps:
        _check(tx, wish, payment, account, plan.steps, facts)
    elif not is_fulfilled(wish.kind, facts_of(payment), wish.amount_minor):
        raise NotAvailable(plan.why_not or NotOffered.NOTHING_LEFT)
    return facts, plan


def _check_shown(wish: PlannedWish, facts: PaymentFacts, payment: Payment) -> None:
    """The form showed the sum that could move, for an update the total (R16); more than that cannot be asked."""
    held, kept = left_for(OperationKind.CANCEL, facts), left_for(OperationKind.REFUND, facts)
    available = {WishKind.UPDATE: level_of(facts), WishKind.REFUND: kept, WishKind.CANCEL_OR_REFUND: held + kept}
    available_minor = max(0, available.get(wish.kind, held))
    if wish.expected_available_minor not in (None, available_minor):
        raise AvailableChanged(available_minor, facts.currency)
    if wish.amount_minor is None:
        return
    if wish.kind is WishKind.UPDATE:
        check_total(wish.amount_minor, payment)
    elif not 1 <= wish.amount_minor <= available_minor:
        raise NotEnough(available_minor, facts.currency)


def _as_wished(tx: Tx, wish: PlannedWish, payment: Payment, plan: Plan) -> Filed:
    why = plan.why_not or NotOffered.NOTHING_LEFT
    details = {"wish": wish.kind.value, "why": why.value}
    at, subject = runtime.current().clock.now(tx), ("payment", payment.id)
    audit.write(tx, wish.actor, "payment.as_wished", subject, shop_id=payment.shop_id, details=details, at=at)
    return Filed(None, why_not=why)


def _check(
    tx: Tx, wish: PlannedWish, payment: Payment, account: ProviderAccount, steps: Sequence[Step], facts: PaymentFacts
) -> None:
    """Whether the provider can do it; `facts` are those that it was planned from."""
    capabilities = runtime.current().providers.capabilities(account.provider)
    moved = sum(step.amount_minor for step in steps)
    total = wish.amount_minor if wish.kind is WishKind.UPDATE and wish.amount_minor is not None else moved
    is_whole = _whole(wish, moved, facts)
    for kind in {step.kind for step in steps}:
        available = capabilities.availability(kind, facts_of(payment), account.settings)
        if not available.possible:
            raise NotAvailable(available.why_not or NotOffered.NOT_SUPPORTED)
        if not is_whole and not available.partial:
            raise NotAvailable(available.why_not_partial or NotOffered.PART_NOT_SUPPORTED)
        needs_lines = available.needs_lines and (wish.kind is WishKind.UPDATE or not is_whole)
        check_means(wish, replace(available, needs_lines=needs_lines), total)
    if wish.lines and len(steps) > 1:
        raise NotAvailable(NotOffered.LINES_DO_NOT_SUM)  # which lines belong to which step is not known
    check_words(tx, wish, needs_reason=wish.kind in GIVES_BACK and any(s.kind is OperationKind.REFUND for s in steps))


def _whole(wish: PlannedWish, moved: int, facts: PaymentFacts) -> bool:
    if wish.amount_minor is None or wish.kind is WishKind.UPDATE:
        return True
    return moved == left_for(KIND_OF[wish.kind], facts)


def _steps(operation: Operation) -> Select[Operation]:
    of_wish = Operation.payment_id == operation.payment_id, Operation.wish_id == operation.wish_id
    return select(Operation).where(*of_wish).order_by(Operation.step)


def is_planned_again(operation: Operation) -> bool:
    """Whether a claim must fetch the payment and plan the step anew, unless an attempt has fixed it."""
    if operation.wish_kind is None or operation.first_sent_at is not None:
        return False
    return operation.wish_is_whole or operation.wish_kind is WishKind.UPDATE


def plan_again(tx: Tx, operation: Operation, payment: Payment, account: Account) -> Replanned | None:
    """The step as the fetched payment wants it; None where it stays as it is. The payment is locked and fresh."""
    tried = select(Attempt.id).where(Attempt.operation_id == operation.id).limit(1)
    if not is_planned_again(operation) or tx.scalar(tried) is not None:
        return None
    wish = operation.wish_kind
    assert wish is not None  # noqa: S101 - is_planned_again saw to it
    steps_of_wish = tx.scalars(_steps(operation)).all()
    others = [one for one in steps_of_wish if one.id != operation.id]
    own = [one for one in steps_of_wish if one.state not in TERMINAL]
    facts, target = unpromised(wish, payment, own), operation.new_total_minor
    plan = account.capabilities.plan(wish, target, facts, account.settings)
    failed = {(one.kind, one.against) for one in others if one.state in TERMINAL - {OperationState.SUCCEEDED}}
    steps = still_to_do(plan.steps, failed)
    if not steps:
        done = not plan.steps and is_fulfilled(wish, facts_of(payment), target)
        return Replanned(None, why_not=plan.why_not or NotOffered.NOTHING_LEFT, is_fulfilled=done)
    aims = [aim_of_step(step, facts, target) for step in steps]
    return Replanned(aims[0], aims[len(own) :])


def take_aim(tx: Tx, claim: Claim, now: datetime) -> dict[str, Any]:
    """What changes on the row of a step that was planned again; its reservation moves with it (R6).

    Called in the transaction that commits its first attempt. Raises NotCovered where others hold the money.
    """
    aim, operation = claim.aim, claim.operation
    if aim is None or (aim == aim_of(operation) and not claim.more):
        return {}
    payment = locked_payment(tx, operation.payment_id)
    before, after = aim_of(operation), reserved_as(aim.kind, raises=aim.raises)
    held_as = reserved_as(before.kind, raises=before.raises)
    if held_as is not None:
        release(tx, payment.id, held_as, before.amount_minor)
    if after is not None and not reserve(tx, payment.id, after, aim.amount_minor):
        raise NotCovered(str(operation.id))
    _file_more(tx, operation, payment, claim.more, now)
    if aim != before:
        details = {"kind": aim.kind.value, "amount_minor": aim.amount_minor, "currency": operation.currency}
        subject = ("operation", operation.id)
        audit.write(tx, SYSTEM, "operation.replanned", subject, shop_id=operation.shop_id, details=details, at=now)
    return asdict(aim)


def _file_more(tx: Tx, operation: Operation, payment: Payment, aims: Sequence[Aim], now: datetime) -> None:
    """Record the steps that nobody thought of when the wish was filed; each waits for those before it.

    One that cannot be reserved any more is left out: the payment has moved on.
    """
    last = max(tx.scalars(_steps(operation).with_only_columns(Operation.step)))
    first = tx.scalars(_steps(operation).limit(1)).one()
    for number, aim in enumerate(aims, last + 1):
        if not reserve(tx, payment.id, aim.kind, aim.amount_minor):
            continue
        request_id = request_of(first.request_id, number)
        place = Place(operation.wish_id, request_id, number, operation.wish_kind, is_whole=operation.wish_is_whole)
        row = {
            **new_row(payment, aim, place, now),
            "reason_id": operation.reason_id,
            "comment": operation.comment,
            "requested_by": operation.requested_by,
            "requested_via": operation.requested_via,
            "api_key_id": operation.api_key_id,
            "client_key": operation.client_key,
            "status_change_id": operation.status_change_id,
            "due_at": now,
        }
        record_filed(tx, row, Actor(operation.requested_by, operation.requested_via), operation.comment or "")
