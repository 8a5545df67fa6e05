"""The calls that carry out a wish, in their order, from a fresh read (section 10); pure."""

from __future__ import annotations

from collections.abc import Sequence

from providers.kinds import NotOffered, OperationKind
from providers.planning import Plan, Step, WishKind
from providers.svea import actions
from providers.svea.order import CANCELLED, Delivery, Order

KIND_OF = {
    WishKind.CAPTURE: OperationKind.CAPTURE,
    WishKind.CANCEL: OperationKind.CANCEL,
    WishKind.REFUND: OperationKind.REFUND,
    WishKind.UPDATE: OperationKind.UPDATE,
}
NOTHING = Plan((), NotOffered.NOTHING_LEFT)
NOT_NOW = Plan((), NotOffered.NOT_ALLOWED_NOW)


def steps(wish: WishKind, amount_minor: int | None, order: Order) -> Plan:
    """The plan for a wish that `availability` allows; `amount_minor` as in `Capabilities.plan`."""
    if wish is WishKind.CANCEL_OR_REFUND:
        return _everything(order)
    if wish is WishKind.UPDATE:
        return _update(amount_minor, order)
    if wish is WishKind.REFUND:
        return _give_back(order) if amount_minor in (None, order.left) else _give_back_part(amount_minor or 0, order)
    if wish is WishKind.CANCEL and amount_minor is None:
        release = _release(order)
        return Plan(release) if release else NOT_NOW if order.open else NOTHING
    kind, moved = KIND_OF[wish], order.open if amount_minor is None else amount_minor
    if not 0 < moved <= order.open:
        return NOTHING
    return Plan((Step(kind, moved),))


def cancel_gives_back(order: Order) -> bool:
    """Whether cancelling the order gives everything back: all is delivered, and not settled (card, Vipps).

    What it would do while a part is still open is unconfirmed, so it is not used then.
    """
    return bool(order.deliveries) and not order.open and actions.CANCEL_ORDER in order.actions


def releases_all_by_rows(order: Order) -> bool:
    """Whether every open row may be cancelled."""
    return bool(order.open_rows) and len(order.cancellable_rows) == len(order.open_rows)


def _everything(order: Order) -> Plan:
    """cancel-or-credit of section 10."""
    if order.status == CANCELLED or not (order.open or order.left):
        return NOTHING
    release = _release(order)
    if not order.deliveries:
        return Plan(release) if release else NOT_NOW
    given_back = _give_back(order).steps if order.left else ()
    found = (*release, *given_back)
    return Plan(found) if found else NOT_NOW


def _release(order: Order) -> tuple[Step, ...]:
    """What is not captured: rows where something was delivered, else the order, at last by the amount."""
    if not order.open:
        return ()
    if not order.deliveries and actions.CANCEL_ORDER in order.actions:
        return (Step(OperationKind.CANCEL, order.open),)
    if order.deliveries and order.cancellable_rows:
        rows = sum(row.total for row in order.cancellable_rows)
        moved = order.open if releases_all_by_rows(order) else min(rows, order.open)
        return (Step(OperationKind.CANCEL, moved),) if moved > 0 else ()
    if actions.CANCEL_AMOUNT in order.actions or releases_all_by_rows(order):
        return (Step(OperationKind.CANCEL, order.open),)
    return ()


def _give_back(order: Order) -> Plan:
    """All that is captured: by cancelling the order where that is possible, else per delivery (steps 3 to 6)."""
    if cancel_gives_back(order):
        return Plan((Step(OperationKind.REFUND, order.left),))
    found: list[Step] = []
    rest = order.left
    for delivery in order.deliveries:
        for moved in _whole(delivery):
            part = min(moved, rest)
            rest -= part
            if part:
                found.append(Step(OperationKind.REFUND, part, str(delivery.id)))
    if rest and actions.CANCEL_AMOUNT in order.actions:
        found.append(Step(OperationKind.REFUND, rest))
    return Plan(tuple(found)) if found else NOT_NOW


def _whole(delivery: Delivery) -> Sequence[int]:
    """The amounts of the calls that give back a delivery: one, or its rows and then what they leave."""
    if actions.CREDIT_AMOUNT in delivery.actions or not delivery.creditable_by_rows:
        return (delivery.left,) if delivery.takes_amounts else ()
    rows = delivery.creditable_by_rows
    rest = delivery.left - rows
    return (rows, rest) if rest and delivery.takes_amounts else (rows,)


def _give_back_part(amount: int, order: Order) -> Plan:
    """A part of it, from the oldest delivery on; what no delivery takes is cancelled on the order."""
    if not 0 < amount <= order.left:
        return NOTHING
    found: list[Step] = []
    rest = amount
    for delivery in order.deliveries:
        by_lines = sum(row.total for row in delivery.creditable_rows)
        part = min(rest, delivery.left if delivery.takes_amounts else min(by_lines, delivery.left))
        if part > 0:
            found.append(Step(OperationKind.REFUND, part, str(delivery.id)))
            rest -= part
    if rest and actions.CANCEL_AMOUNT in order.actions:
        found.append(Step(OperationKind.REFUND, rest))
        rest = 0
    return NOT_NOW if rest else Plan(tuple(found))


def _update(new_total: int | None, order: Order) -> Plan:
    current = order.open
    if new_total is None or new_total == current:
        return NOTHING
    if new_total > current and actions.UPDATE_ROWS not in order.actions:
        return Plan((), NotOffered.CANNOT_RAISE)
    return Plan((Step(OperationKind.UPDATE, abs(new_total - current)),))
