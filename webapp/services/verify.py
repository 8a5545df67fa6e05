"""The verifier: what must hold for every payment, ledger and audit entry, checked over the whole database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from providers.kinds import MovementKind, OperationKind
from webapp.domain.operations import NOT_TERMINAL
from webapp.models import LedgerMovement, Operation, Payment
from webapp.services import audit
from webapp.services.unit_of_work import Tx, reading

WHOLE = "whole"
_NAMED = 50
_SHOWN = 50  # lines of a report
_OF_AUDIT = "I17: "


def problems() -> Iterator[str]:
    """Everything that is wrong, in words that name the row; nothing when the books are whole."""
    with reading() as tx:
        yield from _over_limits(tx)
        yield from _sums_differ(tx)
        yield from _reservations_differ(tx)
        yield from _strange_operations(tx)
        yield from (f"{_OF_AUDIT}{each}" for each in audit.breaks(tx))


def report(found: Sequence[str]) -> str:
    """Problems in one text of at most 50 lines, in which each sort has its place; WHOLE when there are none."""
    of_audit = [line for line in found if line.startswith(_OF_AUDIT)]
    of_books = [line for line in found if not line.startswith(_OF_AUDIT)]
    shown = of_books[: _SHOWN - min(len(of_audit), _SHOWN // 2)]
    return "\n".join([*shown, *of_audit[: _SHOWN - len(shown)]]) or WHOLE


def is_about_audit(said: str) -> bool:
    """Whether a report names a break of the audit chain."""
    return any(line.startswith(_OF_AUDIT) for line in said.splitlines())


def is_about_books(said: str) -> bool:
    """Whether a report names anything else that is wrong."""
    return said != WHOLE and not all(line.startswith(_OF_AUDIT) for line in said.splitlines())


def _over_limits(tx: Tx) -> Iterator[str]:
    """I1, also where somebody removed the CHECK constraints."""
    taken = (
        Payment.captured_minor
        + Payment.cancelled_minor
        + Payment.capture_reserved_minor
        + Payment.cancel_reserved_minor
    )
    broken = or_(
        Payment.refunded_minor + Payment.refund_reserved_minor > Payment.captured_minor + Payment.excess_minor,
        taken > Payment.authorised_minor + Payment.excess_minor,
    )
    for payment_id in tx.scalars(select(Payment.id).where(broken).limit(_NAMED)):
        yield f"I1: payment {payment_id} has given back, taken or promised more than there is"


def _sum_of(*kinds: MovementKind) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((LedgerMovement.kind.in_(kinds), LedgerMovement.amount_minor), else_=0)), 0)


def _sums_differ(tx: Tx) -> Iterator[str]:
    """I9: the balances on the payment row equal the sums of its movements."""
    sums = (
        select(
            LedgerMovement.payment_id.label("payment_id"),
            _sum_of(MovementKind.AUTHORISE).label("authorised"),
            _sum_of(MovementKind.CAPTURE).label("captured"),
            _sum_of(MovementKind.CANCEL).label("cancelled"),
            (_sum_of(MovementKind.REFUND) - _sum_of(MovementKind.REFUND_REVERSED)).label("refunded"),
        )
        .group_by(LedgerMovement.payment_id)
        .subquery()
    )
    pairs = (
        ("authorised", Payment.authorised_minor, sums.c.authorised),
        ("captured", Payment.captured_minor, sums.c.captured),
        ("cancelled", Payment.cancelled_minor, sums.c.cancelled),
        ("refunded", Payment.refunded_minor, sums.c.refunded),
    )
    joined = select(Payment.id).outerjoin(sums, sums.c.payment_id == Payment.id)
    for name, balance, summed in pairs:
        for payment_id in tx.scalars(joined.where(balance != func.coalesce(summed, 0)).limit(_NAMED)):
            yield f"I9: the {name} sum of payment {payment_id} is not that of its movements"


def _reservations_differ(tx: Tx) -> Iterator[str]:
    """I3: what is reserved is what operations under way hold, no more and no less."""
    pairs = (
        (OperationKind.CAPTURE, Payment.capture_reserved_minor),
        (OperationKind.CANCEL, Payment.cancel_reserved_minor),
        (OperationKind.REFUND, Payment.refund_reserved_minor),
    )
    lowering = and_(Operation.kind == OperationKind.UPDATE, Operation.raises.is_(False))  # held like a release
    for kind, reserved in pairs:
        of_kind = Operation.kind == kind
        held = (
            select(func.coalesce(func.sum(Operation.amount_minor), 0))
            .where(Operation.payment_id == Payment.id)
            .where(or_(of_kind, lowering) if kind is OperationKind.CANCEL else of_kind)
            .where(Operation.state.in_(NOT_TERMINAL))
            .correlate(Payment)
            .scalar_subquery()
        )
        for payment_id in tx.scalars(select(Payment.id).where(reserved != held).limit(_NAMED)):
            yield f"I3: payment {payment_id} reserves another amount for its {kind.value}s than they hold"


def _strange_operations(tx: Tx) -> Iterator[str]:
    """I12: what is under way has a time at which somebody looks at it, or waits for people."""
    waiting = tuple(state for state in NOT_TERMINAL if state.value not in {"review", "awaiting_approval"})
    stuck = select(Operation.id).where(Operation.state.in_(waiting), Operation.due_at.is_(None))
    for operation_id in tx.scalars(stuck.limit(_NAMED)):
        yield f"I12: operation {operation_id} is under way, but nobody will look at it"
