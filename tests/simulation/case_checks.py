"""What must hold of comparisons and of the cases that they open (R28, ADR 19)."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.world import World

OF_READS = frozenset({"ours_missing", "movement_missing", "amount_differs", "currency_differs", "payment_gone"})
_CASES = "select id, payment_id, kind, state, facts from cases"
_PAYMENTS = """
select id, provider_ref, excess_minor, frozen_reason, order_id, currency,
 authorised_minor - cancelled_minor - refunded_minor
from payments order by created_at, id
"""
_NOT_COMPARED = """
select (select count(*) from cases where state = 'suspected')
 + (select count(*) from cases c join payments p on p.id = c.payment_id
    where c.state = 'open' and c.kind = 'excess' and p.excess_minor = 0)
 + (select count(*) from payments where compare_at is not null
    and (agreed_at is null or agreed_at < (select max(booked_at) from movements)))
"""
_OF_READS_LIVE = "select kind from cases where payment_id = ? and state = 'open'"
_EXTERNAL = """
select id, (select count(*) from movements m where m.payment_id = p.id and m.operation_id is null),
 (select count(*) from audit_entries a where a.subject_id = p.id and a.action = 'payment.external')
from payments p
"""


class CaseChecks:
    """Remembers the cases of the last step."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.forget()

    def forget(self) -> None:
        """A backup was restored: the past is another one."""
        self._before: dict[str, str] = {}

    def step(self) -> None:
        """A case that opens says what is so, and a closed one stays closed."""
        world = self._world
        for name, payment, kind, state, facts in world.database.rows(_CASES):
            before = self._before.get(name)
            if before == "closed" and state != "closed":
                world.say(f"R28: case {name} was closed and is {state}")
            if state == "open" != before:
                self._opened(payment, kind, json.loads(facts))
            self._before[name] = state

    def _opened(self, payment: str, kind: str, facts: Any) -> None:
        world = self._world
        ((reference, excess),) = world.database.rows(
            "select provider_ref, excess_minor from payments where id = ?", (payment,)
        )
        if kind in OF_READS and world.figures(reference) == facts.get("ours"):
            world.say(f"R28: the case {kind} of {reference} says that the sums differ, and they are the same")
        if kind == "excess" and facts["minor"] != excess:
            world.say(f"R28: the case excess of {reference} says {facts['minor']}, and it is {excess}")


def is_compared(world: World) -> bool:
    """Whether all that was booked has been compared since."""
    return not world.database.rows(_NOT_COMPARED)[0][0]


def has_case(world: World, payment_id: uuid.UUID) -> bool:
    """Whether a difference that the bank shows stands open, and has frozen the payment."""
    kinds = {kind for (kind,) in world.database.rows(_OF_READS_LIVE, (payment_id.hex,))}
    frozen = world.database.rows("select 1 from payments where id = ? and frozen_at is not null", (payment_id.hex,))
    return bool(kinds & OF_READS) and bool(frozen)


def check_cases(world: World) -> None:
    """At the end a case is open where something does not add up, and nowhere else; so it is with what is frozen."""
    open_ones: dict[str, set[str]] = {}
    for _name, payment, kind, state, _facts in world.database.rows(_CASES):
        if state != "closed":
            open_ones.setdefault(payment, set()).add(kind)
    for payment, reference, excess, frozen, *_rest in world.database.rows(_PAYMENTS):
        found = open_ones.get(payment, set())
        if found & (OF_READS | {"hold_lapsed", "chargeback"}):
            world.say(f"R28: {reference} agrees with the bank and has the cases {sorted(found)}")
        if ("excess" in found) != (excess > 0) or frozen != ("excess" if excess else None):
            world.say(f"R28: {reference} has {excess} too much, the cases {sorted(found)}, and is frozen for {frozen}")
    _check_totals(world, {payment for payment, kinds in open_ones.items() if "order_total" in kinds})
    for payment, movements, told in world.database.rows(_EXTERNAL):
        if movements != told:
            world.say(f"R28: {movements} movements of {payment} were made elsewhere, and {told} were told of")


def _check_totals(world: World, with_case: set[str]) -> None:
    """Whoever holds money of an order that comes to more than it is worth; the newest payment has the case."""
    totals = dict(world.database.rows("select id, total_minor from orders"))
    holding: dict[str, list[tuple[str, int]]] = {}
    for payment, _reference, _excess, _frozen, order, _currency, with_us in world.database.rows(_PAYMENTS):
        if with_us > 0:
            holding.setdefault(order, []).append((payment, with_us))
    wanted = {held[-1][0] for order, held in holding.items() if sum(minor for _id, minor in held) > totals[order]}
    if wanted != with_case:
        world.say(f"R28: {sorted(wanted)} hold more than their order comes to, and cases have {sorted(with_case)}")
