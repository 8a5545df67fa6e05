"""I11: only the holder of the current fence writes; everybody else changes zero rows and stops."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Operation
from webapp.services.operations.leases import Lease, LeaseLost, keep, move
from webapp.services.unit_of_work import in_transaction

S = OperationState
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def operation(desk: Desk) -> uuid.UUID:
    """One in `sending` under fence 3."""
    made = desk.ask(desk.payment(3300), 1100)
    desk.change(Operation, made, state=S.SENDING, fence=3, lease_owner="w", lease_until=NOW)
    return made


def test_a_move_frees_the_lease_and_raises_the_fence_I11(desk: Desk, operation: uuid.UUID) -> None:
    in_transaction(lambda tx: move(tx, Lease(operation, 3, NOW), S.UNKNOWN, NOW, provider_code="no_answer"))
    row = desk.operation(operation)
    assert (row.state, row.fence, row.lease_owner, row.lease_until) == (S.UNKNOWN, 4, None, None)
    assert (row.state_since, row.provider_code) == (NOW, "no_answer")


@pytest.mark.parametrize("fence", [2, 4])
def test_a_stale_fence_moves_nothing_I11_K11(desk: Desk, operation: uuid.UUID, fence: int) -> None:
    with pytest.raises(LeaseLost):
        in_transaction(lambda tx: move(tx, Lease(operation, fence, NOW), S.SUCCEEDED, NOW))
    with pytest.raises(LeaseLost):
        in_transaction(lambda tx: keep(tx, Lease(operation, fence, NOW), due_at=NOW))
    assert (desk.operation(operation).state, desk.operation(operation).fence) == (S.SENDING, 3)


def test_an_illegal_move_changes_nothing(desk: Desk, operation: uuid.UUID) -> None:
    with pytest.raises(LeaseLost):
        in_transaction(lambda tx: move(tx, Lease(operation, 3, NOW), S.WITHDRAWN, NOW))
    assert desk.operation(operation).state is S.SENDING


def test_a_terminal_row_never_changes_I8(desk: Desk, operation: uuid.UUID) -> None:
    in_transaction(lambda tx: move(tx, Lease(operation, 3, NOW), S.REJECTED, NOW))
    row = desk.operation(operation)
    assert (row.ended_at, row.due_at, row.bank_details) == (NOW, None, None)
    for state in S:
        with pytest.raises(LeaseLost):
            in_transaction(lambda tx, state=state: move(tx, Lease(operation, 4, NOW), state, NOW))
    with pytest.raises(LeaseLost):
        in_transaction(lambda tx: keep(tx, Lease(operation, 4, NOW)))


def test_keeping_a_row_frees_the_lease_without_a_move(desk: Desk, operation: uuid.UUID) -> None:
    in_transaction(lambda tx: keep(tx, Lease(operation, 3, NOW), due_at=NOW))
    row = desk.operation(operation)
    assert (row.state, row.fence, row.lease_until, row.due_at) == (S.SENDING, 3, None, NOW)
