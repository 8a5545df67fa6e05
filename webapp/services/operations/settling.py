"""Settle what only people can: one proposes what they saw at the provider, a second confirms (section 3, `review`)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from providers.kinds import OperationKind
from providers.money import Money
from providers.snapshots import Movement
from webapp.domain.doubt import MOVEMENTS_OF, movement_of
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Permission, roles_with
from webapp.models import Grant, LedgerMovement, Operation, Payment, ProviderAccount, SettleAs, Settlement, User
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.operations.leases import Lease, move
from webapp.services.operations.outcomes import end, forget_calls, locked_payment, note
from webapp.services.payments.booking import book
from webapp.services.unit_of_work import Tx, in_transaction

MOST_EVIDENCE = 2000
ALONE_WAITS = timedelta(hours=24)
SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody with the right says became of an operation in `review`, and where they saw it."""

    actor: Actor
    operation_id: uuid.UUID
    shop_ids: Collection[uuid.UUID]
    settle_as: SettleAs
    provider_ref: str
    evidence: str


def propose(proposal: Proposal) -> uuid.UUID:
    """Record a proposal; it takes the place of an open one. Nothing moves yet.

    Raises NotFound, or RuleBroken `nothing_to_settle`, `reference_missing`, `evidence_missing`, `reference_taken`
    or `not_in_books`.
    """
    if not proposal.provider_ref.strip():
        raise RuleBroken("reference_missing")
    if not proposal.evidence.strip() or len(proposal.evidence) > MOST_EVIDENCE:
        raise RuleBroken("evidence_missing")
    return in_transaction(lambda tx: _propose(tx, proposal))


def confirm(operation_id: uuid.UUID, settlement_id: uuid.UUID, shop_ids: Collection[uuid.UUID], actor: Actor) -> None:
    """Carry out a proposal. The second person does it; alone in the shop, the first one after 24 hours.

    Raises NotFound, or RuleBroken `nothing_to_settle`, `proposal_changed`, `second_person`, `wait_24_hours`,
    `reference_taken` or `not_in_books`.
    """

    def work(tx: Tx) -> None:
        payment, operation = _locked(tx, operation_id, shop_ids)
        settlement = find_open(tx, operation_id)
        if settlement is None or settlement.id != settlement_id:
            raise RuleBroken("proposal_changed")
        now = runtime.current().clock.now(tx)
        _check_second(tx, settlement, operation.shop_id, actor, now)
        _close(tx, settlement.id, now, confirmed_by=actor.user_id)
        _carry_out(tx, payment, operation, settlement, actor, now)

    in_transaction(work)


def find_open(tx: Tx, operation_id: uuid.UUID) -> Settlement | None:
    """The proposal that waits for its second person."""
    waiting = Settlement.operation_id == operation_id, Settlement.closed_at.is_(None)
    return tx.scalars(select(Settlement).where(*waiting)).one_or_none()


def is_alone(tx: Tx, shop_id: uuid.UUID) -> bool:
    """Whether only one person who can sign in has the right to settle in this shop."""
    able = (
        select(func.count(func.distinct(User.id)))
        .join(Grant, Grant.user_id == User.id)
        .where(Grant.shop_id == shop_id, Grant.role.in_(roles_with(Permission.SETTLE_REVIEW)))
        .where(User.disabled_at.is_(None))
    )
    return tx.execute(able).scalar_one() <= 1


def _propose(tx: Tx, proposal: Proposal) -> uuid.UUID:
    payment, operation = _locked(tx, proposal.operation_id, proposal.shop_ids)
    if proposal.settle_as is SettleAs.DONE:
        _is_booked(tx, payment, operation, proposal.provider_ref.strip())
    now = runtime.current().clock.now(tx)
    earlier = find_open(tx, operation.id)
    if earlier is not None:
        _close(tx, earlier.id, now, confirmed_by=None)
    if proposal.actor.user_id is None:
        raise RuleBroken("second_person")
    settlement = Settlement(
        operation_id=operation.id,
        settle_as=proposal.settle_as,
        provider_ref=proposal.provider_ref.strip(),
        evidence=proposal.evidence.strip(),
        proposed_by=proposal.actor.user_id,
        proposed_at=now,
    )
    tx.add(settlement)
    tx.flush()
    details = {
        "settle_as": settlement.settle_as.value,
        "provider_ref": settlement.provider_ref,
        "evidence": audit.personal(settlement.evidence),
    }
    subject = ("operation", operation.id)
    action = "operation.settlement_proposed"
    audit.write(tx, proposal.actor, action, subject, shop_id=operation.shop_id, details=details, at=now)
    return settlement.id


def _locked(tx: Tx, operation_id: uuid.UUID, shop_ids: Collection[uuid.UUID]) -> tuple[Payment, Operation]:
    operation = tx.scalars(
        select(Operation).where(Operation.id == operation_id, Operation.shop_id.in_(shop_ids))
    ).one_or_none()
    if operation is None:
        raise NotFound(f"operation {operation_id}")
    payment = locked_payment(tx, operation.payment_id)
    tx.refresh(operation, with_for_update=True)
    if operation.state is not OperationState.REVIEW:
        raise RuleBroken("nothing_to_settle")
    return payment, operation


def _check_second(tx: Tx, settlement: Settlement, shop_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    if actor.user_id is not None and actor.user_id != settlement.proposed_by:
        return
    if actor.user_id is None or not is_alone(tx, shop_id):
        raise RuleBroken("second_person")
    if now - settlement.proposed_at < ALONE_WAITS:
        raise RuleBroken("wait_24_hours")


def _close(tx: Tx, settlement_id: uuid.UUID, now: datetime, *, confirmed_by: uuid.UUID | None) -> None:
    changes = {"closed_at": now, "confirmed_by": confirmed_by}
    tx.execute(update(Settlement).where(Settlement.id == settlement_id).values(changes))


def _carry_out(
    tx: Tx, payment: Payment, operation: Operation, settlement: Settlement, actor: Actor, now: datetime
) -> None:
    lease = Lease(operation.id, operation.fence, now)
    if settlement.settle_as is SettleAs.SEND_AGAIN:
        _send_again(tx, lease, operation, actor, now)
    elif settlement.settle_as is SettleAs.NOT_DONE:
        end(tx, lease, operation, OperationState.REJECTED, now, code=SETTLED, actor=actor)
    else:
        is_booked = _is_booked(tx, payment, operation, settlement.provider_ref)
        if not is_booked:
            asked = Money(operation.amount_minor, operation.currency)
            kind = movement_of(operation.kind, raises=operation.raises)
            movement = Movement(kind, settlement.provider_ref, asked, str(operation.id), now)
            book(tx, payment, [movement], {movement.id: operation}, now)
        end(
            tx,
            lease,
            operation,
            OperationState.SUCCEEDED,
            now,
            code=SETTLED,
            release_reservation=is_booked,
            actor=actor,
        )


def _is_booked(tx: Tx, payment: Payment, operation: Operation, provider_ref: str) -> bool:
    """Whether the movement stands in the ledger already, as one that was made outside of Paydesk.

    Only refunds that carry our reference have an id of the provider; other movements must have been read from it
    first, because their derived ids (I9) are nothing that people could know, and a sum would bring them again.
    """
    kinds = MOVEMENTS_OF[operation.kind]
    found = tx.execute(
        select(LedgerMovement.payment_id, LedgerMovement.operation_id)
        .where(LedgerMovement.account_id == payment.account_id, LedgerMovement.kind.in_(kinds))
        .where(LedgerMovement.provider_movement_id == provider_ref)
    ).one_or_none()
    if found is None:
        provider = tx.get_one(ProviderAccount, payment.account_id).provider
        keeps = runtime.current().providers.capabilities(provider).keeps_reference(operation.kind)
        if operation.kind is not OperationKind.REFUND or not keeps:
            raise RuleBroken("not_in_books")
        return False
    if found.payment_id != payment.id or found.operation_id is not None:
        raise RuleBroken("reference_taken")
    return True


def _send_again(tx: Tx, lease: Lease, operation: Operation, actor: Actor, now: datetime) -> None:
    """Back to `queued` with a new key: the old one may answer with what led here (R14)."""
    forget_calls(tx, operation.id)
    fresh = {"key": str(uuid.uuid4()), "first_sent_at": None, "tries": 0, "replays": 0, "fresh_send_used": True}
    settled = {"in_doubt": False, "doubt_since": None, "absent_read_at": None, "restored": False}
    settled |= {"refused_code": None, "state_forbids": False}
    move(tx, lease, OperationState.QUEUED, now, due_at=now, **fresh, **settled)
    wake_ups.for_operation(tx, operation.id, now)
    note(tx, operation, OperationState.QUEUED, now, code=SETTLED, actor=actor)
