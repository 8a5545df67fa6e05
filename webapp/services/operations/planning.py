"""Wishes of one or several steps (R6): planned by the provider's capabilities, filed in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import IntegrityError

from providers.kinds import NotOffered, OperationKind
from providers.planning import Plan, Step, WishKind
from providers.port import PaymentFacts
from providers.usual_plan import KIND_OF
from webapp.domain.wishes import aim_of_step, is_fulfilled, left_for, level_of
from webapp.models import Operation, Payment, ProviderAccount
from webapp.models.base import new_id, table_of
from webapp.services import audit, runtime
from webapp.services.errors import AvailableChanged, NotAvailable, NotEnough, NotFound, RuleBroken
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations.asking import Asking, check_means, check_total, check_words
from webapp.services.operations.filing import (
    Held,
    Place,
    facts_of,
    file_step,
    locked,
    refuse_when_disk_is_full,
)
from webapp.services.operations.foreseeing import foresee, is_offered
from webapp.services.unit_of_work import Tx, in_transaction, run_built

_OPERATIONS = table_of(Operation)
_SEEN = select(_OPERATIONS.c.payment_id, _OPERATIONS.c.wish_kind, _OPERATIONS.c.wish_id).where(
    _OPERATIONS.c.request_id == bindparam("of_request")
)
_MADE = (
    select(_OPERATIONS.c.id, _OPERATIONS.c.kind, _OPERATIONS.c.amount_minor)
    .where(_OPERATIONS.c.payment_id == bindparam("of_payment"), _OPERATIONS.c.wish_id == bindparam("of_wish"))
    .order_by(_OPERATIONS.c.step)
)
"""Built once: jobs file thousands of wishes in short transactions (R21)."""
_ONE_WAY = frozenset({WishKind.UPDATE, WishKind.CANCEL_OR_REFUND})  # always, or never, with an amount
GIVES_BACK = frozenset({WishKind.REFUND, WishKind.CANCEL_OR_REFUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWish(Asking):
    """What somebody wants of a payment; `amount_minor` is None for everything, for an update it is the new total.

    A wish for everything is planned again when it is claimed (replanning.py). Not so `as_found`: its amounts stay
    those of the last read, and what has become impossible is for the provider to refuse, so that it is told as such.
    """

    kind: WishKind
    as_found: bool = False


@dataclass(frozen=True, slots=True)
class Filed:
    """The operations of a wish in their order; none where the payment is already as wished, and then `why_not`.

    `kind` is that of the first, `amount_minor` what they come to together as they are filed.
    """

    wish_id: uuid.UUID | None
    operation_ids: Sequence[uuid.UUID] = ()
    kind: OperationKind | None = None
    amount_minor: int = 0
    why_not: NotOffered | None = None


def file_wish(wish: PlannedWish) -> Filed:
    """Plan the wish from the payment as last read, and record its operations in one transaction.

    The same request id answers the first ones again (R16). Raises NotFound, NotAvailable, NotEnough, TooLow,
    AvailableChanged, or RuleBroken with the code `disk_full`, `frozen`, `comment_missing`, `comment_too_long`,
    `reason_missing`, `bank_details_missing` or `request_id_taken`; nothing is written then.
    """
    refuse_when_disk_is_full()
    try:
        filed = in_transaction(lambda tx: file_wish_within(tx, wish))
    except IntegrityError as refusal:
        if "request_id" not in str(refusal.orig):
            raise
        raise RuleBroken("request_id_taken") from refusal  # two forms with one id, for two payments at once
    reached(KillPoint.AFTER_CREATE_COMMIT)
    return filed


def file_wish_within(tx: Tx, wish: PlannedWish, held: Held | None = None) -> Filed:
    """What `file_wish` does, in the caller's transaction, except for the disk. `held`: who has the payment already.

    ValueError for a part of cancel-or-refund, and for an update without its total.
    """
    if (wish.amount_minor is None) is (wish.kind is WishKind.UPDATE) and wish.kind in _ONE_WAY:
        raise ValueError(f"{wish.kind.value} with amount {wish.amount_minor}")
    held = held or locked(tx, wish)  # first: two copies of one form meet here
    seen = _seen_before(tx, wish)
    if seen is not None:
        return seen
    facts, plan = _checked_plan(tx, wish, held.payment, held.account)
    if not plan.steps:
        return _as_wished(tx, wish, held, plan)
    is_whole = wish.amount_minor is None and not wish.as_found
    place = Place(new_id(), wish.request_id, 0, wish.kind, is_whole=is_whole)
    made = []
    for number, step in enumerate(plan.steps):
        here = replace(place, step=number, request_id=request_of(wish.request_id, number))
        asked = wish if step.kind is OperationKind.REFUND else replace(wish, bank_details=None)
        made.append(file_step(tx, asked, held, aim_of_step(step, facts, wish.amount_minor), here))
    reached(KillPoint.BEFORE_CREATE_COMMIT)
    return Filed(place.wish_id, tuple(made), plan.steps[0].kind, sum(step.amount_minor for step in plan.steps))


def request_of(request_id: uuid.UUID, step: int) -> uuid.UUID:
    """The request id of a later step: the form's own for the first, and always the same one for each other."""
    return request_id if step == 0 else uuid.uuid5(request_id, f"step {step}")


def _seen_before(tx: Tx, wish: PlannedWish) -> Filed | None:
    first = run_built(tx, _SEEN, {"of_request": wish.request_id}).one_or_none()
    if first is None:
        return None
    if (first.payment_id, first.wish_kind) != (wish.payment_id, wish.kind):
        raise RuleBroken("request_id_taken")
    made = run_built(tx, _MADE, {"of_payment": first.payment_id, "of_wish": first.wish_id}).all()
    amount_minor = sum(row.amount_minor for row in made)
    return Filed(first.wish_id, tuple(row.id for row in made), made[0].kind, amount_minor)


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


def _as_wished(tx: Tx, wish: PlannedWish, held: Held, plan: Plan) -> Filed:
    why = plan.why_not or NotOffered.NOTHING_LEFT
    details = {"wish": wish.kind.value, "why": why.value}
    shop_id, subject = held.shop.id, ("payment", held.payment.id)
    audit.write(tx, wish.actor, "payment.as_wished", subject, shop_id=shop_id, details=details, at=held.at)
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


def steps_of(operation: Operation) -> Select[Operation]:
    """All operations of an operation's wish, in their order."""
    of_wish = Operation.payment_id == operation.payment_id, Operation.wish_id == operation.wish_id
    return select(Operation).where(*of_wish).order_by(Operation.step)
