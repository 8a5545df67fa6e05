"""What must hold when everything has come to rest: our books are the bank's."""

from __future__ import annotations

import uuid
from collections import Counter

from providers.kinds import ResolutionClass
from tests.simulation.actors import People
from tests.simulation.case_checks import check_cases
from tests.simulation.database import template
from tests.simulation.hook_checks import check_messages
from tests.simulation.job_checks import check_runs
from tests.simulation.mail_checks import check_mails
from tests.simulation.status_checks import check_fired
from tests.simulation.world import World
from webapp.domain.operations import STALE_READ
from webapp.services import runtime, verify
from webapp.services.cases import asking
from webapp.services.payments.reading import read_payment

VERIFIED = 0.25
"""Share of the histories that end with the desk's own verifier, audit chain included; it is slow."""

_OPERATIONS = """
select o.id, o.kind, o.state, o.amount_minor, p.provider_ref,
 o.wish_kind is not null and not exists (select 1 from attempts a where a.operation_id = o.id),
 (select count(*) from movements m where m.operation_id = o.id)
from operations o join payments p on p.id = o.payment_id
"""


def check_ending(world: World, people: People) -> None:
    """Read every payment once more, then compare; a level that changed is believed a minute later."""
    if world.weights.by_sums:
        world.time.seconds += STALE_READ.total_seconds() + 1
    with runtime.using(world.runtime("auditor")):
        payments = [uuid.UUID(payment_id) for (payment_id,) in world.database.rows("select id from payments")]
        for payment_id in payments:
            read_payment(payment_id)
        if world.weights.reconcile:  # what these reads have booked may be what a case was about
            asking.compare(template().shop_id, payments)
        if world.random.random() < VERIFIED:
            for problem in verify.problems():
                world.say(f"verifier: {problem}")
    check_messages(world)
    check_runs(world)
    if world.weights.mails is not None:
        check_mails(world)
    if world.weights.status_actions:
        check_fired(world)
    if world.weights.reconcile:
        check_cases(world)
    _one_answer_per_form(world, people)
    _books_are_equal(world)
    _each_operation_as_at_the_bank(world)


def _one_answer_per_form(world: World, people: People) -> None:
    for request_id, operations in people.answers.items():
        if len(operations) > 1 and not world.weights.restore:
            world.say(f"R16: form {request_id} made {len(operations)} operations")


def _books_are_equal(world: World) -> None:
    rows = world.database.rows(
        "select provider_ref, authorised_minor, captured_minor, cancelled_minor, refunded_minor from payments"
    )
    for reference, *ours in rows:
        payment = world.bank.ledger.get(reference)
        theirs = [payment.authorised_minor, payment.captured_minor, payment.cancelled_minor, payment.refunded_minor]
        if _shown(world, ours) != _shown(world, theirs):
            world.say(f"books: {reference} is {ours} here and {theirs} at the bank")


def _shown(world: World, sums: list[int]) -> list[int]:
    """A bank of sums shows only the difference of what was authorised and what was released."""
    return [sums[0] - sums[2], sums[1], sums[3]] if world.weights.by_sums else sums


def _each_operation_as_at_the_bank(world: World) -> None:
    """A succeeded operation has one effect, any other end none.

    Where the bank keeps no reference, a movement made in the portal, or that of another wish for the same sum, cannot
    be told from ours (R27): there the count of each sum must fit.
    """
    surplus: Counter[tuple[str, str, int]] = Counter()
    for operation, kind, state, minor, reference, needs_no_call, movements in world.database.rows(_OPERATIONS):
        effects = len(world.truth.of.get(operation, ()))
        if state not in {"succeeded", "rejected", "withdrawn", "expired", "review"}:
            world.say(f"I12: operation {operation} is still {state}")
        elif state == "succeeded" and needs_no_call and not movements:
            if effects:
                world.say(f"I3: operation {operation} ended without a call, but its money moved")
        elif state == "succeeded":
            _check_success(world, operation, kind, movements, effects)
            surplus[reference, kind, minor] += 1 - effects
        elif state == "review":
            surplus[reference, kind, minor] -= effects
    for foreign in world.truth.foreign:
        surplus[foreign.reference, foreign.kind, foreign.amount_minor] -= 1
    for (reference, kind, minor), missing in surplus.items():
        if missing > 0 and kind != "update" and not world.weights.restore:
            world.say(f"books: {missing} {kind} of {minor} on {reference} succeeded here, but not at the bank")


def _check_success(world: World, operation: str, kind: str, movements: int, effects: int) -> None:
    if movements != 1:
        world.say(f"I9: succeeded operation {operation} has {movements} movements")
    if effects != 1 and _by_reference(world, kind):
        world.say(f"I2: succeeded operation {operation} has {effects} effects")


def _by_reference(world: World, kind: str) -> bool:
    return world.weights.resolution is ResolutionClass.KEY_AND_LOOK_UP and kind == "refund"
