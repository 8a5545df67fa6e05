"""Steps of a wish, planned again when they are claimed, from the payment as just fetched (R6).

That is so for wishes for everything that is left, and for new totals; the amounts of a wish for a part stay as they
were asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from providers.kinds import NotOffered
from providers.planning import WishKind
from webapp.domain.operations import TERMINAL, OperationState, reserved_as
from webapp.domain.wishes import Aim, aim_of_step, is_fulfilled, still_to_do
from webapp.models import Attempt, Operation, Payment
from webapp.services import audit
from webapp.services.accounts import Account
from webapp.services.audit import SYSTEM, Actor
from webapp.services.operations.claiming import Claim, aim_of
from webapp.services.operations.filing import Place, facts_of, new_row, record_filed
from webapp.services.operations.outcomes import locked_payment
from webapp.services.operations.planning import request_of, steps_of
from webapp.services.operations.promises import unpromised
from webapp.services.operations.reservations import release, reserve
from webapp.services.unit_of_work import Tx


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
    steps_of_wish = tx.scalars(steps_of(operation)).all()
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
    last = max(tx.scalars(steps_of(operation).with_only_columns(Operation.step)))
    first = tx.scalars(steps_of(operation).limit(1)).one()
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
