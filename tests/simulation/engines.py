"""The wrong pieces that `mistakes.py` puts into the engine, each beside the right one's name."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from providers.kinds import MovementKind, OperationKind, Outcome
from providers.port import MoneyRequest, Reply
from providers.snapshots import PaymentSnapshot
from tests.simulation.world import World
from webapp.domain.operations import LEASE, OperationState, state_after
from webapp.domain.totals import Books, Derived, Totals, derive
from webapp.models import Operation, Payment
from webapp.services import accounts, runtime
from webapp.services.operations import filing, looking_up, planning, recording, sending
from webapp.services.operations.claiming import Claim
from webapp.services.operations.filing import Held
from webapp.services.operations.leases import Lease
from webapp.services.operations.outcomes import locked_operations, locked_payment
from webapp.services.operations.planning import Filed, PlannedWish
from webapp.services.operations.reservations import RESERVED_OF, release
from webapp.services.unit_of_work import Tx, in_transaction

_request = sending._request
_act = recording._act
_doubt = recording._doubt
_may_replay = looking_up._may_replay
_weigh_absence = looking_up._weigh_absence
_file, _file_wish = planning.file_wish_within, planning.file_wish


def no_stored_call(tx: Tx, operation: Operation) -> None:
    """As if no bytes of an earlier attempt were kept."""
    del tx, operation


def request_with_new_key(claim: Claim) -> MoneyRequest:
    """A key of its own for every attempt."""
    return replace(_request(claim), key=str(uuid.uuid4()))


def failing(when: Callable[[Reply], bool]) -> Callable[..., None]:
    """Takes some answers for a failure, whatever came before."""

    def act(answered: recording.Answered, state: OperationState) -> None:
        _act(answered, OperationState.REJECTED if when(answered.reply) else state)

    return act


def unfenced(name: str) -> Callable[..., Any]:
    """Works under whatever fence and lease the row has now."""
    module, _dot, function = name.rpartition(".")
    right = getattr(importlib.import_module(f"webapp.services.{module}"), function)

    def wrong(tx: Tx, claim: Claim, *rest: Any, **named: Any) -> Any:
        return right(tx, replace(claim, lease=_lease_as_in_row(tx, claim)), *rest, **named)

    return wrong


def _lease_as_in_row(tx: Tx, claim: Claim) -> Lease:
    query = select(Operation.fence, Operation.lease_until).where(Operation.id == claim.operation.id)
    fence, until = tx.execute(query).one()
    return Lease(claim.operation.id, fence, until or runtime.current().clock.now(tx) + LEASE)


def every_state(state: OperationState) -> frozenset[OperationState]:
    """Any state may follow on any other."""
    del state
    return frozenset(OperationState)


def record_over_anything(tx: Tx, claim: Claim, attempt_id: uuid.UUID, reply: Reply) -> None:
    """`recording._record` without a look at where the operation stands."""
    now = runtime.current().clock.now(tx)
    payment = locked_payment(tx, claim.operation.payment_id)
    operation = tx.get_one(Operation, claim.operation.id, populate_existing=True)
    claim = replace(claim, lease=Lease(operation.id, operation.fence, now))
    outcome = recording._checked_outcome(reply)
    answered = recording.Answered(tx, claim, payment, operation, locked_operations(tx, payment.id), reply, outcome, now)
    recording._close_attempt(answered, attempt_id)
    recording._act(answered, state_after(outcome, earlier_doubt=operation.in_doubt))


def send_again(claim: Claim) -> None:
    """In doubt, simply send once more."""
    sending.send(claim)


def weigh_without_settling(seen: looking_up.Seen) -> None:
    """Believes absence at once."""
    _weigh_absence(replace(seen, capabilities=replace(seen.capabilities, settle_s=0)))  # type: ignore[type-var]


def replay_for_ever(seen: looking_up.Seen) -> bool:
    """Believes that a key never ends."""
    return _may_replay(replace(seen, capabilities=replace(seen.capabilities, key_window_s=10**9)))  # type: ignore[type-var]


def send_before_commit(claim: Claim) -> None:
    """Calls first and writes down afterwards."""
    adapter = accounts.adapter(claim.account)
    call = sending._call(claim, adapter)
    if call is None:
        return
    early = sending.Sending(uuid.uuid4(), claim.lease, runtime.current().clock.monotonic())
    reply = sending._call_once(adapter, call, early)
    committed = sending._commit_attempt(claim, sending._attempt(claim, adapter, call))
    if committed is not None:
        recording.record(claim, committed.attempt_id, reply)


def release_on_doubt(answered: recording.Answered) -> None:
    """Gives the money free when nobody knows where it is."""
    _doubt(answered)
    operation = answered.operation
    release(answered.tx, operation.payment_id, operation.kind, operation.amount_minor)


def believing(outcome: Outcome, *, earlier_doubt: bool) -> OperationState:
    """Takes every refusal at its word."""
    if outcome is Outcome.ASK:
        return OperationState.REJECTED
    return state_after(outcome, earlier_doubt=earlier_doubt and outcome is not Outcome.REFUSED)


def no_recovery(world: World) -> tuple[tuple[str, object], ...]:
    """The restored backup goes on as if nothing had happened."""
    del world

    def enter(taken_at: datetime, actor: object) -> int:
        del taken_at, actor
        return 0

    return (("recovery.enter", enter),)


def read_then_reserve(world: World) -> tuple[tuple[str, object], ...]:
    """Reads what is there, thinks, and then writes what it thought."""
    seen: dict[uuid.UUID, Payment] = {}

    def file_wish(wish: PlannedWish) -> Filed:
        old = in_transaction(lambda tx: tx.get_one(Payment, wish.payment_id))
        world.scheduler.sleep(world.random.uniform(0.0, 5.0))
        seen[wish.request_id] = old
        return _file_wish(wish)

    def file(tx: Tx, wish: PlannedWish, held: Held | None = None) -> Filed:
        old = seen.get(wish.request_id)
        if old is None:
            return _file(tx, wish, held)

        def reserve(_tx: Tx, payment_id: uuid.UUID, kind: OperationKind, amount_minor: int) -> bool:
            column = RESERVED_OF[kind]
            reserved = getattr(old, column.key) + amount_minor
            tx.execute(update(Payment).where(Payment.id == payment_id).values({column: reserved}))
            return True

        filing.reserve = reserve
        try:
            return _file(tx, wish, replace(held or filing.locked(tx, wish), payment=old))
        finally:
            filing.reserve = right

    right = filing.reserve
    return (("operations.planning.file_wish", file_wish), ("operations.planning.file_wish_within", file))


def nothing_booked(known: Iterable[tuple[MovementKind, str]]) -> Totals:
    """Takes every total for all new."""
    del known
    return {}


def derive_believing(seen: PaymentSnapshot, books: Books, read_at: datetime) -> Derived:
    """Believes whatever level a read shows."""
    return derive(seen, replace(books, level_changed_at=None), read_at)
