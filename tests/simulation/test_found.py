"""What the simulation found in the engine, each as the shortest story that shows it."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from providers.emulator.records import Cause
from providers.kinds import OperationKind, ResolutionClass
from providers.sandbox.troubles import Trouble
from tests.simulation.bench import Bench, open_bench
from webapp.domain.operations import OperationState
from webapp.services.payments.reading import read_payment

S = OperationState
C1, C2 = ResolutionClass.KEY_AND_LOOK_UP, ResolutionClass.LOOK_UP_ONLY


def in_state(bench: Bench, trouble: Trouble, amount_minor: int, state: OperationState) -> object:
    """An operation of that amount, sent into that trouble."""
    operation_id = bench.ask(amount_minor)
    bench.bank.troubles.writes_next.append(trouble)
    assert bench.run(operation_id).state is state
    return operation_id


@pytest.mark.parametrize("waiting_minor", [100, 300])
def test_a_queued_operation_takes_no_movement_from_the_one_that_was_sent(waiting_minor: int) -> None:
    """I2: the movement would be adopted, or kept, for the waiting one, and the other sent a second time."""
    with open_bench(C2) as bench:
        in_state(bench, Trouble.RATE_LIMITED, waiting_minor, S.QUEUED)
        sent = in_state(bench, Trouble.TIMEOUT_AFTER, 100, S.UNKNOWN)
        read_payment(bench.payment_id)
        assert bench.row(sent).state is S.SUCCEEDED
        assert bench.effects(sent) == 1


def test_a_movement_that_could_be_of_an_operation_in_review_is_nobodys() -> None:
    """I2: two wishes for one movement are as unclear as two movements for one wish."""
    with open_bench(C2) as bench:
        reviewed = in_state(bench, Trouble.TIMEOUT_BEFORE, 100, S.UNKNOWN)
        bench.change(reviewed, state=S.REVIEW, due_at=None)
        sent = in_state(bench, Trouble.TIMEOUT_AFTER, 100, S.UNKNOWN)
        read_payment(bench.payment_id)
        assert bench.row(sent).state is S.UNKNOWN
        assert bench.run(sent).state is S.REVIEW
        assert bench.effects(sent) == 1


def test_a_stale_read_does_not_make_one_candidate_out_of_two() -> None:
    """R26: a read that shows less than an earlier one is an old one, and settles nothing."""
    with open_bench(C2) as bench:
        sent = in_state(bench, Trouble.TIMEOUT_AFTER, 100, S.UNKNOWN)
        bench.later(20)
        bench.bank.ledger.refund(bench.reference, Cause("portal"), 100)
        read_payment(bench.payment_id)
        assert bench.row(sent).state is S.UNKNOWN
        bench.bank.troubles.reads_next.append(Trouble.STALE_READ)
        assert bench.run(sent).state is S.REVIEW


def test_what_happened_before_the_attempt_in_doubt_is_not_ours() -> None:
    """The first attempt was proven not applied; what came between it and the second belongs to somebody else."""
    with open_bench(C1, authorised=True) as bench:
        cancel = bench.ask(None, OperationKind.CANCEL)
        bench.bank.troubles.writes_next.append(Trouble.RATE_LIMITED)
        assert bench.run(cancel).state is S.QUEUED
        bench.bank.ledger.cancel(bench.reference, Cause("portal"))
        read_payment(bench.payment_id)
        assert bench.run(cancel).state is S.UNKNOWN
        while bench.row(cancel).state is S.UNKNOWN:
            bench.run(cancel)
        assert bench.row(cancel).state is S.REJECTED


def test_a_read_counts_from_when_it_began() -> None:
    """R26: a process held up with an old answer in its hands does not take it for a late one."""
    with open_bench(C2) as bench:
        sent = in_state(bench, Trouble.TIMEOUT_BEFORE, 100, S.UNKNOWN)
        bench.later(890)

        def held_up(_call: object) -> None:
            bench.world.time.seconds += 30

        with patch.object(bench.world.observing, "returning", held_up):
            assert bench.run(sent).absent_read_at is None


def test_an_operation_whose_payment_cannot_be_read_ends() -> None:
    """I12, R7: without a baseline nothing is sent; the tries are counted all the same."""
    with open_bench(C2) as bench:
        operation_id = bench.ask(100)
        bench.bank.troubles.reads_next.extend([Trouble.NOT_REACHED] * 9)
        for _try in range(9):
            assert bench.row(operation_id).state is S.QUEUED
            bench.run(operation_id)
        row = bench.row(operation_id)
        assert (row.state, row.provider_code) == (S.EXPIRED, "payment_not_read")
        reserved = bench.world.database.rows("select refund_reserved_minor from payments")
        assert reserved == [(0,)]
