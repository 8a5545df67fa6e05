"""Applying a fetched state: it ends what it proves, and moves nothing that is for people (R33, I13)."""

from __future__ import annotations

import uuid
from dataclasses import replace

from providers.kinds import MovementKind, RequestState, ResolutionClass
from providers.money import Money
from providers.port import BankDetails
from providers.sandbox.capabilities import SandboxCapabilities
from providers.snapshots import Movement, PaymentSnapshot
from tests.desk import Desk
from tests.factories import LONG_AGO
from webapp.domain.doubt import Verdict
from webapp.domain.operations import OperationState
from webapp.models import Operation
from webapp.services import accounts, runtime
from webapp.services.accounts import account_of
from webapp.services.operations.outcomes import locked_payment
from webapp.services.payments.applying import apply_snapshot
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import Tx, in_transaction

S = OperationState


def doubtful(desk: Desk) -> tuple[uuid.UUID, uuid.UUID]:
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    return payment, operation


def test_any_read_ends_an_operation_that_it_shows_done_R33(desk: Desk) -> None:
    """The read after a webhook is such a one (I13)."""
    payment, operation = doubtful(desk)
    fence = desk.operation(operation).fence
    read_payment(payment)
    row = desk.operation(operation)
    assert (row.state, row.fence > fence) == (S.SUCCEEDED, True)
    desk.assert_books_are_whole()


def test_what_waits_for_people_is_not_moved_by_a_read(desk: Desk) -> None:
    payment, operation = doubtful(desk)
    desk.change(Operation, operation, state=S.REVIEW, due_at=None)
    read_payment(payment)
    assert desk.operation(operation).state is S.REVIEW
    row = desk.row(payment)
    assert (row.refunded_minor, row.refund_reserved_minor) == (1100, 1100)
    desk.assert_books_are_whole()


def test_two_operations_in_one_read_each_find_their_own_movement_R25(desk: Desk) -> None:
    payment, first = doubtful(desk)
    second = desk.ask(payment, 1100)
    desk.change(Operation, first, state=S.QUEUED)
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    desk.run(second)
    read_payment(payment)
    assert {desk.operation(one).state for one in (first, second)} == {S.SUCCEEDED}
    assert desk.row(payment).refunded_minor == 2200
    desk.assert_books_are_whole()


def test_an_answer_after_a_read_that_settled_it_writes_nothing_I11_R33(desk: Desk) -> None:
    """Webhook before answer: the sender's own result comes second and is dropped."""
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    ended = desk.operation(operation)
    read_payment(payment)
    assert desk.operation(operation).fence == ended.fence
    assert len(desk.effects(payment)) == 1


def test_of_two_candidates_none_is_booked_while_the_answer_is_on_its_way_I9(desk: Desk) -> None:
    """No reference tells them apart; the answer will, or the look-up after the sender's lease."""
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    read = accounts.adapter(account_of(desk.account())).fetch_payment(desk.row(payment).provider_ref)
    refunds = [Movement(MovementKind.REFUND, name, Money(1100, "JPY")) for name in ("ours", "theirs")]
    seen = replace(read, movements=[*read.movements, *refunds], refunded=Money(2200, "JPY"))

    def take_in(tx: Tx) -> Verdict:
        able = SandboxCapabilities(ResolutionClass.LOOK_UP_ONLY)
        now = runtime.current().clock.now(tx)
        return (
            apply_snapshot(tx, locked_payment(tx, payment), seen, able, now, read_at=now).judgements[operation].verdict
        )

    desk.change(Operation, operation, state=S.SENDING)
    assert in_transaction(take_in) is Verdict.UNCLEAR
    assert desk.row(payment).refunded_minor == 0
    desk.change(Operation, operation, state=S.UNKNOWN)
    assert in_transaction(take_in) is Verdict.UNCLEAR
    assert desk.row(payment).refunded_minor == 2200
    assert desk.operation(operation).state is S.UNKNOWN


BANK = BankDetails("ﾔﾏﾀﾞ", "Mizuho", "0001", "Shibuya", "123", "normal", "0012345", include_payment_method_fee=False)


def requests_of(desk: Desk, count: int) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """A konbini payment with accepted refund requests of 1100 each."""
    payment = desk.payment(3300, method="konbini", state="captured")
    operations = [desk.ask(payment, 1100, bank_details=BANK) for _ in range(count)]
    for operation in operations:
        desk.run_now(operation)
    return payment, operations


def finished(desk: Desk, payment: uuid.UUID, *movement_ids: str) -> PaymentSnapshot:
    """All requests completed, with refunds of 1100 that carry no reference of ours."""
    account = account_of(desk.account())
    read = accounts.adapter(account).fetch_payment(desk.row(payment).provider_ref)
    refunds = [Movement(MovementKind.REFUND, name, Money(1100, "JPY")) for name in movement_ids]
    done = [replace(effect, state=RequestState.COMPLETED) for effect in read.pending]
    return replace(read, movements=[*read.movements, *refunds], pending=done)


def verdicts(desk: Desk, payment: uuid.UUID, snapshot: PaymentSnapshot) -> dict[uuid.UUID, Verdict]:
    """What each operation under way is judged."""
    able = account_of(desk.account()).capabilities

    def work(tx: Tx) -> dict[uuid.UUID, Verdict]:
        applied = apply_snapshot(tx, locked_payment(tx, payment), snapshot, able, LONG_AGO, read_at=LONG_AGO)
        return {operation_id: judgement.verdict for operation_id, judgement in applied.judgements.items()}

    return in_transaction(work)


def test_a_movement_that_could_be_that_of_one_in_review_is_nobodys_I2(desk: Desk) -> None:
    payment, (reviewed, pending) = requests_of(desk, 2)
    desk.change(Operation, reviewed, state=S.REVIEW, due_at=None)
    judged = verdicts(desk, payment, finished(desk, payment, "m1"))
    assert judged[pending] is Verdict.UNCLEAR
    assert desk.operation(pending).state is S.PENDING
    desk.assert_books_are_whole()


def test_a_stale_read_makes_no_candidate_certain_that_was_not_R26(desk: Desk) -> None:
    """A refund booked as foreign stays a candidate where a later, older read does not show it."""
    payment, (pending,) = requests_of(desk, 1)
    assert verdicts(desk, payment, finished(desk, payment, "m1", "m2"))[pending] is Verdict.UNCLEAR
    assert verdicts(desk, payment, finished(desk, payment, "m2"))[pending] is Verdict.UNCLEAR
    assert desk.operation(pending).state is S.PENDING
