"""The demo's data: every state is there, our books are the emulator's, and a second start changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import func, select

from tasks.local.demo import __main__ as demo
from tests.databases import SqliteDatabases
from tests.desk import Desk, open_desk
from tests.emulator import EmulatorClient
from tests.webapp.services.conftest import one_emulator
from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.domain.payment_state import PaymentState
from webapp.models import Operation, Order, Payment, ProviderAccount
from webapp.models.payment_state import payment_state_column
from webapp.services.operations import running
from webapp.services.unit_of_work import in_transaction

__all__ = ["one_emulator"]  # a fixture, shared
NOT_THERE = {PaymentState.CAPTURE_SCHEDULED, PaymentState.UNCLEAR}
"""No provider of these shops schedules captures; and what we hold of all orders is clear."""
UNSEEN = {"OUT-3012", "TEA-1022", "TEA-1014", "TEA-1009"}
S = PaymentState
SUMS = ("authorised_minor", "captured_minor", "refunded_minor")


@pytest.fixture
def desk(sqlite_databases: SqliteDatabases, one_emulator: EmulatorClient) -> Iterator[Desk]:
    """A desk on SQLite, as `make run` has it."""
    one_emulator.reset()
    with sqlite_databases.fresh() as address, open_desk(address, one_emulator) as opened:
        yield opened


def stock() -> Counter[str]:
    """How many rows there are of what the demo makes."""
    return Counter(
        {
            model.__tablename__: in_transaction(
                lambda tx, model=model: tx.scalar(select(func.count()).select_from(model))
            )
            for model in (Order, Payment, ProviderAccount, Operation)
        }
    )


def states() -> Mapping[str, PaymentState]:
    """Of each order's payment."""
    query = select(Order.number, payment_state_column).join(Payment, Payment.order_id == Order.id)
    return {number: PaymentState(state) for number, state in in_transaction(lambda tx: tx.execute(query).all())}


def open_operations() -> Mapping[str, OperationState]:
    """What is not over, by the order's number."""
    query = select(Order.number, Operation.state).join(Order, Order.id == Operation.order_id)
    rows = in_transaction(lambda tx: tx.execute(query.where(Operation.state.in_(NOT_TERMINAL))).all())
    return {row.number: row.state for row in rows}


def test_the_demo_shows_every_state_and_a_second_start_changes_nothing(desk: Desk) -> None:
    demo.make(desk.emulator.base_url)
    for _turn in range(3):
        desk.later(minutes=2)  # a changed level is believed a minute after the one before it (R26)
        running.run_due(60)
    assert set(states().values()) == set(PaymentState) - NOT_THERE
    assert states().items() >= {"OUT-3006": S.CANCELLED, "OUT-3009": S.REFUNDED, "OUT-3116": S.REFUNDED}.items()
    assert open_operations() == {
        "OUT-3011": OperationState.QUEUED,  # the buyer's means failed: tried again in hours
        "OUT-3015": OperationState.REVIEW,
        "OUT-3108": OperationState.PENDING,
        "TEA-1011": OperationState.PENDING,
        "TEA-1014": OperationState.REVIEW,
    }
    _assert_books_agree(desk)
    before = stock()
    demo.make(desk.emulator.base_url)
    assert stock() == before


def _assert_books_agree(desk: Desk) -> None:
    """But for what the demo leaves unseen on purpose, and what review or the buyer's bank still holds."""
    ledger = {one["reference"]: one for one in desk.emulator.control("GET", "ledger")["payments"]}
    query = select(Order.number, Payment).join(Payment, Payment.order_id == Order.id)
    for number, payment in in_transaction(lambda tx: tx.execute(query).all()):
        theirs = ledger[payment.provider_ref]
        ours = {name: getattr(payment, name) for name in SUMS}
        assert number in UNSEEN or ours == {name: theirs[name] for name in SUMS}, number
